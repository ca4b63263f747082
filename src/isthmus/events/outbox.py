"""The outbox: an event is stored and its subscribers told in the transaction that made it so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from isthmus.events.envelope import Event
from isthmus.store.database import Transaction

Subscriber = Callable[[Transaction, Event], Awaitable[None]]


class Outbox:
    """Subscribers run inside the transaction: what they enqueue commits with the event or not."""

    def __init__(self) -> None:
        self._subscribers: list[Subscriber] = []

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.append(subscriber)

    async def emit(self, tx: Transaction, event: Event) -> None:
        await tx.events.append(event.model_dump())
        for subscriber in self._subscribers:
            await subscriber(tx, event)
