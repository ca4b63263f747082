"""Periods that start on a billing day, in months of any length."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from isthmus.canonical.terms import BillingInterval, SubscriptionTerms
from isthmus.rules.calendar import day_in_month, month_number

MONTHS = {BillingInterval.MONTH: 1, BillingInterval.QUARTER: 3, BillingInterval.YEAR: 12}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """`ends_on` is excluded: it is the first day of the next period."""

    starts_on: date
    ends_on: date

    def __contains__(self, day: date) -> bool:
        return self.starts_on <= day < self.ends_on

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days

    @property
    def last_day(self) -> date:
        return self.ends_on - timedelta(days=1)

    def part_of(self, whole: Period) -> Fraction:
        """Actual days over the days of the full period (Kill Bill, Lago: both prorate so)."""
        return Fraction(self.days, whole.days)

    def within(self, starts_on: date, ends_on: date | None) -> Period | None:
        """What of it lies in a span, whose last day is excluded too."""
        first, end = max(self.starts_on, starts_on), min(self.ends_on, ends_on or date.max)
        return Period(first, end) if first < end else None


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where full periods start: `offset` is the place of that month in the interval."""

    interval: BillingInterval
    billing_day: int
    offset: int = 0

    def period_of(self, day: date) -> Period:
        """The full period that a day lies in."""
        if self.interval is BillingInterval.WEEK:
            starts_on = day - timedelta(days=(day.isoweekday() - self.billing_day) % 7)
            return Period(starts_on, starts_on + timedelta(weeks=1))
        months = MONTHS[self.interval]
        number = month_number(day) - (day < day_in_month(month_number(day), self.billing_day))
        number -= (number - self.offset) % months
        return Period(
            day_in_month(number, self.billing_day),
            day_in_month(number + months, self.billing_day),
        )


def anchor_of(terms: SubscriptionTerms, starts_on: date) -> Anchor:
    """Without a billing month, quarters and years are counted from the first billing day on or
    after the start; every start counts from the billing day itself, so a 31st never drifts.
    """
    if terms.interval is BillingInterval.WEEK:
        return Anchor(terms.interval, terms.billing_day)
    first = month_number(starts_on)
    if day_in_month(first, terms.billing_day) < starts_on:
        first += 1
    month = first if terms.billing_month is None else terms.billing_month - 1
    return Anchor(terms.interval, terms.billing_day, month % MONTHS[terms.interval])
