"""Events are CloudEvents 1.0; correlation and causation ids are extension attributes.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md: extension names are lower-case
letters and digits only, hence `correlationid` and `causationid` on the wire.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from isthmus.kit.clock import utc_now
from isthmus.kit.ids import new_id


def wire_type(name: str) -> str:
    """The type as subscribers see it, with the version of its data."""
    return f"isthmus.{name}.v1"


class Event(BaseModel):
    """`subject` is the canonical id of what the event is about; `correlation_id` one story."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(default_factory=new_id)
    type: str
    source: str
    subject: str
    occurred_at: datetime = Field(default_factory=utc_now)
    correlation_id: str
    causation_id: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)

    def caused(self, type: str, source: str, subject: str, data: dict[str, Any]) -> Event:
        """The next event of the same story."""
        return Event(
            type=type, source=source, subject=subject, data=data,
            correlation_id=self.correlation_id, causation_id=self.id,
        )  # fmt: skip

    def to_cloudevent(self) -> dict[str, Any]:
        """Structured-mode JSON of the event."""
        envelope = {
            "specversion": "1.0",
            "id": self.id,
            "type": wire_type(self.type),
            "source": f"/isthmus/{self.source}",
            "subject": self.subject,
            "time": self.occurred_at.isoformat().replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "correlationid": self.correlation_id,
            "data": self.data,
        }
        if self.causation_id is not None:
            envelope["causationid"] = self.causation_id
        return envelope
