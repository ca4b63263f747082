"""Revenue against closed periods: work keeps its day, only its posting may move."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from isthmus.canonical import AccountingPeriod
from isthmus.kit.money import Money
from isthmus.rules.periods import ClosedPeriodPolicy, Held, Part, Posted, post_parts

__all__ = ["Held", "Posted", "post_revenue"]


def post_revenue(
    amount: Money,
    worked_on: date,
    periods: Iterable[AccountingPeriod],
    policy: ClosedPeriodPolicy = ClosedPeriodPolicy.HOLD,
    legal_entity: str | None = None,
) -> Posted | Held:
    """Late time is no error of a closed month (IAS 8.5), so that month is never re-opened for it.

    The default holds, as everywhere in `isthmus.rules.periods`.
    """
    [found] = post_parts([Part(amount, worked_on)], periods, policy, legal_entity=legal_entity)
    return found
