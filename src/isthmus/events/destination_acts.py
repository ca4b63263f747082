"""What a person does with a destination: let it go on, or send again from a position.

Both are events, so that it is known who did it and when.
"""

from __future__ import annotations

from isthmus.events.destination_holds import hold_of
from isthmus.events.envelope import Event
from isthmus.events.outbox import Outbox
from isthmus.store.database import Transaction
from isthmus.store.destinations import DestinationRow

SOURCE = "operator"


async def resume(tx: Transaction, outbox: Outbox, row: DestinationRow, by: str) -> bool:
    """Close the hold and try at once; False when nothing stopped it."""
    was_held = await tx.holds.resolve(hold_of(row.name), "resumed", by)
    await tx.destinations.forgive(row.name)
    if was_held or row.failures:
        event = Event(
            type="destination.resumed", source=SOURCE, subject=row.name, correlation_id=row.name,
            data={"by": by, "position": row.position, "error": row.error},
        )  # fmt: skip
        await outbox.emit(tx, event)
    return was_held or bool(row.failures)


async def rewind(
    tx: Transaction, outbox: Outbox, row: DestinationRow, position: int, by: str
) -> None:
    """Send what comes after the position, again where it was sent before."""
    await tx.destinations.rewind(row.name, position)
    event = Event(
        type="destination.rewound", source=SOURCE, subject=row.name, correlation_id=row.name,
        data={"by": by, "before": row.position, "after": position},
    )  # fmt: skip
    await outbox.emit(tx, event)
