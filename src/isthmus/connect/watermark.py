"""How far a connection's changes have been read.

Timestamps are no sequence: many records share one, and a long transaction may become visible
after a later stamp was read (Tryton stamps its start). So each reading overlaps the last by a
window, and what was seen there with the same content is dropped. Nothing is missed at equal
timestamps, nothing is delivered twice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def fingerprint(record: Mapping[str, Any]) -> str:
    text = json.dumps(record, default=str, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


@dataclass
class Watermark:
    """`recent` holds (stamp, fingerprint) of the records inside the overlap window."""

    position: datetime = BEGINNING
    overlap: timedelta = timedelta(minutes=5)
    recent: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    @property
    def read_from(self) -> datetime:
        """Where the next reading starts: inclusive."""
        return max(BEGINNING, self.position - self.overlap)

    def admits(self, external_id: str, stamp: datetime, record: Mapping[str, Any]) -> bool:
        """Take a record into account; False when it was delivered already, unchanged."""
        return self.admits_mark(external_id, stamp, fingerprint(record))

    def admits_mark(self, external_id: str, stamp: datetime, mark: str) -> bool:
        """The same for one whose fingerprint is known."""
        known = self.recent.get(external_id)
        self.recent[external_id] = (stamp, mark)
        self.position = max(self.position, stamp)
        return known is None or known[1] != mark

    def copy(self) -> Watermark:
        """For storing with a page, while the reading goes on. Forgets what left the window."""
        kept = {k: v for k, v in self.recent.items() if v[0] >= self.read_from}
        self.recent = dict(kept)
        return Watermark(self.position, self.overlap, kept)

    def to_json(self) -> dict[str, Any]:
        return {
            "position": self.position.isoformat(),
            "overlap": self.overlap.total_seconds(),
            "recent": {k: [at.isoformat(), mark] for k, (at, mark) in self.recent.items()},
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Watermark:
        return cls(
            datetime.fromisoformat(state["position"]),
            timedelta(seconds=state["overlap"]),
            {k: (datetime.fromisoformat(at), m) for k, (at, m) in state["recent"].items()},
        )
