"""Hours worked for another company of the firm are charged to it, in both companies' ledgers.

One run per pair of companies and month. What is charged is written down, entry by entry, in the
transaction that drafts both journal entries; each is posted under its own id, so a repeat finds the
one that exists. Late and changed hours are a further pair for the difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from isthmus.canonical import JournalEntry, LegalEntity, Resource
from isthmus.engine import Engine, Hold, Run, Step, flow
from isthmus.events.envelope import Event
from isthmus.flows.posting import posting_for
from isthmus.flows.reading import entity_of
from isthmus.flows.transfer_charges import Charge, Charges, Pair, due_charges, totals
from isthmus.flows.transfer_entries import contracting_entry, performing_entry
from isthmus.kit.ids import derived_id
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HELD, NewHold

PERFORMING, CONTRACTING = "performing", "contracting"


async def request_intercompany(engine: Engine, up_to: date) -> int:
    """Start one run per pair of companies and month with something to charge; their number."""
    async with engine.database.begin() as tx:
        return await request_intercompany_in(tx, engine, up_to)


async def request_intercompany_in(tx: Transaction, engine: Engine, up_to: date) -> int:
    """As `request_intercompany`, for a caller that records in its transaction that it asked."""
    due = await due_charges(tx, engine.landscape.policies, up_to)
    for pair in due.pairs():
        company = await _company(tx, pair.performing)
        event = Event(
            type="intercompany.due", source="intercompany", subject=company.id,
            correlation_id=company.id,
            data={"performing": pair.performing, "contracting": pair.contracting,
                  "month": pair.month.isoformat(), "up_to": up_to.isoformat()},
        )  # fmt: skip
        await engine.outbox.emit(tx, event)
    return len(due.pairs())


@flow(on="intercompany.due", key=lambda event: event.id, owner="finance", priority=25)
async def intercompany(run: Run) -> None:
    currencies = await run.step(draft_transfers)
    if currencies:
        await run.step(post_performing, currencies)
        await run.step(post_contracting, currencies)


async def draft_transfers(step: Step) -> list[str]:
    """Write down what is charged and draft both sides; the currencies that have a pair."""
    pair, up_to = _asked(step)
    async with step.begin() as tx:
        await tx.lock("transfers")
        known = await tx.transfers.of_posting(_posting(step))
        if known:
            return sorted({row.currency for row in known if await _drafted(tx, step, row.currency)})
        due = (await due_charges(tx, step.landscape.policies, up_to)).of(pair)
        await _tell_unpriced(tx, step, due)
        await tx.transfers.add([_row(step, charge) for charge in due.charges])
        sums = totals(due.charges)
        for currency in sums:
            ours = [c for c in due.charges if c.amount.currency == currency]
            await _draft(tx, step, pair, up_to, ours)
    return list(sums)


def _asked(step: Step) -> tuple[Pair, date]:
    data = step.event.data
    month = date.fromisoformat(data["month"])
    pair = Pair(month, data["performing"], data["contracting"])
    return pair, date.fromisoformat(data["up_to"])


def _posting(step: Step) -> str:
    return derived_id("transfer", step.run.id)


def _journal(step: Step, currency: str, side: str) -> str:
    return _journal_id(_posting(step), currency, side)


def _journal_id(posting: str, currency: str, side: str) -> str:
    return derived_id("journal", posting, currency, side)


async def _drafted(tx: Transaction, step: Step, currency: str) -> bool:
    journal = _journal(step, currency, PERFORMING)
    return await tx.records.find(JournalEntry, journal) is not None


async def _company(tx: Transaction, code: str) -> LegalEntity:
    found = await entity_of(tx, code)
    if found is None:
        raise LookupError(f"no company {code}")
    return found


def _row(step: Step, charge: Charge) -> dict[str, Any]:
    pair = charge.pair
    key = (charge.fact.source_id, pair.month.isoformat(), pair.performing, pair.contracting)
    return {
        "id": derived_id("transfer", _posting(step), *key, charge.amount.currency),
        "posting": _posting(step),
        "source_id": charge.fact.source_id,
        "fact": charge.priced_from,
        "month": pair.month,
        "performing": pair.performing,
        "contracting": pair.contracting,
        "method": charge.terms.method.value,
        "percent": charge.terms.percent,
        "hours": charge.hours,
        "basis": charge.basis.amount,
        "amount": charge.amount.amount,
        "currency": charge.amount.currency,
        "run_id": step.run.id,
    }


async def _draft(
    tx: Transaction, step: Step, pair: Pair, up_to: date, charges: Sequence[Charge]
) -> None:
    """Dated on the last day of the month, or of what is charged of it."""
    performing = await _company(tx, pair.performing)
    contracting = await _company(tx, pair.contracting)
    run = await tx.runs.get(step.run.id)
    day = min(_month_end(pair.month), up_to)
    currency = charges[0].amount.currency
    reference = (
        f"IC-{pair.month:%Y-%m}-{pair.performing}-{pair.contracting}-{run.number if run else 0}"
    )
    memo = f"Work of {pair.performing} for {pair.contracting} in {pair.month:%Y-%m}"
    for side, make, parties in (
        (PERFORMING, performing_entry, (performing, contracting)),
        (CONTRACTING, contracting_entry, (contracting, performing)),
    ):
        posting = await posting_for(tx, step.links, step.landscape.policies, parties[0], day)
        id = _journal(step, currency, side)
        await tx.records.save(make(id, reference, memo, parties, posting, charges))


def _month_end(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


async def _tell_unpriced(tx: Transaction, step: Step, due: Charges) -> None:
    """Work without a cost is held by person; what has one is charged, and the rest follows."""
    people = await tx.records.many(
        Resource, (c.fact.resource for c in due.charges if c.fact.resource)
    )
    priced = [_cost_key(id) for id in people]
    await tx.holds.resolve_many(priced, "charged", "isthmus")
    by_person: dict[str, list[tuple[Pair, FactRow]]] = {}
    for pair, fact in due.unpriced:
        by_person.setdefault(fact.resource or fact.source_id, []).append((pair, fact))
    for person, work in by_person.items():
        await tx.holds.open(_unpriced_hold(step, person, work))


def _cost_key(person: str) -> str:
    return f"cost_rate:{person}"


def _unpriced_hold(step: Step, person: str, work: Sequence[tuple[Pair, FactRow]]) -> NewHold:
    pair, fact = work[0]
    hours = sum((f.hours for _, f in work), start=0 * fact.hours)
    return NewHold(
        key=_cost_key(person), state=HELD, code="cost_rate_missing",
        reason=f"{fact.description} worked {hours.normalize():f} hours for {pair.contracting} in "
        f"{pair.month:%Y-%m}, and the cost of an hour is not known, so {pair.performing} cannot "
        "charge them",
        owner="finance",
        fix="Enter the person's cost of an hour where people are kept (HR, or the PSA), then run "
        "`isthmus intercompany`; it closes by itself.",
        flow=step.run.flow.name, step=step.name, object_kind="resource", object_id=person,
        correlation_id=step.event.correlation_id,
    )  # fmt: skip


async def numbers_of(tx: Transaction, posting: str, currency: str) -> list[str | None]:
    """Numbers of a posting's journal entries, of who charges first; none where it came to zero."""
    ids = [_journal_id(posting, currency, side) for side in (PERFORMING, CONTRACTING)]
    entries = await tx.records.many(JournalEntry, ids)
    return [entries[id].number for id in ids if id in entries]


async def post_performing(step: Step, currencies: list[str]) -> list[str | None]:
    return [await _post(step, currency, PERFORMING, None) for currency in currencies]


async def post_contracting(step: Step, currencies: list[str]) -> list[str | None]:
    """The second side. Where it fails, the hold says what the first one is."""
    numbers: list[str | None] = []
    for currency in currencies:
        async with step.begin() as tx:
            first = await tx.records.get(JournalEntry, _journal(step, currency, PERFORMING))
        pair, _ = _asked(step)
        note = f"journal entry {first.number} of {pair.performing} is posted and waits for it"
        numbers += [first.number, await _post(step, currency, CONTRACTING, note)]
    await _tell(step, currencies, numbers)
    return numbers


async def _post(step: Step, currency: str, side: str, note: str | None) -> str | None:
    id = _journal(step, currency, side)
    async with step.begin() as tx:
        entry = await tx.records.get(JournalEntry, id)
        company = await tx.records.get(LegalEntity, entry.legal_entity)
    step.at_stake(None, None, ("journal_entry", id), progress=note)
    posted = await step.links.erp(company.code).put(entry, step.idempotency_key)
    if entry.period and posted.posted_period and entry.period != posted.posted_period:
        raise Hold(
            f"journal entry {posted.number} was moved to another accounting period by the ledger",
            code="ledger_differs", owner="finance",
            fix="Correct its period in the ledger, then replay.",
        )  # fmt: skip
    return posted.number


async def _tell(step: Step, currencies: Sequence[str], numbers: Sequence[str | None]) -> None:
    pair, _ = _asked(step)
    async with step.begin() as tx:
        amounts = []
        for currency in currencies:
            entry = await tx.records.get(JournalEntry, _journal(step, currency, PERFORMING))
            amounts.append(str(entry.lines[0].amount))
        data = {
            "performing": pair.performing, "contracting": pair.contracting,
            "month": pair.month.isoformat(), "amounts": amounts, "numbers": list(numbers),
        }  # fmt: skip
        await step.emit(tx, "intercompany.posted", step.subject, data)
