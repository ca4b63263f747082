"""The business story that is being worked on: its calls carry the trace on to the vendors.

`traceparent` is `00-<trace>-<span>-01`, 32 and 16 hex digits: https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Story:
    """`span_id` is of the step that works on it, the parent of what it calls."""

    correlation_id: str
    trace_id: str
    span_id: str

    def traceparent(self, span_id: str) -> str:
        return f"00-{self.trace_id}-{span_id}-01"


@dataclass(frozen=True)
class Call:
    """One request to a vendor and how it ended; `status` is None where no answer came."""

    method: str
    path: str
    status: int | None
    started_at: datetime
    seconds: float
    span_id: str
    story: Story | None


_CURRENT: ContextVar[Story | None] = ContextVar("story", default=None)


def current_story() -> Story | None:
    return _CURRENT.get()


@contextmanager
def telling(story: Story) -> Iterator[None]:
    """Calls made inside are part of the story."""
    before = _CURRENT.set(story)
    try:
        yield
    finally:
        _CURRENT.reset(before)


def new_span_id() -> str:
    return secrets.token_hex(8)


def lawful_traceparent(text: str | None) -> str | None:
    """What a caller sent, if it is one."""
    return text if text and _TRACEPARENT.fullmatch(text) else None
