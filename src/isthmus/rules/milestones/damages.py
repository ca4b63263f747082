"""Liquidated damages: what a contract takes off the price for each week of delay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import LateDamages
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump
from isthmus.rules.rounding import percent_of


def weeks_started(due_on: date, delivered_on: date) -> int:
    """One day late is a week; seven days are still one."""
    return max(-((due_on - delivered_on).days // 7), 0)


def late_damages(
    name: str, price: Money, due_on: date, delivered_on: date, terms: LateDamages
) -> Charge | None:
    """The deduction from the milestone's price; None on time."""
    weeks = weeks_started(due_on, delivered_on)
    percent = min(weeks * terms.percent_per_week, terms.maximum_percent)
    deduction = percent_of(price, percent)
    if not deduction:
        return None
    why = _why(weeks, percent, terms, due_on, delivered_on)
    return lump(f"{name}: damages for delay", -deduction, why, LineKind.ADJUSTMENT)


def _why(weeks: int, percent: Decimal, terms: LateDamages, due_on: date, delivered_on: date) -> str:
    most = ", the most agreed" if percent == terms.maximum_percent else ""
    return (
        f"due on {due_on}, delivered on {delivered_on}: {weeks} started weeks at "
        f"{terms.percent_per_week} %, {percent} %{most}"
    )
