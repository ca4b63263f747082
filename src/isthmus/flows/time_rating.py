"""Check and rate a batch of hours: facts for the good ones, holds for the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from isthmus.canonical import Contract, TimeEntry
from isthmus.engine import Hold, Step
from isthmus.flows.reading import overlaid
from isthmus.flows.time_batch import BatchContext, entry_ids
from isthmus.flows.time_holds import entry_hold
from isthmus.kit.ids import derived_id
from isthmus.rules.capped import within_caps
from isthmus.rules.caps import Bucket, Spent, not_to_exceed
from isthmus.rules.facts import Fact
from isthmus.rules.judging import Verdict
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction
from isthmus.store.edits import EditRow
from isthmus.store.entries import HELD, RATED, RECEIVED, UNBILLABLE, EntryRow


async def rate_batch(step: Step) -> dict[str, int]:
    """Check and rate every entry of the batch in one transaction; counts by outcome."""
    async with step.begin() as tx:
        rows = await tx.entries.of_batch(step.subject, RECEIVED)
        context = await BatchContext.read(tx, rows, step.landscape.policies, step.links)
        await _lock_contracts(tx, context)
        rows = await tx.entries.of_batch(step.subject, RECEIVED, lock=True)
        live, versions = await _facts_in_force(tx, step, rows)
        edits = await tx.edits.of_many("time_entry", entry_ids(rows))
        verdicts = [
            _judged(context, row.entry, edits.get(row.entry.id, {}))
            for row in rows
            if row.entry.id not in live
        ]
        verdicts = await _within_caps(tx, context, verdicts)
        await _write_facts(tx, step, context, verdicts, versions)
        await _settle(tx, step, context, verdicts)
        await tx.entries.set_state(list(live), RATED)
    return _counts(verdicts, len(live))


def _judged(context: BatchContext, entry: TimeEntry, edits: Mapping[str, EditRow]) -> Verdict:
    """A correction that is no value holds its own entry, not the batch."""
    try:
        return context.judge(overlaid(entry, edits))
    except Hold as hold:
        problem = Problem(hold.code, hold.reason, "integration", hold.fix)
        return Verdict(entry, None, (problem,))


async def _lock_contracts(tx: Transaction, context: BatchContext) -> None:
    """Two batches of one contract may not both spend what is left of its cap."""
    for id in sorted(context.contracts):
        await tx.lock(f"contract:{id}")


async def _facts_in_force(
    tx: Transaction, step: Step, rows: Sequence[EntryRow]
) -> tuple[set[str], dict[str, int]]:
    """Entries that need no rating, and the version to rate each of the others in.

    A fact of an older version is taken back. So is one that no ledger has taken: its entry was
    refused there, and comes back with what a person corrected.
    """
    facts = await tx.ledger.live("time_entry", entry_ids(rows))
    versions = {r.entry.id: r.version for r in rows}
    refused = [
        f for f in facts if f.posted_at is None and f.source_version == versions[f.source_id]
    ]
    stale = [f for f in facts if f.source_version != versions[f.source_id]]
    await tx.ledger.reverse([*stale, *refused], step.run.id)
    again = [f.source_id for f in refused]
    await tx.entries.renew(again)
    taken_back = {f.source_id for f in (*stale, *refused)}
    renewed = {id: versions[id] + 1 for id in again}
    return {f.source_id for f in facts} - taken_back, {**versions, **renewed}


async def _within_caps(
    tx: Transaction, context: BatchContext, verdicts: list[Verdict]
) -> list[Verdict]:
    """Entries that would pass their contract's not-to-exceed amount are held."""
    blocked: dict[str, Problem] = {}
    for contract in context.contracts.values():
        ours = [v.rated for v in verdicts if v.rated and context.contract_of(v.entry) == contract]
        if ours:
            blocked |= await _over_cap(tx, contract, ours)
    return [
        Verdict(v.entry, None, (blocked[v.entry.id],), v.period) if v.entry.id in blocked else v
        for v in verdicts
    ]


async def _over_cap(
    tx: Transaction, contract: Contract, rated: Sequence[Fact]
) -> dict[str, Problem]:
    """Each stretch of days has its cap; what is in the ledger already is not reconsidered."""
    limits = not_to_exceed(contract)
    spent = {
        Bucket(limit, contract.id, contract.id): Spent(
            amount=await tx.ledger.consumed(contract.id, limit.before)
        )
        for limit in limits
    }
    outcome = within_caps(rated, limits, spent, contract.number)
    return {held.fact.work.id: held.problem for held in outcome.held}


async def _write_facts(
    tx: Transaction,
    step: Step,
    context: BatchContext,
    verdicts: Iterable[Verdict],
    versions: dict[str, int],
) -> None:
    facts = [
        _fact(step, context, v.entry, v.rated, versions[v.entry.id]) for v in verdicts if v.rated
    ]
    await tx.ledger.add(facts)


def _fact(
    step: Step, context: BatchContext, entry: TimeEntry, rated: Fact, version: int
) -> dict[str, Any]:
    contract = context.contract_of(entry)
    return {
        "id": derived_id("fact", entry.id, str(version)),
        "source_kind": "time_entry",
        "source_id": entry.id,
        "source_version": version,
        "contract": contract.id if contract else None,
        "project": entry.project,
        "resource": entry.resource,
        "role": rated.work.role,
        "happened_on": entry.worked_on,
        "hours": entry.hours,
        "billed_hours": rated.billed_hours,
        "rate": rated.rate.amount,
        "amount": rated.amount.amount,
        "currency": rated.amount.currency,
        "description": rated.work.label,
        "cost_centre": rated.work.cost_centre,
        "profit_centre": rated.work.profit_centre,
        "legal_entity": contract.legal_entity if contract else None,
        "rate_card": rated.work.rate_source,
        "trail": [asdict(t) for t in rated.work.trail],
        "run_id": step.run.id,
    }


async def _settle(
    tx: Transaction, step: Step, context: BatchContext, verdicts: Sequence[Verdict]
) -> None:
    rated = [v.entry.id for v in verdicts if v.rated]
    free = [v.entry.id for v in verdicts if not v.rated and not v.problems]
    held = [v for v in verdicts if v.problems]
    await tx.entries.set_state(rated, RATED)
    await tx.entries.set_state(free, UNBILLABLE)
    await tx.entries.set_state([v.entry.id for v in held], HELD)
    for verdict in held:
        await tx.holds.open(entry_hold(step, context, verdict))
    keys = [f"time_entry:{id}" for id in (*rated, *free)]
    await tx.holds.resolve_many(keys, "corrected", "isthmus")


def _counts(verdicts: Sequence[Verdict], known: int) -> dict[str, int]:
    rated = sum(1 for v in verdicts if v.rated)
    held = sum(1 for v in verdicts if v.problems)
    return {"rated": rated + known, "held": held, "unbillable": len(verdicts) - rated - held}
