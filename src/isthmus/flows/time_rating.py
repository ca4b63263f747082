"""Check and rate a batch of hours: facts for the good ones, holds for the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from isthmus.canonical import Contract, TimeEntry
from isthmus.engine import Step
from isthmus.flows.contract_pricing import price_whole
from isthmus.flows.entry_facts import corrected_or_problem, facts_in_force, lock_contracts
from isthmus.flows.entry_outcomes import counts, settle
from isthmus.flows.fact_rows import fact_values
from isthmus.flows.time_batch import AT_HAND, BatchContext, RatedBatch, entry_ids
from isthmus.kit.turns import by_turns
from isthmus.rules.capped import within_caps
from isthmus.rules.caps import Bucket, Spent, not_to_exceed
from isthmus.rules.facts import Fact
from isthmus.rules.judging import Verdict
from isthmus.rules.problems import Problem
from isthmus.rules.time.pricing import is_priced_alone
from isthmus.store.database import Transaction
from isthmus.store.edits import EditRow
from isthmus.store.entries import RATED, RECEIVED


async def rate_batch(step: Step) -> dict[str, int]:
    """Check and rate every entry of the batch in one transaction; counts by outcome."""
    step.run.at_hand.clear()
    async with step.begin() as tx:
        await lock_contracts(tx, await tx.entries.projects_of(step.subject, RECEIVED))
        rows = await tx.entries.of_batch(step.subject, RECEIVED, lock=True)
        context = await BatchContext.read(tx, rows, step.landscape.policies, step.links)
        whole = {id for id, c in context.contracts.items() if not is_priced_alone(c)}
        live, versions = await facts_in_force(tx, step, tx.entries, rows, whole)
        edits = await tx.edits.of_many("time_entry", entry_ids(rows))
        verdicts = await by_turns(
            lambda row: judged(context, row.entry, edits.get(row.entry.id, {})),
            (row for row in rows if row.entry.id not in live),
        )
        done = counts((), len(live))
        await tx.entries.settle(sorted(live), RATED)
        written: list[dict[str, Any]] = []
        for group in _by_pricing(context, verdicts, whole):
            done += await _priced(tx, step, context, group, versions, written)
    if rows and not (live or whole):  # none: a process died after it had rated them
        step.run.at_hand[AT_HAND] = RatedBatch.of(context, rows, written)
    return dict(done)


Group = tuple[Contract | None, list[Verdict]]
"""Verdicts that are priced together; of no contract: each by itself. A contract that is priced
whole is so also where nothing of it is new: then some of its hours went away.
"""


def _by_pricing(
    context: BatchContext, verdicts: Iterable[Verdict], whole: AbstractSet[str]
) -> list[Group]:
    groups: dict[str | None, list[Verdict]] = {None: [], **{id: [] for id in sorted(whole)}}
    for verdict in verdicts:
        contract = context.contract_of(verdict.entry) if verdict.rated else None
        key = contract.id if contract and contract.id in whole else None
        groups[key].append(verdict)
    return [(context.contracts[key] if key else None, group) for key, group in groups.items()]


async def _priced(
    tx: Transaction,
    step: Step,
    context: BatchContext,
    group: Group,
    versions: Mapping[str, int],
    written: list[dict[str, Any]],
) -> Counter[str]:
    """`written` gets the facts of entries that are priced by themselves."""
    contract, verdicts = group
    if contract is not None:
        return await price_whole(tx, step, context, contract, verdicts, versions)
    verdicts = await _within_caps(tx, context, verdicts)

    def row(rated: Fact) -> dict[str, Any]:
        work = rated.work
        return fact_values(rated, context.contracts[work.contract], versions[work.id], step.run.id)

    written += await by_turns(row, (v.rated for v in verdicts if v.rated))
    await tx.ledger.add(written)
    await settle(tx, step, context, tx.entries, verdicts)
    return counts(verdicts)


def judged(context: BatchContext, entry: TimeEntry, edits: Mapping[str, EditRow]) -> Verdict:
    corrected = corrected_or_problem(entry, edits)
    if isinstance(corrected, Problem):
        return Verdict(entry, None, (corrected,))
    return context.judge(corrected)


async def _within_caps(
    tx: Transaction, context: BatchContext, verdicts: list[Verdict]
) -> list[Verdict]:
    """Entries that would pass their contract's not-to-exceed amount are held."""
    rated: dict[str, list[Fact]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.rated:
            rated[verdict.rated.work.contract].append(verdict.rated)
    blocked: dict[str, Problem] = {}
    for id, ours in rated.items():
        if not_to_exceed(context.contracts[id]):
            blocked |= await _over_cap(tx, context.contracts[id], ours)
    if not blocked:
        return verdicts
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
