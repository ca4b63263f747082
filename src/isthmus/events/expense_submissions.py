"""Expenses that a caller submits: the road of those that are polled, and an answer for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.base import Role, attributes, owner_of
from isthmus.connect import Change, FieldProblem
from isthmus.events.batching import batch_expenses
from isthmus.events.entry_intake import EXPENSES, EntriesTaken, EntryIntake
from isthmus.events.entry_scope import foreign, refused
from isthmus.events.outbox import Outbox
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database, Transaction

if TYPE_CHECKING:
    from isthmus.events.links import Connected

SENT = tuple(name for name in attributes(ExpenseEntry) if owner_of(ExpenseEntry, name) is Role.PSA)
"""What a caller may say of an expense: what the PSA owns."""
REMEDY = "Correct the expense and send it again."


@dataclass(frozen=True)
class ExpenseOutcome:
    external_id: str
    id: str
    outcome: str
    """accepted, changed, unchanged or refused."""
    problems: tuple[FieldProblem, ...] = ()


async def take_expenses(
    database: Database,
    outbox: Outbox,
    source: Connected,
    expenses: Sequence[tuple[str, dict[str, Any]]],
    entities: Collection[str] | None,
) -> list[ExpenseOutcome]:
    """(id of the PSA, attributes) each; references are the PSA's own ids. All of it is on disk when
    it is answered, and batched; a refused one is held for the PMO, but for those of other companies
    than `entities` (None: all are the caller's).
    """
    changes = [Change(ExpenseEntry, id, utc_now(), values) for id, values in expenses]
    intake = EntryIntake(EXPENSES)
    async with database.begin() as tx:
        theirs = await _foreign(tx, source, changes, entities)
        own = [change for change in changes if change.external_id not in theirs]
        taken = await intake.take(tx, source, own)
    taken = replace(taken, refused={**taken.refused, **{id: [_FOREIGN] for id in theirs}})
    await batch_expenses(database, outbox)
    return [_outcome(source, change.external_id, taken) for change in changes]


_FOREIGN = refused(ExpenseEntry.kind)


async def _foreign(
    tx: Transaction, source: Connected, changes: Sequence[Change], entities: Collection[str] | None
) -> set[str]:
    named = {c.external_id: str(c.attributes.get("project", "")) for c in changes}
    known = await tx.xref.canonical_of(source.space, {"project": set(named.values())})
    projects = {id: known.get(("project", name)) for id, name in named.items()}
    return await foreign(tx, source, ExpenseEntry.kind, projects, entities)


def _outcome(source: Connected, external_id: str, taken: EntriesTaken) -> ExpenseOutcome:
    id = derived_id(ExpenseEntry.kind, source.name, external_id)
    if problems := taken.refused.get(external_id):
        return ExpenseOutcome(external_id, id, "refused", tuple(problems))
    known = {"accepted": taken.new, "changed": taken.changed}
    outcome = next((name for name, ids in known.items() if id in ids), "unchanged")
    return ExpenseOutcome(external_id, id, outcome)
