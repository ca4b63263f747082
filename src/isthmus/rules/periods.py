"""Accounting periods: where a day posts, and what to do when that period is shut."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from isthmus.canonical import AccountingPeriod
from isthmus.canonical.dimensions import PeriodState
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem


class ClosedPeriodPolicy(StrEnum):
    """A late correction keeps its work date; only the posting date may move."""

    HOLD = "hold"
    REDATE = "redate_to_first_open"


@dataclass(frozen=True, slots=True)
class Posting:
    day: date
    period: AccountingPeriod


class Spanning(StrEnum):
    """A transaction with parts of several days, when some of them are in a closed period."""

    WHOLE = "whole"
    """Default: it posts on one day or waits as one, as a document of a ledger does."""
    SPLIT = "split"
    """Each part posts by its own day."""


@dataclass(frozen=True, slots=True)
class Part:
    amount: Money
    worked_on: date


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


def period_for(
    day: date, periods: Iterable[AccountingPeriod], legal_entity: str | None
) -> AccountingPeriod | None:
    """The company's own period before a shared one, the month before its quarter or year."""
    return _narrowest(day, _of(periods, legal_entity))


def _narrowest(day: date, periods: Iterable[AccountingPeriod]) -> AccountingPeriod | None:
    covering = [p for p in periods if p.starts_on <= day <= p.ends_on]
    return min(covering, key=_precedence, default=None)


def posting_day(
    day: date,
    periods: Iterable[AccountingPeriod],
    policy: ClosedPeriodPolicy | str = ClosedPeriodPolicy.HOLD,
    legal_entity: str | None = None,
) -> Posting | Problem:
    known = tuple(_of(periods, legal_entity))
    period = _narrowest(day, known)
    if period is None:
        return period_missing(day)
    if period.state is PeriodState.OPEN:
        return Posting(day, period)
    if ClosedPeriodPolicy(policy) is ClosedPeriodPolicy.HOLD:
        return period_closed(day, period)
    return _first_open(day, period, known)


def post_parts(
    parts: Iterable[Part],
    periods: Iterable[AccountingPeriod],
    policy: ClosedPeriodPolicy = ClosedPeriodPolicy.HOLD,
    spanning: Spanning = Spanning.WHOLE,
    legal_entity: str | None = None,
) -> tuple[Posted | Held, ...]:
    """A part each, in the order given; no part loses its own day.

    As a whole, a transaction whose days are all open posts on its last one; re-dated, it posts
    where the part that has to go furthest does.
    """
    given, known = tuple(parts), tuple(periods)
    days = sorted({part.worked_on for part in given})
    found = {day: posting_day(day, known, policy, legal_entity) for day in days}
    if spanning is Spanning.WHOLE and days:
        found = dict.fromkeys(days, _together([found[day] for day in days]))
    return tuple(_outcome(part, found[part.worked_on]) for part in given)


def _together(found: list[Posting | Problem]) -> Posting | Problem:
    for each in found:
        if isinstance(each, Problem):
            return each
    return max((p for p in found if isinstance(p, Posting)), key=lambda posting: posting.day)


def _outcome(part: Part, found: Posting | Problem) -> Posted | Held:
    if isinstance(found, Problem):
        return Held(part.amount, part.worked_on, found)
    return Posted(part.amount, part.worked_on, found)


def invoice_day(
    day: date,
    periods: Iterable[AccountingPeriod],
    policy: ClosedPeriodPolicy | str = ClosedPeriodPolicy.HOLD,
    legal_entity: str | None = None,
) -> Posting | Problem:
    """Day and period of an invoice. One that waits for a closed period keeps its own day, and
    the posting's period says that it is not open: the ledger refuses it until it is.
    """
    known = tuple(periods)
    found = posting_day(day, known, policy, legal_entity)
    if isinstance(found, Posting):
        return found
    covering = period_for(day, known, legal_entity)
    return Posting(day, covering) if covering else found


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
