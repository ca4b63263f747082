"""Everything known of one object, in the order of time: who knows it, what happened, what ran."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isthmus.store.database import Transaction
from isthmus.store.entries import EntryRow
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.events import EventRow
from isthmus.store.lookup import Found


@dataclass(frozen=True, order=True)
class Moment:
    at: datetime
    what: str
    """linked, event, run or hold."""
    name: str
    detail: str


@dataclass(frozen=True)
class Journey:
    kind: str
    id: str
    found_by: str
    name: str | None
    state: str | None
    systems: dict[str, str]
    moments: tuple[Moment, ...]


async def journey_of(tx: Transaction, found: Found) -> Journey:
    """The object's own story, and that of the deal it belongs to."""
    record = await tx.lookup.record(found.kind, found.id)
    data = record.data if record else {}
    entry = await _entry(tx, found)
    links = await tx.lookup.links(found.kind, found.id)
    systems = {space: external for space, external, _ in links}
    if entry is not None:
        systems[entry.connection] = entry.external_id
    moments = [Moment(at, "linked", space, external) for space, external, at in links]
    moments += await _events_and_runs(tx, found.id, str(data.get("opportunity") or found.id))
    moments += await _holds(tx, found.id)
    state = entry.state if entry else data.get("status") or data.get("stage") or data.get("state")
    return Journey(
        found.kind, found.id, found.by, data.get("name") or data.get("number"),
        str(state) if state else None, systems, tuple(sorted(set(moments))),
    )  # fmt: skip


async def _entry(tx: Transaction, found: Found) -> EntryRow[Any] | None:
    if found.kind not in ENTRY_KINDS:
        return None
    return (await tx.entries_of(found.kind).many([found.id])).get(found.id)


async def _events_and_runs(tx: Transaction, id: str, story: str) -> list[Moment]:
    events = {e.id: e for e in await tx.events.of(subject=id)}
    runs = {r.id: r for r in await tx.runs.list(subject=id, limit=1000)}
    for correlation in {id, story}:
        events |= {e.id: e for e in await tx.events.of(correlation_id=correlation)}
        found = await tx.runs.list(correlation_id=correlation, limit=1000)
        runs |= {r.id: r for r in found}
    return [
        *(Moment(e.occurred_at, "event", e.type, _shown(e)) for e in events.values()),
        *(Moment(r.created_at, "run", r.label, f"{r.flow} {r.state}") for r in runs.values()),
    ]


def _shown(event: EventRow) -> str:
    shown = "; ".join(_told(name, value) for name, value in event.data.items()
                      if not isinstance(value, dict))  # fmt: skip
    return f"from {event.source}" + (f": {shown}" if shown else "")


def _told(name: str, value: object) -> str:
    return f"{name} {', '.join(map(str, value)) if isinstance(value, list) else value}"


async def _holds(tx: Transaction, id: str) -> list[Moment]:
    story = {h.number: h for h in await tx.holds.list(open_only=False, object_id=id)}
    story |= {h.number: h for h in await tx.holds.list(open_only=False, correlation_id=id)}
    moments = [Moment(h.opened_at, "hold", h.label, h.reason) for h in story.values()]
    ended = (h for h in story.values() if h.resolved_at and h.resolution)
    moments += [
        Moment(h.resolved_at, "hold", h.label, f"{h.resolution} by {h.resolved_by}")
        for h in ended
        if h.resolved_at
    ]
    return moments
