"""Said once of a database that was restored from a dump, before anything works on it."""

from __future__ import annotations

from isthmus.events.envelope import Event
from isthmus.events.outbox import Outbox
from isthmus.store.database import Transaction


async def restored(tx: Transaction, outbox: Outbox, by: str) -> int:
    """Leave a gap in all numbers and tell it as the first event behind it; the last position
    before it.
    """
    end = await tx.events.end()
    await tx.leave_a_gap()
    event = Event(
        type="database.restored", source="operator", subject="database",
        correlation_id="database", data={"by": by, "position": end},
    )  # fmt: skip
    await outbox.emit(tx, event)
    return end
