"""Terms of a price per period: when it is billed and what a part of a period costs."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from pydantic import model_validator

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class BillingInterval(StrEnum):
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class LastDay(StrEnum):
    """Whether the day on which a subscription ends is a day of service. The contract must say."""

    EXCLUDED = "excluded"
    """Default: it ends at the start of that day (Kill Bill, InvoiceDateUtils tests)."""
    INCLUDED = "included"
    """Lago counts the day of termination."""


class BillingTiming(StrEnum):
    IN_ADVANCE = "in_advance"
    """Default: on the first day of a period (Kill Bill, plans "IN_ADVANCE")."""
    IN_ARREARS = "in_arrears"
    """When the period is over."""


class Indexation(Value):
    """The price in force before the day, raised by a percent from the day on."""

    from_day: date
    percent: Decimal


class SubscriptionTerms(Value):
    """Periods start on `billing_day`: of the month, or for weeks 1 Monday to 7 Sunday. A month
    without that day uses its last day. A first period is cut short to the billing day.
    """

    price: Money
    interval: BillingInterval = BillingInterval.MONTH
    billing_day: int = 1
    billing_month: int | None = None
    """1 to 12, the month in which a year, or a quarter, starts; absent: counted from the first
    billing day of the subscription."""
    timing: BillingTiming = BillingTiming.IN_ADVANCE
    last_day: LastDay = LastDay.EXCLUDED
    indexation: tuple[Indexation, ...] = ()
    minimum_commitment: Money | None = None
    """Per period; what fees and usage fall short of it is billed at the end (true-up)."""

    @model_validator(mode="after")
    def _can_be_billed(self) -> "SubscriptionTerms":
        if self.price.amount < 0:
            raise ValueError(f"a price of {self.price} per period would pay the client")
        last = 7 if self.interval is BillingInterval.WEEK else 31
        if not 1 <= self.billing_day <= last:
            raise ValueError(f"a {self.interval} has no day {self.billing_day}; use 1 to {last}")
        if self.billing_month is not None and not 1 <= self.billing_month <= 12:
            raise ValueError(f"{self.billing_month} is no month; use 1 to 12")
        return self
