"""Check and rate a batch of hours: facts for the good ones, holds for the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from isthmus.canonical import Contract, TimeEntry
from isthmus.engine import Step
from isthmus.flows.entry_facts import corrected_or_problem, facts_in_force, lock_contracts
from isthmus.flows.entry_outcomes import counts, settle
from isthmus.flows.time_batch import BatchContext, entry_ids
from isthmus.kit.ids import derived_id
from isthmus.rules.capped import within_caps
from isthmus.rules.caps import Bucket, Spent, not_to_exceed
from isthmus.rules.facts import Fact
from isthmus.rules.judging import Verdict
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction
from isthmus.store.edits import EditRow
from isthmus.store.entries import RATED, RECEIVED


async def rate_batch(step: Step) -> dict[str, int]:
    """Check and rate every entry of the batch in one transaction; counts by outcome."""
    async with step.begin() as tx:
        rows = await tx.entries.of_batch(step.subject, RECEIVED)
        context = await BatchContext.read(tx, rows, step.landscape.policies, step.links)
        await lock_contracts(tx, context.contracts)
        rows = await tx.entries.of_batch(step.subject, RECEIVED, lock=True)
        live, versions = await facts_in_force(tx, step, tx.entries, rows)
        edits = await tx.edits.of_many("time_entry", entry_ids(rows))
        verdicts = [
            judged(context, row.entry, edits.get(row.entry.id, {}))
            for row in rows
            if row.entry.id not in live
        ]
        verdicts = await _within_caps(tx, context, verdicts)
        await _write_facts(tx, step, context, verdicts, versions)
        await settle(tx, step, context, tx.entries, verdicts)
        await tx.entries.set_state(list(live), RATED)
    return counts(verdicts, len(live))


def judged(context: BatchContext, entry: TimeEntry, edits: Mapping[str, EditRow]) -> Verdict:
    corrected = corrected_or_problem(entry, edits)
    if isinstance(corrected, Problem):
        return Verdict(entry, None, (corrected,))
    return context.judge(corrected)


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
