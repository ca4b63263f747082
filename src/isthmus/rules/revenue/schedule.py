"""From slices of a term to the lines of a schedule, one per accounting period of the ledger."""

from __future__ import annotations

from collections.abc import Iterable

from isthmus.canonical import AccountingPeriod
from isthmus.canonical.revenue import RevenueLine
from isthmus.kit.money import Money
from isthmus.rules.periods import period_for, period_missing
from isthmus.rules.problems import Problem
from isthmus.rules.revenue.ratable import Slice


def schedule_lines(
    slices: Iterable[Slice],
    periods: Iterable[AccountingPeriod],
    legal_entity: str | None = None,
) -> tuple[RevenueLine, ...] | Problem:
    """A slice belongs to the period of its last day; slices of one period are added up."""
    known = tuple(periods)
    amounts: dict[str, Money] = {}
    for piece in slices:
        period = period_for(piece.ends_on, known, legal_entity)
        if period is None:
            return period_missing(piece.ends_on)
        earlier = amounts.get(period.id, Money.zero(piece.amount.currency))
        amounts[period.id] = earlier + piece.amount
    return tuple(RevenueLine(period=name, amount=amount) for name, amount in amounts.items())
