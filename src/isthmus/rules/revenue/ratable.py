"""Revenue that time alone earns: subscriptions, stand-ready retainers, managed services."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.calendar import days_between, month_end
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import Number, Remainder, split


class Proration(StrEnum):
    """What a calendar month counts for when the term does not cover all of it.

    The standards ask for a pattern that depicts the transfer (IFRS 15 B18); which of these does
    is the firm's policy, and the ledger's: take the one that the ERP's revenue rules use.
    """

    DAILY = "daily"
    """Default: its days. A day of service is a day of service. NetSuite: "straight-line, using
    exact days" (Revenue Recognition Rule Field Reference)."""
    HALF_MONTH = "half_month"
    """A month cut short by the start or the end counts half."""
    MONTH_FRACTION = "month_fraction"
    """Its covered days over the days it has; whole months count alike. NetSuite: "prorate first &
    last period"."""
    TENTHS_OF_MONTH = "tenths_of_month"
    """ERPNext, deferred revenue by months: (last - first day) over (length - 1), to one decimal.
    A term that ends on the first of a month counts nothing for it."""
    EQUAL_MONTHS = "equal_months"
    """Each month touched counts one. NetSuite: "straight-line, by even periods"."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of a term that falls in one calendar month."""

    starts_on: date
    ends_on: date
    amount: Money


def ratable(
    price: Money,
    starts_on: date,
    ends_on: date,
    proration: Proration = Proration.DAILY,
    remainder: Remainder = Remainder.CUMULATIVE,
) -> tuple[Slice, ...]:
    """One slice per calendar month of a term; both days are in it."""
    refuse_unless(
        starts_on <= ends_on,
        "ends_on",
        f"The term ends on {ends_on}, before it starts on {starts_on}.",
        "Correct the term of the contract.",
    )
    months = tuple(_months(starts_on, ends_on))
    counts = [_COUNTS[proration](*month) for month in months]
    amounts = split(price, counts if any(counts) else _last_only(counts), remainder)
    return tuple(
        Slice(first, last, amount) for (first, last), amount in zip(months, amounts, strict=True)
    )


def even(
    price: Money, periods: int, remainder: Remainder = Remainder.CUMULATIVE
) -> tuple[Money, ...]:
    """Periods that the contract itself calls alike, whatever the calendar says."""
    refuse_unless(
        periods > 0,
        "periods",
        f"A price cannot be spread over {periods} periods.",
        "Give the number of periods of the term.",
    )
    return split(price, [1] * periods, remainder)


def _last_only(counts: Sequence[Number]) -> list[Number]:
    """A term too short to count for any month is earned where it ends."""
    return [*(0 for _ in counts[1:]), 1]


def _months(starts_on: date, ends_on: date) -> Iterator[tuple[date, date]]:
    first = starts_on
    while first <= ends_on:
        last = min(month_end(first), ends_on)
        yield first, last
        first = last + timedelta(days=1)


def _half(first: date, last: date) -> Number:
    whole = first.day == 1 and last == month_end(last)
    return 1 if whole else Fraction(1, 2)


def _fraction(first: date, last: date) -> Number:
    return Fraction(days_between(first, last), month_end(last).day)


def _tenths(first: date, last: date) -> Number:
    exact = Decimal((last - first).days) / Decimal(month_end(last).day - 1)
    return exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def _one(_first: date, _last: date) -> Number:
    return 1


_COUNTS: dict[Proration, Callable[[date, date], Number]] = {
    Proration.DAILY: days_between,
    Proration.HALF_MONTH: _half,
    Proration.MONTH_FRACTION: _fraction,
    Proration.TENTHS_OF_MONTH: _tenths,
    Proration.EQUAL_MONTHS: _one,
}
