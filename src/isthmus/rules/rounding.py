"""Splitting an amount so that the parts are payable and still add up to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate
from math import floor

from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money, step_of
from isthmus.rules.refusal import refuse_unless

Number = Decimal | Fraction | int


class Remainder(StrEnum):
    """Who gets the cents that rounding leaves over."""

    CUMULATIVE = "cumulative"
    """Default for schedules: a part is what the rounded running total moved by, so no running
    total is ever more than half a cent off and no part has the wrong sign. Rounding each part by
    itself would give 8,399.70 for the 8,400.00 of IFRS 15 Example 5 Case B."""
    LAST = "last"
    """Default for allocations: each part is rounded, the last takes what is left, as KPMG prints
    80 over 20/30/40 (18, 27, 35; Revenue handbook, June 2019, Example 5)."""
    LARGEST_FRACTION = "largest_fraction"
    """Round down, then one unit each to the parts that lost most (Hare's method)."""


_EXACT = Context(prec=10_000, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""A product of two amounts is never cut off; it is rounded once, at the end."""
_ROUNDING = {HalfCent.UP: ROUND_HALF_UP, HalfCent.EVEN: ROUND_HALF_EVEN}


def nearest(value: Fraction, step: Decimal, half: HalfCent = HalfCent.UP) -> Decimal:
    """Half up, away from zero for negatives, as `Money.rounded` does, unless told otherwise."""
    exact = abs(value) / Fraction(step)
    steps = round(exact) if half is HalfCent.EVEN else floor(exact + Fraction(1, 2))
    return (steps if value >= 0 else -steps) * step


def share(
    amount: Money, part: Number, step: Decimal | None = None, half: HalfCent = HalfCent.UP
) -> Money:
    """A part of an amount, rounded once, to the minor unit unless told another step."""
    if step is None and isinstance(part, Decimal):
        product = _EXACT.multiply(amount.amount, part)
        cent = step_of(amount.currency)
        return amount.another(product.quantize(cent, _ROUNDING[half], _EXACT) + 0)
    exact = Fraction(amount.amount) * Fraction(part)
    return amount.another(nearest(exact, step or step_of(amount.currency), half))


def trimmed(number: Decimal) -> Decimal:
    """2.250000 as 2.25, and 10 as 10, never 1E+1."""
    return number.quantize(Decimal(1)) if number == number.to_integral() else number.normalize()


def percent_of(amount: Money, percent: Number) -> Money:
    return share(amount, Fraction(percent) / 100)


def movements(to_date: Sequence[Money]) -> tuple[Money, ...]:
    """What each period adds to the running total before it."""
    before = (Money.zero(to_date[0].currency), *to_date[:-1]) if to_date else ()
    return tuple(now - then for now, then in zip(to_date, before, strict=True))


def exact_shares(amount: Money, weights: Iterable[Number]) -> tuple[Fraction, ...]:
    parts = [Fraction(weight) for weight in weights]
    refuse_unless(
        all(part >= 0 for part in parts) and sum(parts) > 0,
        "weights",
        "An amount is split over weights of which none is negative and one at least is positive.",
        "Give a stand-alone price, a number of days or of units for each part.",
    )
    whole = sum(parts)
    return tuple(Fraction(amount.amount) * part / whole for part in parts)


def split(
    amount: Money,
    weights: Iterable[Number],
    remainder: Remainder = Remainder.CUMULATIVE,
    step: Decimal | None = None,
) -> tuple[Money, ...]:
    """Parts in proportion to the weights whose sum is the amount, to the last cent.

    A part of weight zero gets nothing, so what is left over goes to the last part that counts.
    """
    exact = exact_shares(amount, weights)
    used = [part for part in exact if part or not amount]
    unit = step or step_of(amount.currency)
    amounts = iter(_SPLITS[remainder](amount.amount, used, unit))
    found = (next(amounts) if part or not amount else Decimal(0) for part in exact)
    return tuple(Money.of(part, amount.currency) for part in found)


def _cumulative(total: Decimal, exact: Sequence[Fraction], step: Decimal) -> list[Decimal]:
    running = [nearest(value, step) for value in accumulate(exact)]
    running[-1] = total
    return [now - then for now, then in zip(running, [Decimal(0), *running[:-1]], strict=True)]


def _last(total: Decimal, exact: Sequence[Fraction], step: Decimal) -> list[Decimal]:
    first = [nearest(value, step) for value in exact[:-1]]
    return [*first, total - sum(first, Decimal(0))]


def _largest_fraction(total: Decimal, exact: Sequence[Fraction], step: Decimal) -> list[Decimal]:
    down = [floor(value / Fraction(step)) for value in exact]
    lost = [value / Fraction(step) - whole for value, whole in zip(exact, down, strict=True)]
    missing = floor(Fraction(total) / Fraction(step)) - sum(down)
    for place in sorted(range(len(exact)), key=lambda place: -lost[place])[:missing]:
        down[place] += 1
    parts = [steps * step for steps in down]
    parts[-1] += total - sum(parts, Decimal(0))
    return parts


_SPLITS = {
    Remainder.CUMULATIVE: _cumulative,
    Remainder.LAST: _last,
    Remainder.LARGEST_FRACTION: _largest_fraction,
}
