"""From an account's rows to the principal that it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from isthmus.access.permissions import AccessRole, Permission
from isthmus.access.principal import Grant, Principal
from isthmus.store.accounts import AccountRow, Given
from isthmus.store.database import Transaction

Regions = Mapping[str, Collection[str]]
"""Name of a region -> codes of its legal entities."""


def grants_of(given: Iterable[Given], regions: Regions) -> frozenset[Grant]:
    """A region that the landscape no longer has gives nothing: it is taken for a legal entity
    which nothing belongs to.
    """
    found: set[Grant] = set()
    for role, scope in given:
        for entity in regions.get(scope, (scope,)) if scope else (None,):
            found.add(Grant(AccessRole(role), entity))
    return frozenset(found)


async def principal_of(
    tx: Transaction, row: AccountRow, regions: Regions, scopes: Collection[str] | None = None
) -> Principal:
    grants = grants_of(await tx.accounts.grants(row.id), regions)
    narrowed = None if scopes is None else frozenset(Permission(scope) for scope in scopes)
    return Principal(row.name, row.shown, row.kind, grants, narrowed)


def read_grant(written: str) -> Given:
    """`finance` or `finance@AURELIA-UK`. Raises ValueError."""
    role, at, scope = written.partition("@")
    if at and not scope:
        raise ValueError(f"{written!r} names no legal entity or region after the @")
    try:
        return AccessRole(role).value, scope
    except ValueError:
        known = ", ".join(AccessRole)
        raise ValueError(f"{role!r} is not a role; there are {known}") from None
