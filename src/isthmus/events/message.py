"""An event of the log as it leaves: a CloudEvent in structured mode.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from isthmus.events.envelope import Event
from isthmus.store.events import EventRow

CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"


@dataclass(frozen=True)
class Message:
    """`body` is the whole CloudEvent as JSON; `type` is our name, without prefix and version."""

    position: int
    id: str
    type: str
    subject: str
    body: bytes


def message_of(row: EventRow) -> Message:
    text = json.dumps(cloudevent(row), ensure_ascii=False, separators=(",", ":"))
    return Message(row.position, row.id, row.type, row.subject, text.encode())


def cloudevent(row: EventRow) -> dict[str, Any]:
    """`sequence` is the CloudEvents extension of that name, which sorts as text; read as a number
    it is the place in the log.
    """
    attributes = {k: v for k, v in vars(row).items() if k != "position"}
    event = Event.model_validate(attributes).to_cloudevent()
    return {**event, "sequence": sequence(row.position)}


def sequence(position: int) -> str:
    return f"{position:019d}"
