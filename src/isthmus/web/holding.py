"""Holds that a caller sees and acts on: those of companies where the caller's role allows it."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import HTTPException

from isthmus.access import Permission, Principal
from isthmus.app import App
from isthmus.canonical import BY_KIND
from isthmus.canonical.base import references
from isthmus.kit.ids import is_uuid
from isthmus.store.holds import HoldRow


async def hold_seen(app: App, who: Principal, label: str, permission: Permission) -> HoldRow | None:
    """None also for a hold of a company where this is not allowed. Raises Forbidden."""
    who.ensure(permission)
    entities = who.entities(permission)
    async with app.database.begin() as tx:
        hold = await tx.holds.find(label)
        if hold is None or entities is None:
            return hold
        return hold if await tx.listings.entity_of_hold(hold.number) in entities else None


async def ensure_pointed_seen(
    app: App, who: Principal, hold: HoldRow, values: Mapping[str, str]
) -> None:
    """A correction points at nothing of a company where the caller may correct nothing: 404."""
    model = BY_KIND.get(hold.object_kind or "")
    entities = who.entities(Permission.HOLDS_FIX)
    kinds = references(model) if model else {}
    async with app.database.begin() as tx:
        for name, value in values.items():
            kind = kinds.get(name)
            if kind and is_uuid(value) and not await tx.listings.is_of(kind, value, entities):
                raise HTTPException(404, f"there is no {kind.replace('_', ' ')} {value}")
