"""Accounting periods: where a day posts, and what to do when that period is shut."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from isthmus.canonical import AccountingPeriod
from isthmus.canonical.dimensions import PeriodState
from isthmus.rules.problems import Problem


class ClosedPeriodPolicy(StrEnum):
    """A late correction keeps its work date; only the posting date may move."""

    HOLD = "hold"
    REDATE = "redate_to_first_open"


@dataclass(frozen=True, slots=True)
class Posting:
    day: date
    period: AccountingPeriod


def period_for(
    day: date, periods: Iterable[AccountingPeriod], legal_entity: str | None
) -> AccountingPeriod | None:
    """The company's own period before a shared one, the month before its quarter or year."""
    covering = [p for p in _of(periods, legal_entity) if p.starts_on <= day <= p.ends_on]
    return min(covering, key=_precedence, default=None)


def posting_day(
    day: date,
    periods: Iterable[AccountingPeriod],
    policy: ClosedPeriodPolicy | str = ClosedPeriodPolicy.HOLD,
    legal_entity: str | None = None,
) -> Posting | Problem:
    known = tuple(_of(periods, legal_entity))
    period = period_for(day, known, legal_entity)
    if period is None:
        return period_missing(day)
    if period.state is PeriodState.OPEN:
        return Posting(day, period)
    if ClosedPeriodPolicy(policy) is ClosedPeriodPolicy.HOLD:
        return period_closed(day, period)
    return _first_open(day, period, known)


def period_missing(day: date) -> Problem:
    return Problem(
        "period_missing",
        f"the ledger has no accounting period that covers {day}",
        "finance",
        f"Create the period that covers {day} in the ledger, then replay.",
        "period",
    )


def period_closed(day: date, period: AccountingPeriod) -> Problem:
    return Problem(
        "period_closed",
        f"period {period.name} ({period.starts_on} to {period.ends_on}), where {day} falls, "
        f"is {period.state}",
        "finance",
        f"Open {period.name} for receivables, or let the policy re-date to the first open "
        "period, then replay.",
        "period",
    )


def _of(
    periods: Iterable[AccountingPeriod], legal_entity: str | None
) -> Iterable[AccountingPeriod]:
    return (p for p in periods if p.legal_entity is None or p.legal_entity == legal_entity)


def _precedence(period: AccountingPeriod) -> tuple[bool, int, str]:
    return period.legal_entity is None, (period.ends_on - period.starts_on).days, period.id


def _first_open(
    day: date, closed: AccountingPeriod, periods: tuple[AccountingPeriod, ...]
) -> Posting | Problem:
    later = [p for p in periods if p.state is PeriodState.OPEN and p.starts_on > day]
    if not later:
        return period_closed(day, closed)
    period = min(later, key=lambda p: (p.starts_on, _precedence(p)))
    return Posting(period.starts_on, period)
