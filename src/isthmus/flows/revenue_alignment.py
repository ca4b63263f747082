"""Revenue of a contract and month: worked out by the rules, booked, and held against the ledger.

What a period has is remembered, so a repeat moves nothing and a change (late hours, a new estimate,
an amendment, a credit) is booked as the difference, in a period that is open. With
`policies.revenue.recognised_by: isthmus` the journal entries are ours; else the ledger's own
schedules recognise revenue and are read. Either way a difference is held until a later run agrees.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from isthmus.canonical import (
    Contract,
    JournalEntry,
    LegalEntity,
    RevenueEvent,
    RevenueSchedule,
)
from isthmus.canonical.dimensions import PeriodState
from isthmus.canonical.journal_entry import JournalLine
from isthmus.canonical.revenue import RecognitionMethod, RevenueLine, ScheduleStatus
from isthmus.engine import Engine, Hold, Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.events.links import Links
from isthmus.flows.reading import periods_of
from isthmus.flows.revenue_plan import (
    Planned,
    asset_of,
    month_of,
    ours_of,
    plan_month,
    theirs_of,
    up_to,
)
from isthmus.flows.revenue_reading import Known, contracts_earned, known_of, schedule_id
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.landscape import RecognisedBy
from isthmus.rules.calendar import day_in_month, month_number
from isthmus.rules.journal import Line
from isthmus.rules.periods import period_for
from isthmus.rules.revenue.alignment import Difference, differences, entry_due
from isthmus.rules.revenue.position import Movement
from isthmus.rules.revenue.recognition import method_on
from isthmus.store.database import Transaction
from isthmus.store.holds import HELD, NewHold


async def request_revenue(engine: Engine, day: date) -> int:
    """Start one run per contract and month up to a day's month; the number of runs."""
    async with engine.database.begin() as tx:
        return await request_revenue_in(tx, engine, day)


async def request_revenue_in(tx: Transaction, engine: Engine, day: date) -> int:
    """As `request_revenue`, for a caller that records in its transaction that it asked."""
    asked = 0
    for contract in await contracts_earning(tx, day):
        for month in await months_due(tx, engine.links, contract, day):
            event = Event(
                type="revenue.due", source="revenue", subject=contract.id,
                correlation_id=contract.opportunity, data={"month": f"{month:%Y-%m}"},
            )  # fmt: skip
            await engine.outbox.emit(tx, event)
            asked += 1
    return asked


async def contracts_earning(tx: Transaction, day: date) -> list[Contract]:
    """Those with rated work or milestones up to a day, and those that a term or cost earns."""
    rated = {*await tx.ledger.contracts_rated(day), *await contracts_earned(tx, day)}
    found = [
        contract
        for contract in await tx.records.list(Contract)
        if contract.id in rated or (contract.starts_on <= day and _earns_unrated(contract, day))
    ]
    return sorted(found, key=lambda contract: contract.number)


def _earns_unrated(contract: Contract, day: date) -> bool:
    unrated = (RecognitionMethod.RATABLE, RecognitionMethod.COST_TO_COST)
    return method_on(contract, day) in unrated


async def months_due(tx: Transaction, links: Links, contract: Contract, day: date) -> list[date]:
    """Last days of months, oldest first: the month asked for, and before it those that may still
    change or were never worked out. A month before the ledger's first period is not asked for.
    """
    [entity] = await tx.records.list(LegalEntity, code=contract.legal_entity)
    periods = await periods_of(tx, links.erp(entity.code))
    schedule = await tx.records.find(RevenueSchedule, schedule_id(contract.id))
    told = {line.period for line in schedule.lines} if schedule else set()
    first, last = month_number(contract.starts_on), month_number(day)
    months = []
    for end in (day_in_month(number, 31) for number in range(min(first, last), last)):
        period = period_for(end, periods, entity.id)
        if period and (period.state is PeriodState.OPEN or period.id not in told):
            months.append(end)
    return [*months, day_in_month(last, 31)]


@flow(on="revenue.due", key=lambda event: event.id, owner="finance", priority=60)
async def revenue_alignment(run: Run) -> None:
    await run.step(work_out)
    await run.step(post_entries)
    await run.step(compare)


async def work_out(step: Step) -> str:
    """Revenue to date and what its period moves by, with the entry that books it, on our side.

    The period's id. Raises Hold where an estimate, a price or a method is missing.
    """
    policies, day = step.landscape.policies, month_of(step.event.data["month"])
    async with step.begin() as tx:
        await tx.lock(f"contract:{step.subject}")
        known = await known_of(tx, step.links, step.subject, policies.revenue.capped_time)
        planned = plan_month(known, policies, day)
        if planned.moved or planned.period not in known.lines:
            await _remember(tx, step, known, planned)
        if policies.revenue.recognised_by is RecognisedBy.ISTHMUS:
            await _draft(tx, known, planned)
    return planned.period


async def _remember(tx: Transaction, step: Step, known: Known, planned: Planned) -> None:
    contract = known.contract
    lines = {**known.lines, planned.period: planned.earned}
    await tx.records.save(
        RevenueSchedule(
            id=schedule_id(contract.id), contract=contract.id, method=planned.method,
            currency=contract.currency, status=ScheduleStatus.IN_PROGRESS,
            lines=tuple(RevenueLine(period=p, amount=a) for p, a in lines.items()),
        )
    )  # fmt: skip
    if not planned.moved:
        return
    count = len(await tx.records.list(RevenueEvent, contract=contract.id))
    await tx.records.save(
        RevenueEvent(
            id=derived_id("revenue_event", contract.id, str(count + 1)), contract=contract.id,
            occurred_on=planned.day, amount=planned.moved, method=planned.method,
            cause=planned.why,
        )
    )  # fmt: skip
    told = {
        "month": planned.month, "period": planned.period, "moved": str(planned.moved),
        "to_date": str(planned.to_date),
    }  # fmt: skip
    await step.emit(tx, "revenue.worked_out", contract.id, told)


async def _draft(tx: Transaction, known: Known, planned: Planned) -> None:
    """The entry of what the books lack on the posting day; none where they lack nothing."""
    period = known.period(planned.period)
    if period is None or (period.state is not PeriodState.OPEN and planned.period in known.lines):
        return
    contract, number = known.contract, len(known.entries) + 1
    due = entry_due(
        planned.day, contract.currency, _movements(known, planned),
        _booked(known, planned.day), asset_of(planned.method),
    )  # fmt: skip
    if due.lines:
        reference = f"{contract.number}-R{number}"
        await tx.records.save(
            JournalEntry(
                id=derived_id("revenue_entry", contract.id, str(number)), reference=reference,
                legal_entity=known.entity.id, currency=contract.currency, posted_on=planned.day,
                period=planned.period, contract=contract.id,
                memo=f"Revenue of {contract.number}, {planned.month}: {planned.why}",
                lines=tuple(_line(known, line) for line in due.lines),
            )
        )  # fmt: skip


def _line(known: Known, line: Line) -> JournalLine:
    """With the project where the contract has one alone."""
    project = known.projects[0].id if len(known.projects) == 1 else None
    return JournalLine(account=line.account, amount=line.amount, project=project)


def _movements(known: Known, planned: Planned) -> list[Movement]:
    """Invoices, and revenue on the last day of its period; of this one, on the day it posts."""
    ended = {id: period.ends_on for id in known.lines if (period := known.period(id))}
    earned = {**known.lines, planned.period: planned.earned}
    days = {**ended, planned.period: planned.day}
    return [
        *known.billed,
        *(Movement(days[id], earned=a) for id, a in earned.items() if id in days),
    ]


def _booked(known: Known, day: date) -> Iterable[Line]:
    return (
        Line(line.account, line.amount)
        for entry in known.entries
        if entry.posted_on <= day
        for line in entry.lines
    )


async def post_entries(step: Step) -> list[str]:
    """Send the month's entries that the ledger does not have; its numbers. A closed period is
    refused by the ledger, and the run waits for it.
    """
    policies = step.landscape.policies.revenue
    if policies.recognised_by is RecognisedBy.ERP:
        return []
    known, planned = await _now(step)
    waiting = [e for e in known.entries if e.number is None and e.period == planned.period]
    erp = step.links.erp(known.entity.code)
    if waiting and not erp.capability(JournalEntry).writes:
        raise Hold(
            f"{erp.name} takes no journal entries from here", code="journal_unsupported",
            owner="integration", customer=known.customer.name, about=("contract", step.subject),
            fix="Set policies.revenue.recognised_by to erp, start the worker again, then replay.",
        )  # fmt: skip
    step.at_stake(None, known.customer.name, ("contract", step.subject))
    posted = [await erp.put(entry, f"{step.idempotency_key}:{entry.id}") for entry in waiting]
    return [entry.number or "" for entry in posted]


async def _now(step: Step) -> tuple[Known, Planned]:
    policies, day = step.landscape.policies, month_of(step.event.data["month"])
    async with step.begin() as tx:
        known = await known_of(tx, step.links, step.subject, policies.revenue.capped_time)
    return known, plan_month(known, policies, day)


async def compare(step: Step) -> str:
    """Our revenue against the ledger's, per period up to the month: a difference is held, and what
    agrees again is released.
    """
    policies, day = step.landscape.policies.revenue, month_of(step.event.data["month"])
    known, _ = await _now(step)
    erp = step.links.erp(known.entity.code)
    if policies.recognised_by is RecognisedBy.ISTHMUS and erp.capability(JournalEntry).reads:
        for entry in known.entries:
            await erp.refresh(JournalEntry, entry.id)
        known, _ = await _now(step)
    database = step.run.engine.database
    theirs = await theirs_of(database, erp, known, policies.recognised_by)
    ours = up_to(ours_of(known, policies.recognised_by), known, day)
    currency = known.contract.currency
    told = {"month": f"{day:%Y-%m}", "ours": str(Money.total(ours.values(), currency))}
    async with step.begin() as tx:
        if isinstance(theirs, str):
            await step.emit(tx, "revenue.not_compared", step.subject, {**told, "why": theirs})
            return theirs
        theirs = up_to(theirs, known, day)
        found = differences(ours, theirs, currency)
        await _hold(tx, step, known, erp.name, found)
        await _release(tx, known, {*ours, *theirs} - {d.period for d in found})
        if not found:
            await step.emit(tx, "revenue.aligned", step.subject, told)
    return "differs" if found else "agrees"


def _key(known: Known, period: str) -> str:
    return f"revenue:{known.contract.id}:{period}"


async def _hold(
    tx: Transaction, step: Step, known: Known, ledger: str, found: Iterable[Difference]
) -> None:
    for difference in found:
        period = known.period(difference.period)
        name = period.name if period else difference.period
        await tx.holds.open(
            NewHold(
                key=_key(known, difference.period), state=HELD, code="revenue_differs",
                reason=f"revenue of {known.contract.number} in {name}: we have {difference.ours}, "
                f"{ledger} recognised {difference.theirs}, a difference of {difference.amount}",
                owner="finance", flow=step.run.flow.name, step=step.name,
                fix="Correct the schedule in the ledger, or the hours, estimate or terms it "
                "follows; `isthmus revenue` compares again and closes this.",
                object_kind="contract", object_id=known.contract.id,
                customer=known.customer.name, system=ledger, period=name,
                correlation_id=step.event.correlation_id,
                detail={
                    "ours": str(difference.ours), "theirs": str(difference.theirs),
                    "difference": str(difference.amount),
                },
            )
        )  # fmt: skip


async def _release(tx: Transaction, known: Known, periods: Iterable[str]) -> None:
    keys = [_key(known, period) for period in sorted(periods)]
    await tx.holds.resolve_many(keys, "agrees", "isthmus")
