"""Approved hours that wait are put into batches; each batch is one event and so one run."""

from __future__ import annotations

from isthmus.events.envelope import Event
from isthmus.events.outbox import Outbox
from isthmus.store.database import Database

BATCH = 500
"""Entries per run: few enough to repeat cheaply, enough to fill the ledgers' batch calls of 100."""


async def batch_time(database: Database, outbox: Outbox) -> int:
    """The number of entries put into batches."""
    async with database.begin() as tx:
        await tx.lock("time.batching")
        batches = await tx.entries.batch_waiting(BATCH)
        for batch, count in batches:
            event = Event(
                type="time.batched", source="intake", subject=batch, correlation_id=batch,
                data={"entries": count},
            )  # fmt: skip
            await outbox.emit(tx, event)
    return sum(count for _, count in batches)
