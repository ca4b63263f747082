"""Cross-references: every system's own id of one canonical object.

A `space` is where ids are unique: a connection, or the platform that several connections share
(a Salesforce org and the packages in it).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.bulk import pairs
from isthmus.store.columns import among, listed
from isthmus.store.tables import xref


class XrefConflict(Exception):
    """An external id is linked to another object already, or the object to another id."""


@cache
def _of(given: sa.Column[str], wanted: sa.Column[str]) -> sa.Select[Any]:
    """One look-up for each kind and id: a list to compare with is gone through for each row."""
    asked = pairs(sa.Text, type(given.type))
    found = sa.and_(
        xref.c.space == sa.bindparam("given_space"),
        xref.c.kind == asked.c.value,
        given == asked.c.id,
    )
    return sa.select(xref.c.kind, given, wanted).select_from(asked.join(xref, found))


class Xref:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def canonical(self, kind: str, space: str, external_id: str) -> str | None:
        return await self._connection.scalar(
            sa.select(xref.c.canonical_id).where(
                xref.c.kind == kind, xref.c.space == space, xref.c.external_id == external_id
            )
        )

    async def canonical_many(
        self, kind: str, space: str, external_ids: Iterable[str]
    ) -> dict[str, str]:
        rows = await self._connection.execute(
            sa.select(xref.c.external_id, xref.c.canonical_id).where(
                xref.c.kind == kind,
                xref.c.space == space,
                among(xref.c.external_id, set(external_ids)),
            )
        )
        return dict(rows.all())

    async def canonical_of(
        self, space: str, named: Mapping[str, Collection[str]]
    ) -> dict[tuple[str, str], str]:
        """Objects of several kinds in one query: kind and external id -> canonical id."""
        return await self._of(space, named, xref.c.external_id, xref.c.canonical_id)

    async def external_of(
        self, space: str, named: Mapping[str, Collection[str]]
    ) -> dict[tuple[str, str], str]:
        """Objects of several kinds in one query: kind and canonical id -> external id."""
        return await self._of(space, named, xref.c.canonical_id, xref.c.external_id)

    async def _of(
        self,
        space: str,
        named: Mapping[str, Collection[str]],
        given: sa.Column[str],
        wanted: sa.Column[str],
    ) -> dict[tuple[str, str], str]:
        asked = [(id, kind) for kind, ids in named.items() for id in set(ids)]
        rows = await self._connection.execute(
            _of(given, wanted),
            {
                "given_space": space,
                "given_ids": listed(id for id, _ in asked),
                "given_values": listed(kind for _, kind in asked),
            },
        )
        return {(kind, id): found for kind, id, found in rows}

    async def external(self, kind: str, space: str, canonical_id: str) -> str | None:
        return await self._connection.scalar(
            sa.select(xref.c.external_id).where(
                xref.c.kind == kind, xref.c.space == space, xref.c.canonical_id == canonical_id
            )
        )

    async def external_many(
        self, kind: str, space: str, canonical_ids: Iterable[str]
    ) -> dict[str, str]:
        rows = await self._connection.execute(
            sa.select(xref.c.canonical_id, xref.c.external_id).where(
                xref.c.kind == kind,
                xref.c.space == space,
                among(xref.c.canonical_id, set(canonical_ids)),
            )
        )
        return dict(rows.all())

    async def count(self, kind: str, space: str) -> int:
        """How many objects of a kind are known in a space."""
        return int(
            await self._connection.scalar(
                sa.select(sa.func.count()).where(xref.c.kind == kind, xref.c.space == space)
            )
            or 0
        )

    async def all_of(self, canonical_id: str) -> list[tuple[str, str, str]]:
        """(kind, space, external id) of every system that knows the object."""
        rows = await self._connection.execute(
            sa.select(xref.c.kind, xref.c.space, xref.c.external_id)
            .where(xref.c.canonical_id == canonical_id)
            .order_by(xref.c.space)
        )
        return [(kind, space, external) for kind, space, external in rows]

    async def link(self, kind: str, canonical_id: str, space: str, external_id: str) -> bool:
        """Link once; a repeat of the same link is a no-op (False), any other link is refused."""
        added = await self._connection.execute(
            insert(xref)
            .values(kind=kind, canonical_id=canonical_id, space=space, external_id=external_id)
            .on_conflict_do_nothing()
            .returning(xref.c.kind)
        )
        is_new = added.first() is not None
        held = await self.canonical(kind, space, external_id)
        if held != canonical_id:
            known = await self.external(kind, space, canonical_id)
            raise XrefConflict(
                f"{kind} {external_id} of {space} cannot be linked to {canonical_id}: "
                + (f"it belongs to {held}" if held else f"that is linked to {known} already")
            )
        return is_new

    async def unlink(self, kind: str, canonical_id: str, space: str) -> None:
        await self._connection.execute(
            sa.delete(xref).where(
                xref.c.kind == kind, xref.c.canonical_id == canonical_id, xref.c.space == space
            )
        )

    async def merge(self, kind: str, source: str, target: str) -> None:
        """Every system that knew `source` knows `target` from now on."""
        await self._connection.execute(
            sa.update(xref)
            .where(xref.c.kind == kind, xref.c.canonical_id == source)
            .values(canonical_id=target)
        )
