"""How what is being taken in came here: by which message, and as a part of whose trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from isthmus.connect.story import lawful_traceparent
from isthmus.events.envelope import Event
from isthmus.kit.clock import utc_now
from isthmus.observe.spans import Span, cause_of, milliseconds


@dataclass(frozen=True)
class Arrival:
    """A message. `traceparent` is what its sender's headers said, lawful or not."""

    message: str
    received_at: datetime
    traceparent: str | None = None


_CURRENT: ContextVar[Arrival | None] = ContextVar("arrival", default=None)


def arrival() -> Arrival | None:
    return _CURRENT.get()


@contextmanager
def arrived(message: Arrival) -> Iterator[None]:
    before = _CURRENT.set(message)
    try:
        yield
    finally:
        _CURRENT.reset(before)


def take_span(first: Event, connection: str) -> Span:
    """The taking of a record whose first event this is, from the arrival of the message on.

    A sender's trace is not ours: our ids follow from the deal. It is named as a link.
    """
    came, now = arrival(), utc_now()
    began = came.received_at if came is not None else first.occurred_at
    link = lawful_traceparent(came.traceparent) if came is not None else None
    detail = {"event": first.id, "connection": connection}
    detail |= {"message": came.message} if came is not None else {}
    return Span(
        cause_of(first.id, None, first.source), None, first.correlation_id, "take",
        f"{'webhook' if came is not None else 'poll'} {connection}", began,
        milliseconds(max(0.0, (now - began).total_seconds())), None,
        detail | ({"link": link} if link else {}),
    )  # fmt: skip
