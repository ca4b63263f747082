"""Terms of billed time: how hours are rounded, what makes an hour dearer, how days are priced."""

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class Weekday(StrEnum):
    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @classmethod
    def of(cls, day: date) -> "Weekday":
        return tuple(cls)[day.weekday()]

    def week_of(self, day: date) -> date:
        """First day of the week around `day`, where weeks start on this weekday."""
        return day - timedelta(days=(day.weekday() - tuple(Weekday).index(self)) % 7)


class RoundingMode(StrEnum):
    UP = "up"
    """Default: a started slice is billed (Kimai's "ceil", the usual clause)."""
    DOWN = "down"
    NEAREST = "nearest"
    """Half a slice goes up."""


class RoundingGrain(StrEnum):
    """What is added up before it is rounded."""

    ENTRY = "entry"
    """Default: each entry by itself (Kimai, Harvest)."""
    PERSON_TASK_DAY = "person_task_day"
    """One person's entries of a day on one task of one project."""
    INVOICE_LINE = "invoice_line"
    """Hours are priced as worked and rounded when a line is made of them. Goes with no cap that
    holds work back: rounding up a line could pass it."""


class HalfCent(StrEnum):
    """Where half a minor unit goes."""

    UP = "up"
    """Default: away from zero, as tax offices and the ledgers here round."""
    EVEN = "even"
    """To the even neighbour (ERPNext: "Banker's Rounding")."""


class TimeRounding(Value):
    """Minutes. Raw hours are never changed; only what is billed is rounded.

    Hours go to the increment by the mode, then are kept between minimum and maximum. A minimum is
    what a call-out costs at least; what is beyond a maximum is not billed. No hours stay none.
    """

    increment: int | None = None
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


class DayPremium(Value):
    """Hours of these weekdays and dates (holidays) are multiplied."""

    multiplier: Decimal
    weekdays: tuple[Weekday, ...] = ()
    dates: tuple[date, ...] = ()

    def covers(self, day: date) -> bool:
        return Weekday.of(day) in self.weekdays or day in self.dates


class Overtime(Value):
    """Hours beyond a day's or a week's threshold, of a named type or of some days are multiplied.

    Thresholds count the billed hours of one person on the contract. An hour over the day's
    threshold does not count towards the week's, nor, unless multipliers stack, does one that its
    type or its day makes dearer: an hour is premium once.
    `by_time_type` maps the PSA's time type to its multiplier ("Overtime": 1.5, "Travel": 0.5).
    """

    daily_threshold: Decimal | None = None
    weekly_threshold: Decimal | None = None
    multiplier: Decimal = Decimal(1)
    by_time_type: dict[str, Decimal] = Field(default_factory=dict)
    by_day: tuple[DayPremium, ...] = ()
    stacking: Stacking = Stacking.HIGHEST


class DayRate(Value):
    """Time billed in days: hours over the hours of a day, up to the next step, one day at most.

    Counted for one person's day on one project. `rate` is the price of a day; absent: that of the
    hour times the hours of a day.
    """

    hours_per_day: Decimal
    rate: Money | None = None
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
    half_cent: HalfCent = HalfCent.UP
