"""What is behind a hold: a run, an entry or a record of a system. It goes on, or is given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.engine.engine import Engine
from isthmus.engine.hold_story import tell
from isthmus.engine.refused import ActionRefused
from isthmus.engine.replay import replay
from isthmus.events.batching import batch_waiting
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD as ENTRY_HELD
from isthmus.store.entries import INVOICED, POSTED, RECEIVED, WITHDRAWN, EntryRow
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.holds import RESOLVED, HoldRow

_SETTLED_ELSEWHERE = frozenset(
    {
        "withdrawn_after_posting", "revenue_differs", "destination_refuses",
        "destination_unreachable",
    }
)  # fmt: skip
"""Codes of holds behind which no run and no entry waits: their fix is another act."""


@dataclass(frozen=True)
class Acted:
    """`done` is False when there was nothing to do; the message says so."""

    hold: str
    done: bool
    message: str
    still_held: bool = False


async def held_object(tx: Transaction, hold: HoldRow) -> CanonicalObject:
    """What the hold is about, as its system last said it. Raises ActionRefused."""
    obj: CanonicalObject | None = None
    if _is_of_entry(hold):
        row = await _row(tx, hold)
        if row is not None and row.state == INVOICED:
            raise ActionRefused(
                f"The {_name(hold)} of {hold.label} is invoiced.",
                "What is on an invoice is frozen.",
                "Credit the invoice line in the ledger, then skip the hold and say so.",
            )
        obj = row.entry if row else None
    elif hold.object_kind and hold.object_id:
        obj = await tx.records.find(BY_KIND[hold.object_kind], hold.object_id)
    if obj is None:
        raise ActionRefused(
            f"{hold.label} has no object to correct here.",
            "Its cause is in a system, or its record was never accepted.",
            f"{hold.fix} Then: isthmus hold replay {hold.label}.",
        )
    return obj


async def go_on(engine: Engine, hold: HoldRow, by: str) -> Acted:
    """Raises ActionRefused where nothing here can go on."""
    if hold.run_id is not None:
        return await _replay_run(engine, hold, by)
    if hold.code in _SETTLED_ELSEWHERE:
        raise ActionRefused(f"{hold.label} is not replayed.", f"{hold.reason}.", hold.fix)
    if hold.flow == "ingest" and hold.code != "changed_after_invoicing":
        return await _read_again(engine, hold, by)
    return await _replay_entry(engine, hold, by)


async def _replay_run(engine: Engine, hold: HoldRow, by: str) -> Acted:
    async with engine.database.begin() as tx:
        run = await tx.runs.get(hold.run_id or "")
    if run is None:
        raise LookupError(f"{hold.label} names run {hold.run_id}, which does not exist")
    replayed = await replay(engine, run, by, audited=False)
    if replayed.resumed:
        async with engine.database.begin() as tx:
            await tell(engine, tx, "hold.replayed", hold, by,
                        before={"state": run.state}, after={"state": "queued"})  # fmt: skip
    return Acted(hold.label, replayed.resumed, replayed.message)


async def _replay_entry(engine: Engine, hold: HoldRow, by: str) -> Acted:
    name = _name(hold)
    async with engine.database.begin() as tx:
        row = await _row(tx, hold)
        if row is None or not _may_go_on(hold, row):
            state = row.state if row else "not here"
            return Acted(hold.label, False, f"the {name} is {state}; nothing to replay")
        rows = tx.entries_of(row.entry.kind)
        if not await rows.set_state([row.entry.id], RECEIVED, rebatch=True, was=row.state):
            return Acted(hold.label, False, f"the {name} has moved on; nothing to replay")
        await tx.holds.resolve(hold.key, "replayed", by)
        await tell(engine, tx, "hold.replayed", hold, by,
                   before={"state": row.state}, after={"state": RECEIVED})  # fmt: skip
    await batch_waiting(engine.database, engine.outbox)
    return Acted(hold.label, True, f"the {name} is in a new batch and is rated again")


def _may_go_on(hold: HoldRow, row: EntryRow[Any]) -> bool:
    """A cap may hold the rest of an entry of which a part is billed."""
    in_part = hold.code == "cap_exceeded" and row.state in (POSTED, INVOICED)
    return row.state == ENTRY_HELD or in_part


async def _read_again(engine: Engine, hold: HoldRow, by: str) -> Acted:
    """The record as its system has it now; a hold that it still deserves stays open."""
    connected = engine.links.connected.get(hold.system or "")
    external_id = str(hold.detail.get("external_id") or "")
    if connected is None or not external_id or hold.object_kind is None:
        raise ActionRefused(
            f"{hold.label} cannot be read again.",
            f"Connection {hold.system} is not in the landscape.",
            "Add the connection, or skip the hold with a reason.",
        )
    found = await connected.system.get(BY_KIND[hold.object_kind], external_id)
    accepted = found is None or not found.problems
    if found is not None:
        taken = await engine.links.ingest.take(connected, [found])
        accepted = accepted and not taken.refused
    async with engine.database.begin() as tx:
        now = await tx.holds.of_key(hold.key)
        if now is not None and (not accepted or (found and hold.object_kind in ENTRY_KINDS)):
            message = f"read again, and still held: {now.reason}"
            return Acted(hold.label, False, message, still_held=True)
        outcome = "read again" if found else "gone at the source"
        await tx.holds.resolve(hold.key, outcome, by)
        await tell(engine, tx, "hold.replayed", hold, by,
                    before={"state": hold.state}, after={"state": outcome})  # fmt: skip
    await batch_waiting(engine.database, engine.outbox)
    where = f"{hold.object_kind} {external_id} of {hold.system}"
    message = f"{where} was read again" if found else f"{where} no longer exists; the hold is over"
    return Acted(hold.label, True, message)


async def give_up(tx: Transaction, hold: HoldRow) -> tuple[str, str]:
    """State before and after of the run or the entry behind the hold."""
    if hold.run_id is not None:
        run = await tx.runs.get(hold.run_id)
        await tx.runs.finished(hold.run_id, "skipped")
        return (run.state if run else hold.state), "skipped"
    own = hold.key == f"{hold.object_kind}:{hold.object_id}"
    row = await _row(tx, hold) if own else None
    if row is None or row.state != ENTRY_HELD:
        return hold.state, RESOLVED
    kind, id = row.entry.kind, row.entry.id
    await tx.ledger.reverse(await tx.ledger.live(kind, [id]), f"skip:{hold.label}")
    await tx.entries_of(kind).set_state([id], WITHDRAWN, rebatch=True)
    return row.state, WITHDRAWN


def _is_of_entry(hold: HoldRow) -> bool:
    return hold.object_kind in ENTRY_KINDS and hold.object_id is not None


async def _row(tx: Transaction, hold: HoldRow) -> EntryRow[Any] | None:
    """The entry that the hold is about, where it is about one."""
    if not _is_of_entry(hold):
        return None
    rows = await tx.entries_of(hold.object_kind or "").many([hold.object_id or ""])
    return rows.get(hold.object_id or "")


def _name(hold: HoldRow) -> str:
    return (hold.object_kind or "object").replace("_", " ")
