"""Revenue against closed periods: work keeps its day, only its posting may move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from isthmus.canonical import AccountingPeriod
from isthmus.kit.money import Money
from isthmus.rules.periods import ClosedPeriodPolicy, Posting, posting_day
from isthmus.rules.problems import Problem


@dataclass(frozen=True, slots=True)
class Posted:
    amount: Money
    worked_on: date
    posting: Posting


@dataclass(frozen=True, slots=True)
class Held:
    amount: Money
    worked_on: date
    why: Problem


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
    posting = posting_day(worked_on, periods, policy, legal_entity)
    if isinstance(posting, Problem):
        return Held(amount, worked_on, posting)
    return Posted(amount, worked_on, posting)
