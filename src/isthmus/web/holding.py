"""Holds that a caller sees and acts on: those of companies where the caller's role allows it."""

from __future__ import annotations

from isthmus.access import Permission, Principal
from isthmus.app import App
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
