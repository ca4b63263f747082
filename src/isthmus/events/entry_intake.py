"""Time and expenses come in by the hundred: rows, a statement per batch, no event per entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic

from pydantic import ValidationError

from isthmus.access.forgotten import without_notes
from isthmus.canonical import ExpenseEntry, TimeEntry
from isthmus.canonical.base import references
from isthmus.connect import Change, FieldProblem
from isthmus.events.entries_again import price_again
from isthmus.events.left_in_ledger import is_idle, left_in_ledger
from isthmus.kit.beside import beside
from isthmus.kit.ids import derived_id
from isthmus.store.database import Transaction
from isthmus.store.entries import (
    WITHDRAWN,
    Entries,
    EntryRow,
    Upserted,
)
from isthmus.store.entry_kinds import E
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HELD, NewHold

if TYPE_CHECKING:
    from isthmus.events.links import Connected

_LEDGER_OWNED = {"invoice_number", "invoiced_on"}
Problems = Sequence[FieldProblem]


@dataclass(frozen=True)
class EntriesTaken:
    """Canonical ids by what became of them; those in none of these are as they were."""

    new: AbstractSet[str] = frozenset()
    changed: AbstractSet[str] = frozenset()
    invoiced: AbstractSet[str] = frozenset()
    """Changed after they were invoiced: a person decides."""
    refused: Mapping[str, Problems] = field(default_factory=dict)
    """By the source's id."""


@dataclass(frozen=True)
class Intake(Generic[E]):
    """What is taken in, and how people call one of it ("8 hours of 2026-07-06 were")."""

    model: type[E]
    rows: Callable[[Transaction], Entries[E]]
    name: str
    called: Callable[[E], str]
    they: str
    """What stands for it in a second clause: "they were", "it was"."""


TIME = Intake(
    TimeEntry, lambda tx: tx.entries, "time entry",
    lambda e: f"{e.hours.normalize():f} hours of {e.worked_on} were", "they were",
)  # fmt: skip
EXPENSES = Intake(
    ExpenseEntry, lambda tx: tx.expenses, "expense",
    lambda e: f"{e.category} of {e.spent_on} for {e.amount} was", "it was",
)  # fmt: skip


class EntryIntake(Generic[E]):
    def __init__(self, what: Intake[E]) -> None:
        self._what: Intake[E] = what
        self._kind = what.model.kind

    async def take(
        self, tx: Transaction, source: Connected, changes: Sequence[Change]
    ) -> EntriesTaken:
        """As `take_resolved`; a reference that nobody knows becomes None."""
        return await self.take_resolved(tx, source, await self._resolved(tx, source, changes))

    async def take_resolved(
        self,
        tx: Transaction,
        source: Connected,
        changes: Sequence[Change],
        remedy: str = "Correct the entry in the PSA; it is read again by itself.",
        batch_of: Callable[[E], str | None] = lambda entry: None,
    ) -> EntriesTaken:
        """A bad entry is held, the others go on. References are canonical ids.

        New entries go into the batch that they are told. Facts of what changed or went away are
        taken back here, at once: an invoice drafted a moment later must not bill what the PSA no
        longer says.
        """
        if not changes:
            return EntriesTaken()
        live, refused = await beside(len(changes), self._judged, source, changes)
        live = await without_notes(tx, self._kind, live)
        await tx.holds.open_many(
            [self._unusable(source, id, problems, remedy) for id, problems in refused.items()]
        )
        keys = [self._key(source, external_id) for external_id in live]
        await tx.holds.resolve_many(keys, "corrected at the source", "isthmus")
        new = {e.id for e in await self._what.rows(tx).insert(source.name, live, batch_of)}
        there = {id: entry for id, entry in live.items() if entry.id not in new}
        gone = [change.external_id for change in changes if change.deleted]
        if not (there or gone):
            return EntriesTaken(frozenset(new), refused=refused)
        return await self._taken_again(tx, source, there, gone, new, refused)

    async def _taken_again(
        self,
        tx: Transaction,
        source: Connected,
        there: Mapping[str, E],
        gone: Sequence[str],
        new: AbstractSet[str],
        refused: Mapping[str, Problems],
    ) -> EntriesTaken:
        """What was here before, by the source's id: changed, as it was, or gone."""
        facts = await self._facts(tx, source, [*there, *gone])
        invoiced = {f.source_id for f in facts if f.invoice is not None}
        upserted: Upserted[E] = await self._what.rows(tx).upsert(source.name, there, invoiced)
        changed = {before.entry.id: before for before in upserted.changed}
        await self._take_back(tx, facts, changed.keys() - invoiced)
        idle = {e.id for e in there.values() if is_idle(e)}
        await left_in_ledger(tx, self._kind, facts, (changed.keys() - invoiced) & idle)
        for id in changed.keys() & invoiced:
            await self._changed_after_invoicing(tx, changed[id], "changed")
        await self._withdraw(tx, source, gone, facts, invoiced)
        return EntriesTaken(
            frozenset({*new, *upserted.new}), frozenset(changed), changed.keys() & invoiced, refused
        )

    async def _facts(
        self, tx: Transaction, source: Connected, external_ids: Iterable[str]
    ) -> list[FactRow]:
        """Facts in force of these entries, under the locks of their contracts: no invoice is
        drafted from them meanwhile.
        """
        ids = [self._id(source, external_id) for external_id in external_ids]
        contracts = {fact.contract for fact in await tx.ledger.live(self._kind, ids)}
        await tx.lock_all(f"contract:{contract}" for contract in contracts)
        return await tx.ledger.live(self._kind, ids) if contracts else []

    async def _take_back(
        self, tx: Transaction, facts: Sequence[FactRow], ids: AbstractSet[str]
    ) -> None:
        reversed_ = [f for f in facts if f.source_id in ids]
        await tx.ledger.reverse(reversed_, "ingest")
        await price_again(tx, {f.contract for f in reversed_})

    def _judged(
        self, source: Connected, changes: Sequence[Change]
    ) -> tuple[dict[str, E], dict[str, Problems]]:
        """Good entries and what is wrong with the others, by external id."""
        live: dict[str, E] = {}
        refused: dict[str, Problems] = {}
        for change in changes:
            if change.problems:
                refused[change.external_id] = change.problems
            elif not change.deleted:
                try:
                    live[change.external_id] = self._entry(source, change)
                except ValidationError as error:
                    refused[change.external_id] = invalid(self._kind, error)
        return live, refused

    def _entry(self, source: Connected, change: Change) -> E:
        attributes = {k: v for k, v in change.attributes.items() if k not in _LEDGER_OWNED}
        id = self._id(source, change.external_id)
        entry: E = self._what.model.model_validate({**attributes, "id": id})
        return entry

    async def _withdraw(
        self,
        tx: Transaction,
        source: Connected,
        external_ids: Sequence[str],
        facts: Sequence[FactRow],
        invoiced: AbstractSet[str],
    ) -> None:
        """Taken back at the source: reversed while unbilled, held once invoiced."""
        if not external_ids:
            return
        rows = self._what.rows(tx)
        known = await rows.by_external(source.name, external_ids)
        gone = {
            r.entry.id
            for r in known.values()
            if r.state != WITHDRAWN and r.entry.id not in invoiced
        }
        await self._take_back(tx, facts, gone)
        await left_in_ledger(tx, self._kind, facts, gone)
        await rows.withdraw(sorted(gone))
        await tx.holds.resolve_many(
            [f"{self._kind}:{id}" for id in gone], "withdrawn at the source", "isthmus"
        )
        for row in known.values():
            if row.entry.id in invoiced:
                await self._changed_after_invoicing(tx, row, "withdrawn")

    async def _changed_after_invoicing(
        self, tx: Transaction, before: EntryRow[E], what: str
    ) -> None:
        entry = before.entry
        await tx.holds.open(
            NewHold(
                key=f"{self._kind}:{entry.id}", state=HELD, code="changed_after_invoicing",
                reason=f"{self._what.called(entry)} {what} in the PSA after "
                f"{self._what.they} invoiced",
                owner="finance",
                fix="Credit the invoice line and bill again, or undo the change in the PSA.",
                flow="ingest", object_kind=self._kind, object_id=entry.id,
                system=before.connection,
                detail={"external_id": before.external_id},
            )
        )  # fmt: skip

    def _key(self, source: Connected, external_id: str) -> str:
        return f"ingest:{source.name}:{self._kind}:{external_id}"

    def _id(self, source: Connected, external_id: str) -> str:
        return derived_id(self._kind, source.name, external_id)

    async def _resolved(
        self, tx: Transaction, source: Connected, changes: Sequence[Change]
    ) -> list[Change]:
        """Canonical ids in all references, one query for all kinds; an unknown one becomes None."""
        named = references(self._what.model)
        wanted: dict[str, set[str]] = {}
        for change in changes:
            for name, kind in named.items():
                if external := change.attributes.get(name):
                    wanted.setdefault(kind, set()).add(str(external))
        known = await tx.xref.canonical_of(source.space, wanted)
        return [
            replace(
                change,
                attributes={
                    name: known.get((named[name], str(value))) if name in named and value else value
                    for name, value in change.attributes.items()
                },
            )
            for change in changes
        ]

    def _unusable(
        self, source: Connected, external_id: str, problems: Problems, remedy: str
    ) -> NewHold:
        told = "; ".join(str(p) if p.remedy else f"{p.field}: {p.reason}" for p in problems)
        return NewHold(
            key=self._key(source, external_id), state=HELD, code="unusable",
            reason=f"{self._what.name} {external_id} of {source.name}: {told}",
            owner="pmo", fix=remedy,
            flow="ingest", object_kind=self._kind,
            object_id=self._id(source, external_id), system=source.name,
            detail={"external_id": external_id},
        )  # fmt: skip


def invalid(kind: str, error: ValidationError) -> Problems:
    """The first that a model says against its values."""
    first = error.errors(include_input=False)[0]
    return (FieldProblem(kind, ".".join(map(str, first["loc"])), None, first["msg"].lower(), ""),)
