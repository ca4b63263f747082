"""Approved entries that wait are put into batches; each batch is one event and so one run."""

from __future__ import annotations

from isthmus.events.envelope import Event
from isthmus.events.outbox import Outbox
from isthmus.store.database import Database

BATCH = 500
"""Entries per run: few enough to repeat cheaply, enough to fill the ledgers' batch calls of 100."""
AT_ONCE = 20 * BATCH
"""Entries per transaction: the first runs start while the rest of a burst is still batched."""


async def batch_time(database: Database, outbox: Outbox) -> int:
    """The number of time entries put into batches."""
    return await _batch(database, outbox, "time_entry")


async def batch_expenses(database: Database, outbox: Outbox) -> int:
    """The number of expenses put into batches; also those whose cost is to be taken back."""
    return await _batch(database, outbox, "expense_entry")


async def batch_waiting(database: Database, outbox: Outbox) -> int:
    """The number of entries of every kind put into batches."""
    return await batch_time(database, outbox) + await batch_expenses(database, outbox)


async def _batch(database: Database, outbox: Outbox, kind: str) -> int:
    total = 0
    while batched := await _some(database, outbox, kind):
        total += batched
    return total


async def _some(database: Database, outbox: Outbox, kind: str) -> int:
    type = "time.batched" if kind == "time_entry" else "expense.batched"
    async with database.begin() as tx:
        await tx.lock(type)
        batches = await tx.entries_of(kind).batch_waiting(BATCH, AT_ONCE)
        for batch, count in batches:
            event = Event(
                type=type, source="intake", subject=batch, correlation_id=batch,
                data={"entries": count},
            )  # fmt: skip
            await outbox.emit(tx, event)
    return sum(count for _, count in batches)
