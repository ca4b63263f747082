"""The outbox: an event is stored and its subscribers told in the transaction that made it so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from isthmus.access.pii import masked
from isthmus.events.catalogue import PASSING
from isthmus.events.envelope import Event
from isthmus.store.database import Transaction

_CAUSE: ContextVar[str | None] = ContextVar("cause", default=None)
AUTOMATIC = ("", "isthmus", "schedule")
"""Who acts without being asked."""
Subscriber = Callable[[Transaction, Event], Awaitable[None]]


@contextmanager
def caused_by(id: str) -> Iterator[None]:
    """Events that are emitted inside and name no cause have this one: a request's correlation id,
    so that whoever asked finds what came of it.
    """
    token = _CAUSE.set(id)
    try:
        yield
    finally:
        _CAUSE.reset(token)


class Outbox:
    """Subscribers run inside the transaction: what they enqueue commits with the event or not."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    async def emit_once(self, tx: Transaction, event: Event) -> None:
        """As `emit`, of an event whose id is derived; nothing where it is in the log already."""
        await tx.lock(f"event:{event.id}")
        if await tx.events.find(event.id) is None:
            await self.emit(tx, event)

    async def emit(self, tx: Transaction, event: Event) -> None:
        if event.causation_id is None and (cause := _CAUSE.get()):
            event = event.model_copy(update={"causation_id": cause})
        await tx.events.append(event.model_dump(), lasts=event.type not in PASSING)
        audited(tx, event)
        for subscriber in self._subscribers:
            await subscriber(tx, event)


def audited(tx: Transaction, event: Event) -> None:
    """An event that says who made it happen is an act; what the clock or a worker does is none."""
    data = event.data
    by = data.get("by")
    if not isinstance(by, str) or by in AUTOMATIC:
        return
    rest = {k: v for k, v in data.items() if k not in ("by", "before", "after", "reason")}
    kind, id = event.type.partition(".")[0], event.subject
    tx.audit.add(
        by, event.type, kind, id, reason=data.get("reason"), correlation_id=event.correlation_id,
        before=masked(data.get("object_kind"), _named(data.get("before"))),
        after=masked(data.get("object_kind"), {**rest, **_named(data.get("after"))}),
    )  # fmt: skip


def _named(values: object) -> Mapping[str, Any]:
    """Of attributes by name; a single value, such as a position, has none."""
    if values is None:
        return {}
    return values if isinstance(values, Mapping) else {"value": values}
