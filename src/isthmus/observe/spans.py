"""Spans of business stories. A story is a trace: its correlation id is the trace's id.

Ids are derived from what every process knows, so that nobody has to pass one on:

    take     what a system said, and the events that it meant   of the first event
    event    from when it happened until its run began          of the event and the flow
    run      from its first step to its end                     of the event and the flow
    step     one execution of a step                            of its own
    call     one request to a vendor                            of its own
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Span:
    """`ms` is None while it goes on."""

    span_id: str
    parent_id: str | None
    correlation_id: str
    kind: str
    name: str
    started_at: datetime
    ms: Decimal | None
    error: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ended_at(self) -> datetime | None:
        return None if self.ms is None else self.started_at + timedelta(milliseconds=float(self.ms))


def trace_id(correlation_id: str) -> str:
    """32 hex digits: those of a correlation id that is a UUID, or of a hash of it."""
    if _UUID.fullmatch(correlation_id):
        return correlation_id.replace("-", "")
    return hashlib.sha256(correlation_id.encode()).hexdigest()[:32]


def span_id(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def run_span(event_id: str, flow: str) -> str:
    return span_id("run", event_id, flow)


def event_span(event_id: str, flow: str) -> str:
    return span_id("event", event_id, flow)


def cause_of(event_id: str, causation_id: str | None, source: str) -> str:
    """The run or taking that emitted an event: by its source, and what that worked on."""
    return run_span(causation_id or event_id, source)


def milliseconds(seconds: float) -> Decimal:
    return Decimal(str(round(seconds * 1000, 1)))
