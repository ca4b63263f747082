"""What a memo credited is released: facts are taken back by new ones, and may be billed again.

The invoiced facts stay on their invoice. A line that is credited whole takes its facts back whole;
a part of a line is shared by its facts, which stay in force with what is left of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from isthmus.canonical import CreditMemo, Milestone, TimeEntry
from isthmus.canonical.invoice import InvoiceLine
from isthmus.canonical.milestone import MilestoneState
from isthmus.engine import Step
from isthmus.events.batching import batch_time
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.rules.credit_checks import taken_back
from isthmus.store.database import Transaction
from isthmus.store.entries import INVOICED, RECEIVED, UNBILLABLE, EntryRow
from isthmus.store.fact_rows import FactRow, values_of

TIME, MILESTONE = "time_entry", "milestone"


async def release_credited(step: Step, id: str) -> dict[str, int]:
    """Once per memo: a repeat finds its facts and changes nothing."""
    async with step.begin() as tx:
        memo = await tx.records.get(CreditMemo, id)
        facts = await tx.ledger.of_invoice(memo.invoice)
        for contract in sorted({fact.contract for fact in facts}):
            await tx.lock(f"contract:{contract}")
        written = await tx.ledger.of_credit_memo(id)
        if not written:
            await tx.ledger.add(await _taken_back(tx, step, memo, facts))
            await _release(tx, step, memo, facts)
            await step.emit(
                tx, "credit_memo.posted", id,
                {"invoice": memo.invoice, "number": memo.number,
                 "total": str(memo.total or memo.lines_total())},
            )  # fmt: skip
            written = await tx.ledger.of_credit_memo(id)
    whole = sum(1 for fact in written if not fact.in_part)
    return {"whole": whole, "in_part": len(written) - whole}


async def read_again(step: Step, id: str) -> int:
    """Hours that the PSA changed or withdrew while they were invoiced are taken as they are now;
    the number of them. Only then is the rest put into batches.
    """
    async with step.begin() as tx:
        memo = await tx.records.get(CreditMemo, id)
        credited = await tx.ledger.of_credit_memo(id)
        released = {f.source_id for f in credited if f.source_kind == TIME and not f.in_part}
        holds = await tx.holds.list(code="changed_after_invoicing", limit=100_000)
        changed = [hold.object_id for hold in holds if hold.object_id in released]
        rows = (await tx.entries.many(changed)).values()
    for connection, group in groupby(sorted(rows, key=_place), key=lambda row: row.connection):
        external_ids = [row.external_id for row in group]
        await step.links.of(connection).read_again(TimeEntry, external_ids)
    async with step.begin() as tx:
        keys = [f"{TIME}:{entry}" for entry in changed]
        await tx.holds.resolve_many(keys, f"credited: {memo.reason}", "isthmus")
    await batch_time(step.run.engine.database, step.run.engine.outbox)
    return len(changed)


def _place(row: EntryRow[Any]) -> tuple[str, str]:
    return row.connection, row.external_id


async def _taken_back(
    tx: Transaction, step: Step, memo: CreditMemo, facts: Sequence[FactRow]
) -> list[dict[str, Any]]:
    taken = await tx.ledger.taken_back(fact.id for fact in facts)
    rows: list[dict[str, Any]] = []
    for line in memo.lines:
        behind = [fact for fact in facts if fact.invoice_line == line.number]
        rows += _of_line(step, memo, line, behind, taken)
    return rows


def _of_line(
    step: Step,
    memo: CreditMemo,
    line: InvoiceLine,
    facts: Sequence[FactRow],
    taken: Mapping[str, Decimal],
) -> list[dict[str, Any]]:
    """None where no fact is behind the line: a fee or a discount that nobody worked."""
    left = [Money.of(f.amount - taken.get(f.id, Decimal(0)), f.currency) for f in facts]
    found = taken_back(line.amount, left)
    return [
        _credit_fact(step, memo, fact, amount, in_part=found.in_part)
        for fact, amount in zip(facts, found.amounts, strict=True)
        if amount or not found.in_part
    ]


def _credit_fact(
    step: Step, memo: CreditMemo, fact: FactRow, amount: Money, *, in_part: bool
) -> dict[str, Any]:
    """Of a part of a price the hours stand as they were billed."""
    return {
        **values_of(fact),
        "id": derived_id("credit", memo.id, fact.id),
        "reversal_of": fact.id,
        "credit_memo": memo.id,
        "in_part": in_part,
        "hours": Decimal(0) if in_part else -fact.hours,
        "billed_hours": Decimal(0) if in_part else -fact.billed_hours,
        "amount": -amount.amount,
        "trail": [{"scope": "credit", "looked_for": memo.reference, "found": memo.reason}],
        "run_id": step.run.id,
    }


async def _release(tx: Transaction, step: Step, memo: CreditMemo, facts: Sequence[FactRow]) -> None:
    by_id = {fact.id: fact for fact in facts}
    released = [
        by_id[row.reversal_of]
        for row in await tx.ledger.of_credit_memo(memo.id)
        if row.reversal_of in by_id and not row.in_part
    ]
    entries = [fact.source_id for fact in released if fact.source_kind == TIME]
    others = [fact for fact in released if fact.source_kind != TIME]
    await _release_entries(tx, memo, entries)
    if memo.rebill:
        await _bill_again(tx, step, others)
    stones = [fact.source_id for fact in others if fact.source_kind == MILESTONE]
    for milestone in (await tx.records.many(Milestone, stones)).values():
        ready = {"state": MilestoneState.READY_TO_BILL, "invoice_number": None}
        await tx.records.save(milestone.changed(**ready))


async def _release_entries(tx: Transaction, memo: CreditMemo, entries: Sequence[str]) -> None:
    """Billed again, they are rated anew, as a new version of the same work. An entry of which
    another part stays on an invoice is invoiced.
    """
    if not memo.rebill:
        live = await tx.ledger.live(TIME, entries)
        kept = {fact.source_id for fact in live if fact.invoice is not None}
        free = [id for id in entries if id not in kept]
        await tx.entries.set_state(free, UNBILLABLE, was=INVOICED)
        return
    moved = await tx.entries.set_state(entries, RECEIVED, was=INVOICED, rebatch=True)
    await tx.entries.renew(moved)


async def _bill_again(tx: Transaction, step: Step, facts: Sequence[FactRow]) -> None:
    """What has an agreed price is a fact again at once, at the price of today."""
    stones = [fact.source_id for fact in facts if fact.source_kind == MILESTONE]
    prices = {id: m.amount for id, m in (await tx.records.many(Milestone, stones)).items()}
    again = []
    for fact in facts:
        version = fact.source_version + 1
        price = prices.get(fact.source_id, Money.of(fact.amount, fact.currency))
        again.append(
            {
                **values_of(fact),
                "id": derived_id("fact", fact.source_id, str(version)),
                "source_version": version,
                "rate": price.amount if fact.source_id in prices else fact.rate,
                "amount": price.rounded().amount,
                "run_id": step.run.id,
            }
        )
    await tx.ledger.add(again)
    await tx.ledger.mark_posted({row["id"]: "" for row in again})
