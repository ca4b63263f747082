"""Who may act on reconciliations: on a run as a whole who may in all its companies, on a break who
may in its own.
"""

from __future__ import annotations

from collections.abc import Collection

from fastapi import HTTPException

from isthmus.access import AccessRole, Forbidden, Permission, Principal
from isthmus.app import App

SIGNERS = {
    "finance": {AccessRole.FINANCE, AccessRole.ADMIN},
    "delivery": {AccessRole.PMO, AccessRole.DELIVERY, AccessRole.ADMIN},
}
"""Roles of the firm that may give each signature."""


def ensure_everywhere(who: Principal, what: Permission, entities: Collection[str]) -> None:
    """Raises Forbidden."""
    for code in entities:
        who.ensure(what, code)


def may_sign(who: Principal, role: str, entities: Collection[str]) -> bool:
    try:
        ensure_everywhere(who, Permission.RECONCILIATION_SIGN, entities)
    except Forbidden:
        return False
    return bool(who.roles & SIGNERS[role])


async def ensure_break_seen(app: App, who: Principal, what: Permission, label: str) -> None:
    """A break of a company where the caller may not do this is as if it were not there: 404."""
    async with app.database.begin() as tx:
        found = await tx.breaks.find(label)
    seen = who.entities(what)
    if found is None or (seen is not None and found.entity not in seen):
        raise HTTPException(404, f"there is no break {label}")
