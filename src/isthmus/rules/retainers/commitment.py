"""A minimum that the client committed to: what a period falls short of it is billed."""

from __future__ import annotations

from collections.abc import Iterable

from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump
from isthmus.rules.rounding import Number, share


def true_up(commitment: Money, billed: Iterable[Money], part: Number = 1) -> Charge | None:
    """The commitment less the fees and usage billed for the period; None where they reach it.

    `part` of a full period is committed in one that is cut short, as its fee is prorated
    (Lago: minimum commitment, prorated by days).
    """
    committed = share(commitment, part)
    reached = Money.total(billed, commitment.currency)
    if committed <= reached:
        return None
    why = f"{committed} committed, {reached} billed"
    return lump("Minimum commitment", committed - reached, why)
