"""One contract and month: what is earned, which period it goes into, what the ledger has of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from isthmus.canonical import JournalEntry, Project, RevenueSchedule
from isthmus.canonical.base import Value
from isthmus.canonical.dimensions import PeriodState
from isthmus.canonical.journal_entry import Account, JournalStatus
from isthmus.canonical.revenue import RecognitionMethod, RevenueLine
from isthmus.connect import Change
from isthmus.connect.errors import Refused
from isthmus.engine import Hold
from isthmus.events.links import Link
from isthmus.flows.reading import posting_in
from isthmus.flows.revenue_reading import Known, unsupported
from isthmus.kit.money import Money
from isthmus.landscape import Policies, RecognisedBy
from isthmus.rules.calendar import month_end
from isthmus.rules.periods import period_for
from isthmus.rules.problems import Problem
from isthmus.rules.revenue.position import Unbilled
from isthmus.rules.revenue.recognition import earned_by_month, method_on
from isthmus.store.database import Database


class Planned(Value):
    """`moved` is what the period's revenue is to change by; zero where it may not change."""

    month: str
    day: date
    """On which it posts."""
    period: str
    period_name: str
    method: RecognitionMethod
    earned: Money
    """Revenue of the period."""
    moved: Money
    to_date: Money
    billed: Money
    """To date, credits taken off."""
    why: str

    @property
    def position(self) -> Money:
        return self.to_date - self.billed


def month_of(text: str) -> date:
    """2026-07 as its last day."""
    return month_end(date.fromisoformat(f"{text}-01"))


def plan_month(known: Known, policies: Policies, day: date) -> Planned:
    """Raises Hold where a rule cannot work it out, or no period covers the month."""
    contract = known.contract
    if problem := unsupported(contract, day):
        raise stopped(known, problem)
    found = earned_by_month(contract, known.evidence, [day])
    method = method_on(contract, day)
    if isinstance(found, Problem):
        raise stopped(known, found)
    if isinstance(method, Problem):
        raise stopped(known, method)
    [earned] = found
    posting = posting_in(known.periods, policies, known.entity, day)
    before = known.lines.get(posting.period.id, Money.zero(contract.currency))
    line = before if _settled(known, day) else earned.to_date - _earlier(known, posting.day)
    return Planned(
        month=f"{day:%Y-%m}", day=posting.day, period=posting.period.id,
        period_name=posting.period.name, method=method, earned=line, moved=line - before,
        to_date=earned.to_date, billed=known.billed_by(day), why=earned.why,
    )  # fmt: skip


def stopped(known: Known, problem: Problem) -> Hold:
    return Hold(
        problem.reason, code=problem.code, owner=problem.owner, fix=problem.fix,
        customer=known.customer.name, about=("contract", known.contract.id),
    )  # fmt: skip


def _settled(known: Known, day: date) -> bool:
    """A month whose period is shut keeps what it has, and so does one whose revenue went into a
    later period: the difference is the open month's.
    """
    own = period_for(day, known.periods, known.entity.id)
    if own is None or own.state is PeriodState.OPEN:
        return False
    later = (known.period(id) for id in known.lines)
    return own.id in known.lines or any(p and p.starts_on > day for p in later)


def _earlier(known: Known, day: date) -> Money:
    ended = (
        amount
        for id, amount in known.lines.items()
        if (period := known.period(id)) is not None and period.ends_on < day
    )
    return Money.total(ended, known.contract.currency)


def asset_of(method: RecognitionMethod) -> Unbilled:
    """Hours under a right to invoice wait for time alone (IFRS 15.108)."""
    by_time = (RecognitionMethod.RIGHT_TO_INVOICE, RecognitionMethod.TIME_BASED)
    return Unbilled.RECEIVABLE if method in by_time else Unbilled.CONTRACT_ASSET


Figures = Mapping[str, Money]
"""Per period id."""


def ours_of(known: Known, by: RecognisedBy) -> Figures:
    """What the ledger should have: all that was worked out, or of our entries those it took."""
    if by is RecognisedBy.ERP:
        return known.lines
    taken = [entry for entry in known.entries if entry.number is not None]
    return _sums(known, [(entry.period, _revenue(entry)) for entry in taken])


async def theirs_of(database: Database, erp: Link, known: Known, by: RecognisedBy) -> Figures | str:
    """What the ledger recognised, or why it cannot be known."""
    if by is RecognisedBy.ERP:
        return await _scheduled(database, erp, known)
    posted = [e for e in known.entries if e.number and e.status is JournalStatus.POSTED]
    return _sums(known, [(e.posted_period or e.period, _revenue(e)) for e in posted])


def _revenue(entry: JournalEntry) -> Money:
    credits = (-line.amount for line in entry.lines if line.account is Account.REVENUE)
    return Money.total(credits, entry.currency)


def _sums(known: Known, amounts: list[tuple[str | None, Money]]) -> Figures:
    found: dict[str, Money] = {}
    for period, amount in amounts:
        key = period or ""
        found[key] = found.get(key, Money.zero(known.contract.currency)) + amount
    return found


async def _scheduled(database: Database, erp: Link, known: Known) -> Figures | str:
    capability = erp.capability(RevenueSchedule)
    if not capability.reads or "project" not in capability.finds_by:
        return f"{erp.name} does not tell what it recognised"
    schedules: list[Change] = []
    try:
        for project in known.projects:
            external = await erp.external_id(Project, project.id)
            if external is not None:
                schedules += await erp.find(RevenueSchedule, {"project": external})
    except Refused as refused:
        return str(refused)
    if not schedules:
        return f"{erp.name} keeps no revenue schedule for a project of {known.contract.number}"
    lines = [line for change in schedules for line in change.attributes["lines"]]
    if any(line.amount.currency != known.contract.currency for line in lines):
        return f"{erp.name} keeps revenue of {known.contract.number} in another currency"
    return await _by_our_periods(database, erp, known, lines)


async def _by_our_periods(
    database: Database, erp: Link, known: Known, lines: list[RevenueLine]
) -> Figures:
    async with database.begin() as tx:
        ids = await tx.xref.canonical_many(
            "accounting_period", erp.space, {line.period for line in lines}
        )
    return _sums(known, [(ids.get(n.period, n.period), n.amount) for n in lines])


def up_to(figures: Figures, known: Known, day: date) -> Figures:
    """Of periods that have ended by a day; a period that is not known here is kept."""
    return {
        id: amount
        for id, amount in figures.items()
        if (period := known.period(id)) is None or period.ends_on <= day
    }
