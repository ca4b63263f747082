"""Rounding of hours by the client's terms. Raw hours stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import ceil, floor

from isthmus.canonical.terms import RoundingMode, TimeRounding
from isthmus.rules.facts import SIX_PLACES
from isthmus.rules.refusal import Unusable, refuse_unless
from isthmus.rules.rounding import nearest, trimmed

_HOUR = 60
_TWO_PLACES = Decimal("0.01")
_OF_TWO_PLACES = Decimal("0.2")

_SLICES: dict[RoundingMode, Callable[[Fraction], int]] = {
    RoundingMode.UP: lambda slices: max(ceil(slices), 1),
    RoundingMode.DOWN: floor,
    RoundingMode.NEAREST: lambda slices: floor(slices + Fraction(1, 2)),
}
"""Up, a started slice counts however short the time."""


def rounded_hours(hours: Decimal, rounding: TimeRounding | None) -> Decimal:
    """Billed hours, to six places; a correction (below zero) mirrors what it takes back."""
    if rounding is None:
        return hours
    return billed_hours(minutes_of(hours, rounding), rounding)


def minutes_of(hours: Decimal, rounding: TimeRounding) -> Fraction:
    """Minutes to be put on a grid. A PSA keeps 10 minutes as 0.17 h, which is 10.2.

    Hours of two places are at most 0.2 minutes off the minutes they were, and are taken for them.
    Finer hours, and hours for which there is no grid, are taken as exact.
    """
    minutes = hours * _HOUR
    whole = minutes.to_integral_value(ROUND_HALF_UP)
    two_places = rounding.increment is not None and hours == hours.quantize(_TWO_PLACES)
    return Fraction(whole if two_places and abs(minutes - whole) <= _OF_TWO_PLACES else minutes)


def billed_hours(minutes: Fraction, rounding: TimeRounding) -> Decimal:
    """Hours for minutes of one entry or of a group; none for none."""
    check_rounding(rounding)
    if not minutes:
        return Decimal(0)
    on_grid = _kept_within(_on_grid(abs(minutes), rounding), rounding)
    hours = nearest(on_grid / _HOUR, SIX_PLACES)
    return trimmed(hours if minutes > 0 else -hours)


def rounded_in_turn(
    amounts: Iterable[Fraction],
    rule: Callable[[Fraction], Decimal],
    before: Fraction = Fraction(0),
    billed: Decimal = Decimal(0),
) -> list[Decimal]:
    """What each of a group adds to its rounded running total, so that the group is rounded once.

    `before` and `billed` are the raw and the rounded amount of what is invoiced of the group.
    Nothing moves against its own sign: rounding takes no invoiced hour back.
    """
    parts = []
    for amount in amounts:
        before += amount
        move = rule(before) - billed
        forward = move > 0 if amount > 0 else move < 0 and amount < 0
        parts.append(move if forward else Decimal(0))
        billed += parts[-1]
    return parts


def check_rounding(rounding: TimeRounding) -> None:
    for name in ("increment", "minimum", "maximum"):
        minutes = getattr(rounding, name)
        if minutes is not None and minutes <= 0:
            raise Unusable(
                name,
                f"{minutes} minutes is not a slice of time.",
                f"Set the contract's {name} to 6, 15 or 30, or leave it empty.",
            )
    low, high = rounding.minimum, rounding.maximum
    refuse_unless(
        low is None or high is None or low <= high,
        "minimum",
        f"At least {low} and at most {high} minutes cannot both be billed.",
        "Correct the contract's minimum or maximum.",
    )


def _on_grid(minutes: Fraction, rounding: TimeRounding) -> Fraction:
    if rounding.increment is None:
        return minutes
    slices = _SLICES[rounding.mode](minutes / rounding.increment)
    return Fraction(slices * rounding.increment)


def _kept_within(minutes: Fraction, rounding: TimeRounding) -> Fraction:
    least = max(minutes, Fraction(rounding.minimum or 0))
    return least if rounding.maximum is None else min(least, Fraction(rounding.maximum))
