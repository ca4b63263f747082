"""Time entries come in by the hundred: rows, one statement per batch, no event per entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from isthmus.canonical import TimeEntry
from isthmus.connect import Change
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import derived_id
from isthmus.store.database import Transaction
from isthmus.store.entries import INVOICED, WITHDRAWN, EntryRow
from isthmus.store.holds import HELD, NewHold

if TYPE_CHECKING:
    from isthmus.events.links import Connected

_LEDGER_OWNED = {"invoice_number", "invoiced_on"}


class TimeIntake:
    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def take(self, tx: Transaction, source: Connected, changes: Sequence[Change]) -> None:
        """`changes` with canonical references. A bad entry is held, the others go on."""
        if not changes:
            return
        live: dict[str, TimeEntry] = {}
        for change in changes:
            entry = None if change.deleted else await self._entry(tx, source, change)
            if entry is not None:
                live[change.external_id] = entry
        upserted = await tx.entries.upsert(source.name, live)
        for before in upserted.changed:
            if before.state == INVOICED:
                await self._changed_after_invoicing(tx, before, "changed")
        await self._withdraw(tx, source, [c.external_id for c in changes if c.deleted])

    async def _entry(self, tx: Transaction, source: Connected, change: Change) -> TimeEntry | None:
        attributes: dict[str, Any] = {
            k: v for k, v in change.attributes.items() if k not in _LEDGER_OWNED
        }
        key = f"ingest:{source.name}:time_entry:{change.external_id}"
        id = derived_id("time_entry", source.name, change.external_id)
        if change.problems:
            reason = "; ".join(str(p) for p in change.problems)
            await tx.holds.open(_unusable(key, id, source.name, change, ValueError(reason)))
            return None
        try:
            entry = TimeEntry.model_validate({**attributes, "id": id})
        except ValueError as error:
            await tx.holds.open(_unusable(key, id, source.name, change, error))
            return None
        await tx.holds.resolve(key, "corrected at the source", "isthmus")
        return entry

    async def _withdraw(
        self, tx: Transaction, source: Connected, external_ids: Sequence[str]
    ) -> None:
        """Hours taken back at the source: reversed while unbilled, held once invoiced."""
        if not external_ids:
            return
        known = await tx.entries.by_external(source.name, external_ids)
        gone = [r for r in known.values() if r.state not in (INVOICED, WITHDRAWN)]
        if gone:
            ids = [r.entry.id for r in gone]
            await tx.ledger.reverse(await tx.ledger.live("time_entry", ids), "ingest")
            await tx.entries.set_state(ids, WITHDRAWN)
            for id in ids:
                await tx.holds.resolve(f"time_entry:{id}", "withdrawn at the source", "isthmus")
        for row in known.values():
            if row.state == INVOICED:
                await self._changed_after_invoicing(tx, row, "withdrawn")

    async def _changed_after_invoicing(self, tx: Transaction, before: EntryRow, what: str) -> None:
        entry = before.entry
        await tx.holds.open(
            NewHold(
                key=f"time_entry:{entry.id}", state=HELD, code="changed_after_invoicing",
                reason=f"{entry.hours} hours of {entry.worked_on} were {what} in the PSA after "
                "they were invoiced",
                owner="finance",
                fix="Credit the invoice line and bill again, or undo the change in the PSA.",
                flow="ingest", object_kind="time_entry", object_id=entry.id,
                system=before.connection,
                detail={"external_id": before.external_id},
            )
        )  # fmt: skip


def _unusable(key: str, id: str, connection: str, change: Change, error: ValueError) -> NewHold:
    reason = str(error)
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    return NewHold(
        key=key, state=HELD, code="unusable",
        reason=f"time entry {change.external_id} of {connection}: {reason}",
        owner="pmo", fix="Correct the entry in the PSA; it is read again by itself.",
        flow="ingest", object_kind="time_entry", object_id=id, system=connection,
        detail={"external_id": change.external_id},
    )  # fmt: skip
