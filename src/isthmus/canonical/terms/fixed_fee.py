"""Terms of a fixed fee: instalments, acceptance, retention, advance, damages for delay."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import model_validator

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class Acceptance(StrEnum):
    """What makes a delivered milestone billable."""

    SIGNED = "signed"
    """Default: the client's sign-off (Certinia: Requires_Customer_Sign_off)."""
    DEEMED = "deemed"
    """Signed, or silence for `deemed_after_days` after delivery: a clause of the contract."""
    NONE = "none"
    """Delivery is enough."""


class DeemedDay(StrEnum):
    """The day on which N days of silence have become acceptance. The delivery day never counts."""

    AFTER_LAST_DAY = "after_last_day"
    """Default: the day after the Nth, because the client may object until its last hour
    (Regulation 1182/71, article 3: the day of the event is not counted, a period ends with the
    last hour of its last day)."""
    ON_LAST_DAY = "on_last_day"
    """The Nth day itself, where the contract says "on the Nth day"."""


class RetentionTax(StrEnum):
    """When the withheld part is taxed: a tax-point rule of the country."""

    WHEN_INVOICED = "when_invoiced"
    """Default: with the release, the amount then being invoiced or paid (United Kingdom: VAT
    Regulations 1995, regulation 89, retention payments)."""
    WHEN_EARNED = "when_earned"
    """At once, on the whole price of the work accepted; the release bears no tax. For countries
    that tax what is agreed, not what is due."""


class ProgressDecrease(StrEnum):
    """What a lower percent complete than was billed means."""

    PROBLEM = "problem"
    """Default: somebody looks, because a credit for a slip of the hand reaches the client."""
    CREDIT = "credit"
    """The difference is credited, as revenue by progress would fall too."""


class LateDamages(Value):
    """Percent of the milestone per started week of delay, up to a percent of it."""

    percent_per_week: Decimal
    maximum_percent: Decimal


class PlannedInstalment(Value):
    """A part of the price as agreed: a percent of it or an amount, due on a day or when the
    milestone of that name is accepted.
    """

    description: str
    percent: Decimal | None = None
    amount: Money | None = None
    due_on: date | None = None
    milestone: str | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> "PlannedInstalment":
        if (self.percent is None) == (self.amount is None):
            raise ValueError(f"{self.description}: give a percent or an amount, not both")
        if (self.due_on is None) == (self.milestone is None):
            raise ValueError(f"{self.description}: give due_on or milestone, not both")
        return self


class PayerShare(Value):
    """One of several customers of a project. `takes_rounding`: the cents left over are theirs."""

    customer: str
    percent: Decimal
    takes_rounding: bool = False


class FixedFeeTerms(Value):
    """`retention_percent` of each invoice is withheld until final acceptance, `advance_percent` of
    the price is paid at the start and deducted on the final invoice.
    """

    instalments: tuple[PlannedInstalment, ...] = ()
    payers: tuple[PayerShare, ...] = ()
    acceptance: Acceptance = Acceptance.SIGNED
    deemed_after_days: int | None = None
    deemed_day: DeemedDay = DeemedDay.AFTER_LAST_DAY
    progress_decrease: ProgressDecrease = ProgressDecrease.PROBLEM
    retention_percent: Decimal | None = None
    retention_tax: RetentionTax = RetentionTax.WHEN_INVOICED
    advance_percent: Decimal | None = None
    late_damages: LateDamages | None = None
    termination_fee: Money | None = None

    @model_validator(mode="after")
    def _silence_has_a_length(self) -> "FixedFeeTerms":
        days = self.deemed_after_days
        if self.acceptance is Acceptance.DEEMED and (days is None or days < 1):
            raise ValueError("acceptance deemed by silence needs deemed_after_days of 1 or more")
        return self
