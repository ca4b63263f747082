"""What happened around a hold: before it, and what people did with it since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from isthmus.access import Permission, Principal
from isthmus.access.pii import masked
from isthmus.canonical import CanonicalObject
from isthmus.console.payload import compact, stored
from isthmus.console.words import words
from isthmus.observe.journey import journey_of
from isthmus.store.database import Transaction
from isthmus.store.events import EventRow
from isthmus.store.holds import RESOLVED, HoldRow
from isthmus.store.lookup import Found

BEFORE = 12
_DID = {
    "hold.fixed": "corrected it", "hold.replayed": "replayed it", "hold.skipped": "skipped it",
    "hold.assigned": "assigned it", "hold.commented": "said",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    at: datetime
    who: str
    what: str
    detail: str


async def story(tx: Transaction, who: Principal, hold: HoldRow) -> dict[str, Any]:
    """`history` of the hold, the youngest first; `before` it, as the object's journey knows it."""
    acts = [_told(act, who) for act in await tx.events.of(subject=hold.label) if act.type in _DID]
    notices = [
        Told(n.told_at, n.desk, f"was told: {words(n.kind)}", n.reference or "")
        for n in await tx.notices.of_hold(hold.number)
        if n.told_at is not None
    ]
    told = [Told(hold.opened_at, "Isthmus", "stopped it", hold.reason), *acts, *notices]
    if hold.state == RESOLVED and hold.resolved_at is not None:
        told.append(
            Told(hold.resolved_at, hold.resolved_by or "", "ended it", hold.resolution or "")
        )
    return {
        "history": sorted(told, key=lambda one: one.at, reverse=True),
        "before": await _before(tx, hold),
    }


def _told(act: EventRow, who: Principal) -> Told:
    """A correction of personal data is told to everybody, and its values to who may see them."""
    data = act.data
    before, after = data.get("before") or {}, data.get("after") or {}
    if not who.may(Permission.PII_READ):
        before, after = (masked(data.get("object_kind"), values) for values in (before, after))
    detail = str(data.get("reason") or after.get("comment") or "")
    if act.type == "hold.fixed":
        detail = f"{compact(before) or 'nothing'} → {compact(after)}"
    elif act.type == "hold.assigned":
        detail = f"to {after.get('assigned_to')}"
    return Told(act.occurred_at, str(data.get("by", "")), _DID[act.type], detail)


async def _before(tx: Transaction, hold: HoldRow) -> list[Any]:
    if hold.object_kind is None or hold.object_id is None:
        return []
    journey = await journey_of(tx, Found(hold.object_kind, hold.object_id, "canonical id"))
    earlier = [m for m in journey.moments if m.at <= hold.opened_at and m.name != hold.label]
    return earlier[-BEFORE:]


async def frozen_object(tx: Transaction, hold: HoldRow) -> CanonicalObject | None:
    """What the hold is about, also where it is billed and can no longer be corrected."""
    if hold.object_kind is None or hold.object_id is None:
        return None
    return await stored(tx, hold.object_kind, hold.object_id)
