"""Whose object a system's record is: by the key that it carries, else by our cross-reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from isthmus.canonical import CanonicalObject, LegalEntity
from isthmus.connect import Change
from isthmus.reconcile.promise import Scope
from isthmus.store.database import Transaction


async def canonical_ids(
    tx: Transaction, scope: Scope, connection: str, changes: Sequence[Change]
) -> dict[str, str]:
    """External id -> canonical id of those that are known."""
    carried = {c.external_id: c.canonical_id for c in changes if c.canonical_id}
    rest = [c.external_id for c in changes if not c.canonical_id]
    if not rest:
        return carried
    kind = changes[0].model.kind
    linked = await tx.xref.canonical_many(kind, scope.space(connection), rest)
    return {**carried, **linked}


def named(canonical: str | None, connection: str, external_id: str) -> str:
    """The key of a comparison: nothing of ours is called as a stranger is."""
    return canonical or f"{connection}:{external_id}"


async def entity_codes(
    tx: Transaction, scope: Scope, connection: str, external_ids: Iterable[str | None]
) -> dict[str, str]:
    """A ledger's company -> our code of it."""
    ids = await referenced(tx, scope, connection, LegalEntity, external_ids)
    found = await tx.records.many(LegalEntity, ids.values())
    return {external: found[id].code for external, id in ids.items() if id in found}


async def referenced(
    tx: Transaction,
    scope: Scope,
    connection: str,
    model: type[CanonicalObject],
    external_ids: Iterable[str | None],
) -> dict[str, str]:
    """External id -> canonical id of what records point at."""
    ids = {str(id) for id in external_ids if id}
    return await tx.xref.canonical_many(model.kind, scope.space(connection), ids)
