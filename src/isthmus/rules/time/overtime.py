"""Overtime: which hours are over a threshold or of a dear day or type, and what they cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import prod

from isthmus.canonical.terms import Overtime, Stacking, Weekday
from isthmus.rules.facts import Counted, Fact
from isthmus.rules.rounding import trimmed

_NONE = Decimal(0)
_WITHIN_DAY = (Counted.WITHIN, Counted.OVER_WEEK)


def stacked(multipliers: Iterable[Decimal], stacking: Stacking = Stacking.HIGHEST) -> Decimal:
    """The one multiplier of an hour to which several apply; 1 where none does."""
    found = tuple(multipliers)
    if not found:
        return Decimal(1)
    if stacking is Stacking.HIGHEST:
        return max(found)
    return sum(found, _NONE) if stacking is Stacking.SUM else prod(found, start=Decimal(1))


@dataclass(slots=True)
class Tally:
    """Hours within and over one threshold, as they come. A correction takes the last back first."""

    within: Decimal = _NONE
    over: Decimal = _NONE

    def take(self, hours: Decimal, threshold: Decimal | None) -> Decimal:
        """How much of `hours` is within; the rest is over."""
        if hours < 0:
            fits = min(hours + self.over, _NONE)
        else:
            room = hours if threshold is None else max(threshold - self.within, _NONE)
            fits = min(hours, room)
        self.within += fits
        self.over += hours - fits
        return fits


@dataclass(slots=True)
class Timesheet:
    """Hours of every person's days and weeks so far; invoiced hours are on it from the start."""

    week_starts_on: Weekday
    days: dict[tuple[str, date], Tally] = field(default_factory=dict)
    weeks: dict[tuple[str, date], Tally] = field(default_factory=dict)

    def day(self, fact: Fact) -> Tally:
        return self.days.setdefault((fact.work.resource, fact.work.worked_on), Tally())

    def week(self, fact: Fact) -> Tally:
        starts_on = self.week_starts_on.week_of(fact.work.worked_on)
        return self.weeks.setdefault((fact.work.resource, starts_on), Tally())

    def enter(self, fact: Fact) -> None:
        """As it was counted when it was priced."""
        if fact.counted is Counted.APART:
            return
        within_day = fact.counted in _WITHIN_DAY
        within_week = fact.counted is Counted.WITHIN
        self._add(self.day(fact), fact.billed_hours, within_day)
        if within_day:
            self._add(self.week(fact), fact.billed_hours, within_week)

    @staticmethod
    def _add(tally: Tally, hours: Decimal, within: bool) -> None:
        if within:
            tally.within += hours
        else:
            tally.over += hours


def with_overtime(fact: Fact, terms: Overtime | None, sheet: Timesheet) -> Iterator[Fact]:
    """The hours of a fact that are within every threshold, over the week's, over the day's."""
    own = tuple(_own(fact, terms)) if terms else ()
    plain = _multiplied(fact, [factor for factor, _ in own], [why for _, why in own], terms)
    if terms and own and terms.stacking is Stacking.HIGHEST and plain.multiplier > 1:
        yield plain.changed(counted=Counted.APART)
        return
    within_day = sheet.day(fact).take(fact.quantity, terms.daily_threshold if terms else None)
    within = sheet.week(fact).take(within_day, terms.weekly_threshold if terms else None)
    first, over_day = plain.cut(within_day)
    first, over_week = first.cut(within)
    if first.quantity or not fact.quantity:
        yield first
    if terms:
        yield from _over(over_week, Counted.OVER_WEEK, own, terms, sheet)
        yield from _over(over_day, Counted.OVER_DAY, own, terms, sheet)


_Own = tuple[tuple[Decimal, str], ...]


def _own(fact: Fact, terms: Overtime) -> Iterator[tuple[Decimal, str]]:
    """Multipliers of an hour whatever was worked beside it, each with its reason."""
    day, time_type = fact.work.worked_on, fact.work.time_type
    if time_type is not None and time_type in terms.by_time_type:
        factor = terms.by_time_type[time_type]
        yield factor, f"time of type {time_type}: x{factor}"
    for premium in terms.by_day:
        if premium.covers(day):
            yield premium.multiplier, f"work on {day:%A} {day}: x{premium.multiplier}"


def _over(
    fact: Fact, counted: Counted, own: _Own, terms: Overtime, sheet: Timesheet
) -> Iterator[Fact]:
    if not fact.quantity:
        return
    factors = [*(factor for factor, _ in own), terms.multiplier]
    why = _threshold_words(fact, counted, terms, sheet)
    yield _multiplied(fact, factors, [why], terms).changed(counted=counted)


def _threshold_words(fact: Fact, counted: Counted, terms: Overtime, sheet: Timesheet) -> str:
    hours, day = trimmed(fact.quantity), fact.work.worked_on
    if counted is Counted.OVER_DAY:
        return f"{hours} h over {terms.daily_threshold} h on {day}: x{terms.multiplier}"
    week = sheet.week_starts_on.week_of(day)
    return f"{hours} h over {terms.weekly_threshold} h in the week of {week}: x{terms.multiplier}"


def _multiplied(fact: Fact, factors: list[Decimal], why: list[str], terms: Overtime | None) -> Fact:
    stacking = terms.stacking if terms else Stacking.HIGHEST
    factor = stacked(factors, stacking)
    said = [f"{len(factors)} multipliers, {stacking}: x{factor}"] if len(factors) > 1 else []
    return fact.changed(*why, *said, multiplier=factor)
