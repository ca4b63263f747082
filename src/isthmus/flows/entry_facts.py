"""Facts of entries that are rated anew: which stand, which are taken back, in which version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from isthmus.canonical import CanonicalObject, Contract, Project
from isthmus.engine import Hold, Step
from isthmus.flows.reading import overlaid
from isthmus.rules.caps import not_to_exceed
from isthmus.rules.problems import Problem
from isthmus.rules.time.pricing import is_priced_alone
from isthmus.store.database import Transaction
from isthmus.store.edits import EditRow
from isthmus.store.entries import Entries, EntryRow

T = TypeVar("T", bound=CanonicalObject)


async def lock_contracts(tx: Transaction, projects: Iterable[str]) -> None:
    """Those of the projects, before anything else is read of them.

    Two batches may not both spend what is left of a cap, or price hours that move each other.
    Other contracts are shared by batches: only who changes or bills one has it for himself.
    """
    found = await tx.records.many(Project, projects)
    ids = {p.contract for p in found.values() if p.contract}
    shared = _shareable(await tx.records.many(Contract, ids))
    await tx.lock_all(map(_name, ids), set(map(_name, shared)))
    # One that was given a cap before it was locked is no longer shared.
    await tx.lock_all(map(_name, shared - _shareable(await tx.records.many(Contract, shared))))


def _shareable(contracts: Mapping[str, Contract]) -> set[str]:
    return {id for id, c in contracts.items() if is_priced_alone(c) and not not_to_exceed(c)}


def _name(contract: str) -> str:
    return f"contract:{contract}"


async def facts_in_force(
    tx: Transaction,
    step: Step,
    entries: Entries[Any],
    rows: Sequence[EntryRow[Any]],
    whole: AbstractSet[str] = frozenset(),
) -> tuple[set[str], dict[str, int]]:
    """Entries that need no rating, and the version to rate each of the others in.

    A fact of an older version is taken back. So is one that no ledger has taken: its entry was
    refused there, and comes back with what a person corrected. Of contracts that are priced
    `whole`, a part may be on an invoice while the rest is rated; there it stands.
    """
    versions = {r.entry.id: r.version for r in rows}
    live = await tx.ledger.live(entries.kind.model.kind, versions)
    facts = [f for f in live if f.invoice is None or f.contract not in whole]
    refused = [
        f for f in facts if f.posted_at is None and f.source_version == versions[f.source_id]
    ]
    stale = [f for f in facts if f.source_version != versions[f.source_id]]
    await tx.ledger.reverse([*stale, *refused], step.run.id)
    again = sorted({f.source_id for f in refused})
    await entries.renew(again)
    taken_back = {f.source_id for f in (*stale, *refused)}
    renewed = {id: versions[id] + 1 for id in again}
    return {f.source_id for f in facts} - taken_back, {**versions, **renewed}


def corrected_or_problem(entry: T, edits: Mapping[str, EditRow]) -> T | Problem:
    """A correction that is no value holds its own entry, not the batch."""
    try:
        return overlaid(entry, edits)
    except Hold as hold:
        return Problem(hold.code, hold.reason, "integration", hold.fix)
