"""Terms of billed time: how hours are rounded, what makes an hour dearer, how days are priced."""

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class RoundingMode(StrEnum):
    UP = "up"
    """Default: a started slice is billed (Kimai's "ceil", the usual clause)."""
    DOWN = "down"
    NEAREST = "nearest"


class RoundingGrain(StrEnum):
    """What is added up before it is rounded."""

    ENTRY = "entry"
    """Default: each entry by itself (Kimai, Harvest)."""
    PERSON_TASK_DAY = "person_task_day"
    INVOICE_LINE = "invoice_line"


class TimeRounding(Value):
    """Minutes. Raw hours are never changed; only what is billed is rounded."""

    increment: int
    mode: RoundingMode = RoundingMode.UP
    grain: RoundingGrain = RoundingGrain.ENTRY
    minimum: int | None = None
    maximum: int | None = None


class Stacking(StrEnum):
    """What an hour costs to which several multipliers apply."""

    HIGHEST = "highest"
    """Default: an hour is premium once, at the best multiplier."""
    SUM = "sum"
    """Kimai adds the factors of matching rules (RateServiceTest: 2.0 and 1.5 are 3.5)."""
    PRODUCT = "product"


class Overtime(Value):
    """Hours beyond a day's or a week's threshold, and hours of a named type, are multiplied.

    `by_time_type` maps the PSA's time type to its multiplier ("Overtime": 1.5, "Sunday": 2).
    """

    daily_threshold: Decimal | None = None
    weekly_threshold: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    by_time_type: dict[str, Decimal] = Field(default_factory=dict)
    stacking: Stacking = Stacking.HIGHEST


class DayRate(Value):
    """Time billed in days: hours over the hours of a day, up to the next step, one day at most."""

    hours_per_day: Decimal
    step: Decimal = Decimal("0.5")
    maximum: Decimal = Decimal(1)


class VolumeTier(Value):
    """A rate up to a number of hours of the contract; the last tier has no limit."""

    up_to_hours: Decimal | None = None
    rate: Money


class TimeTerms(Value):
    """`discount_percent` is taken off the rate before the amount is rounded."""

    rounding: TimeRounding | None = None
    overtime: Overtime | None = None
    day_rate: DayRate | None = None
    tiers: tuple[VolumeTier, ...] = ()
    discount_percent: Decimal | None = None
