"""A price that is earned over time: by the calendar, or by what is done of what is expected.

A pool is a price and the way it is earned. A change of the contract's value raises the pool's
price as if it had always been so, replaces the pool from its day on, or stands beside it
(IFRS 15.20-21).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, TypeVar

from isthmus.canonical.revenue import RecognitionMethod
from isthmus.kit.money import Money
from isthmus.rules.revenue.modification import Treatment, prospective
from isthmus.rules.revenue.progress import Costs, Measured, cost_to_cost, earned_to_date
from isthmus.rules.revenue.ratable import Proration, Slice, ratable
from isthmus.rules.rounding import Remainder, share
from isthmus.scenario.books import Earned
from isthmus.scenario.month import Month

P = TypeVar("P", bound="Pool")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """Of a contract's value, on the day from which it is both agreed and in effect."""

    on: date
    amount: Money
    treatment: Treatment
    ends_on: date | None = None


class Pool(Protocol):
    price: Money

    def to_date(self, day: date) -> Money: ...

    def told(self, day: date) -> str:
        """How `to_date` came about."""

    def at(self: P, price: Money, change: Change) -> P:
        """The same pool with another price, as if it had always been so."""

    def rest(self: P, change: Change) -> P:
        """What is unearned before the change and what it adds, from its day on."""


@dataclass(frozen=True, slots=True)
class Ratable:
    price: Money
    starts_on: date
    ends_on: date
    proration: Proration
    remainder: Remainder

    def to_date(self, day: date) -> Money:
        parts = (_until(piece, day) for piece in self._slices())
        return Money.total(parts, self.price.currency)

    def told(self, day: date) -> str:
        return f"{self.price} over {self.starts_on} to {self.ends_on}"

    def at(self, price: Money, change: Change) -> Ratable:
        return replace(self, price=price, ends_on=change.ends_on or self.ends_on)

    def rest(self, change: Change) -> Ratable:
        ends_on = change.ends_on or self.ends_on
        unearned = self.price - self.to_date(change.on - _DAY)
        days = Decimal((ends_on - change.on).days + 1)
        pool = prospective(unearned, change.amount, days)
        return replace(self, price=pool.consideration, starts_on=change.on, ends_on=ends_on)

    def beside(self, change: Change) -> Ratable:
        """A contract of its own."""
        ends_on = change.ends_on or self.ends_on
        return replace(self, price=change.amount, starts_on=change.on, ends_on=ends_on)

    def _slices(self) -> Sequence[Slice]:
        return ratable(self.price, self.starts_on, self.ends_on, self.proration, self.remainder)


def _until(piece: Slice, day: date) -> Money:
    if piece.ends_on <= day:
        return piece.amount
    served = max((day - piece.starts_on).days + 1, 0)
    return share(piece.amount, Fraction(served, (piece.ends_on - piece.starts_on).days + 1))


Measure = Callable[[date], tuple[Decimal, Decimal]]
"""Done by a day, and expected in all as known on it: both cost, or both hours."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`before` was done in an earlier pool of the same contract."""

    price: Money
    method: RecognitionMethod
    measure: Measure
    before: Decimal = Decimal(0)

    def to_date(self, day: date) -> Money:
        done, expected = self._measured(day)
        if not done:
            return Money.zero(self.price.currency)
        if self.method is RecognitionMethod.COST_TO_COST:
            currency = self.price.currency
            costs = Costs(Money.of(done, currency), Money.of(expected, currency))
            return cost_to_cost(self.price, costs)
        return earned_to_date(self.price, Measured(done, expected))

    def told(self, day: date) -> str:
        done, expected = self._measured(day)
        unit = "cost" if self.method is RecognitionMethod.COST_TO_COST else "hours"
        return f"{unit} {done:,f} of {expected:,f} expected, of {self.price}"

    def at(self, price: Money, change: Change) -> Progress:
        return replace(self, price=price)

    def rest(self, change: Change) -> Progress:
        done, _ = self.measure(change.on - _DAY)
        _, expected = self.measure(change.on)
        unearned = self.price - self.to_date(change.on - _DAY)
        pool = prospective(unearned, change.amount, expected - done)
        return replace(self, price=pool.consideration, before=done)

    def _measured(self, day: date) -> tuple[Decimal, Decimal]:
        done, expected = self.measure(day)
        return done - self.before, expected - self.before


def earned_by_month(
    pool: Ratable | Progress, months: Sequence[Month], until: date, changes: Sequence[Change]
) -> Iterator[tuple[Month, Earned]]:
    """What each month moved the total by. Raises Unusable at a month that cannot be measured."""
    zero = Money.zero(pool.price.currency)
    done, before = zero, zero
    beside: list[Ratable] = []
    coming = list(changes)
    for month in months:
        day = min(month.last, until)
        while coming and coming[0].on <= day:
            change = coming.pop(0)
            if change.treatment is Treatment.CATCH_UP:
                pool = pool.at(pool.price + change.amount, change)
            elif change.treatment is Treatment.PROSPECTIVE:
                done += pool.to_date(change.on - _DAY)
                pool = pool.rest(change)
            elif isinstance(pool, Ratable):
                beside.append(pool.beside(change))
        parts = (pool, *beside)
        to_date = Money.total((done, *(part.to_date(day) for part in parts)), zero.currency)
        told = tuple(part.told(day) for part in parts)
        summed = f"{to_date} earned to date, {before} before: {to_date - before}"
        yield month, Earned(to_date - before, (*told, summed))
        before = to_date
