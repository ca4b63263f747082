"""A contract has other detailed terms from a day on: work that is rated already follows them.

No system but this one keeps these terms, so nothing is written to PSA or ledger. What is on no
invoice is priced again; what is invoiced is left, held or credited, as for a won amendment.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from isthmus.canonical import Contract, ExpenseEntry, Project, TimeEntry
from isthmus.canonical.contract import Terms
from isthmus.engine import Run, Step, flow
from isthmus.events.batching import batch_waiting
from isthmus.flows.billed_work import LateChange, settle_billed
from isthmus.flows.terms_work import MovedWork, work_moved
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, RECEIVED

TERMS_CODES = frozenset(
    {
        "allowance_unpriced", "cap_exceeded", "over_limit", "receipt_missing", "terms_currency",
        "terms_unusable",
    }
)  # fmt: skip
"""Why an entry is held by the terms of its contract, so that other terms may let it go."""


@flow(on="contract.terms_changed", key=lambda event: event.id, owner="finance", priority=10)
async def contract_terms(run: Run) -> None:
    await run.step(reprice_work)


async def reprice_work(step: Step) -> dict[str, Any]:
    """Take back what the terms move and let it be rated; counts and amounts, told in the same
    transaction. A repeat finds that it was told.
    """
    async with step.begin() as tx:
        await tx.lock(f"contract:{step.subject}")
        known = await tx.events.of(type="contract.work_repriced", subject=step.subject)
        told = [e.data for e in known if e.causation_id == step.event.id]
        result = told[0] if told else await _reprice(tx, step)
    await batch_waiting(step.run.engine.database, step.run.engine.outbox)
    return result


async def _reprice(tx: Transaction, step: Step) -> dict[str, Any]:
    contract = await tx.records.get(Contract, step.subject)
    since = date.fromisoformat(step.event.data["effective_on"])
    work = await work_moved(tx, step.run.engine, _before(contract, step), contract, since)
    await _take_back(tx, step, work)
    waiting = await _try_again(tx, contract, since)
    total = await settle_billed(tx, step, _late(contract, step, since), work.billed_facts())
    result = {
        "number": step.event.data["number"], "repriced": len(work.open), "retried": waiting,
        "difference": str(work.difference(work.open)), "billed": len(work.billed),
        "billed_difference": str(total),
        "billed_work": step.landscape.policies.amendment_of_billed_work.value,
    }  # fmt: skip
    await step.emit(tx, "contract.work_repriced", contract.id, result)
    return result


def _before(contract: Contract, step: Step) -> Contract:
    """The contract without this change. First terms are given before anything is rated."""
    number = step.event.data["number"]
    if number is None:
        return contract.changed(terms=Terms())  # type: ignore[no-any-return] # `changed` gives its own type
    others = tuple(a for a in contract.amendments if a.number != number)
    return contract.changed(amendments=others)  # type: ignore[no-any-return] # as above


def _late(contract: Contract, step: Step, since: date) -> LateChange:
    note = step.event.data["note"]
    return LateChange(
        key=f"terms:{step.event.id}",
        contract=contract,
        told=f"the terms of contract {contract.number} are others from {since} on",
        now="by the new terms",
        why=f"terms agreed from {since} on: {note}" if note else f"terms agreed from {since} on",
    )


async def _take_back(tx: Transaction, step: Step, work: MovedWork) -> None:
    facts = work.open_facts()
    await tx.ledger.reverse(facts, step.run.id)
    for kind in (TimeEntry.kind, ExpenseEntry.kind):
        ids = sorted({fact.source_id for fact in facts if fact.source_kind == kind})
        await tx.entries_of(kind).renew(ids)
        await tx.entries_of(kind).set_state(ids, RECEIVED, rebatch=True)


async def _try_again(tx: Transaction, contract: Contract, since: date) -> int:
    """Held entries that the new terms may let go; their number."""
    found = 0
    for project in await tx.records.list(Project, contract=contract.id):
        for kind in (TimeEntry.kind, ExpenseEntry.kind):
            entries = tx.entries_of(kind)
            held = await entries.in_state(project.id, HELD, since=since)
            ids = [id for id in held if await _is_held_by_terms(tx, id)]
            await entries.set_state(ids, RECEIVED, rebatch=True)
            found += len(ids)
    return found


async def _is_held_by_terms(tx: Transaction, entry: str) -> bool:
    return any(hold.code in TERMS_CODES for hold in await tx.holds.list(object_id=entry))
