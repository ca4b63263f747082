"""Terms of a fixed fee: acceptance, retention, damages for delay."""

from decimal import Decimal
from enum import StrEnum

from isthmus.canonical.base import Value


class Acceptance(StrEnum):
    """What makes a delivered milestone billable."""

    SIGNED = "signed"
    """Default: the client's sign-off (Certinia: Requires_Customer_Sign_off)."""
    DEEMED = "deemed"
    """Signed, or silence for `deemed_after_days` after delivery: a clause of the contract."""
    NONE = "none"
    """Delivery is enough."""


class LateDamages(Value):
    """Percent of the milestone per started week of delay, up to a percent of it."""

    percent_per_week: Decimal
    maximum_percent: Decimal


class FixedFeeTerms(Value):
    """`retention_percent` of each invoice is withheld until final acceptance."""

    acceptance: Acceptance = Acceptance.SIGNED
    deemed_after_days: int | None = None
    retention_percent: Decimal | None = None
    advance_percent: Decimal | None = None
    late_damages: LateDamages | None = None
