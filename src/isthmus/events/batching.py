"""Approved entries that wait are put into batches; each batch is one event and so one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from isthmus.canonical import TimeEntry
from isthmus.events.envelope import Event
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import new_id
from isthmus.store.database import Database, Transaction

BATCH = 1000
"""Entries per run: few enough to repeat cheaply, enough to fill the ledgers' batch calls of 100."""
OWN_BATCH = 200
"""New entries that come in together from which on they are a batch of their own, at once."""
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
    """All that waits now; what comes in meanwhile gathers for the next time."""
    total = batched = await _some(database, outbox, kind)
    while batched == AT_ONCE:
        batched = await _some(database, outbox, kind)
        total += batched
    return total


async def _some(database: Database, outbox: Outbox, kind: str) -> int:
    async with database.begin() as tx:
        await tx.lock("time.batched" if kind == "time_entry" else "expense.batched")
        batches = await tx.entries_of(kind).batch_waiting(BATCH, AT_ONCE)
        await announce(tx, outbox, kind, batches)
    return sum(count for _, count in batches)


async def announce(
    tx: Transaction, outbox: Outbox, kind: str, batches: Iterable[tuple[str, int]]
) -> None:
    """A run for each: (batch, number of entries in it)."""
    type = "time.batched" if kind == "time_entry" else "expense.batched"
    for batch, count in batches:
        event = Event(
            type=type, source="intake", subject=batch, correlation_id=batch,
            data={"entries": count},
        )  # fmt: skip
        await outbox.emit(tx, event)


class Batches:
    """Gives approved entries that come in together their batches, in order of arrival."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._current = ""

    def give(self, entry: TimeEntry) -> str | None:
        if entry.approval != "approved":
            return None
        if len(self._of) % BATCH == 0:
            self._current = new_id()
        self._of[entry.id] = self._current
        return self._current

    async def announce(self, tx: Transaction, outbox: Outbox, stored: Collection[str]) -> int:
        """Those with any entry that was stored; the number of these."""
        counts = Counter(batch for id, batch in self._of.items() if id in stored)
        await announce(tx, outbox, TimeEntry.kind, counts.items())
        return counts.total()
