"""What a person may mean by an id: ours, any system's, a ledger number, our own reference."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.tables import expense_entry, record, xref

NUMBERS = ("number", "reference", "account_number", "name")
"""Attributes by which people quote an object, the most particular first."""

ROWS = {kind: known.table for kind, known in ENTRY_KINDS.items()}


@dataclass(frozen=True, order=True)
class Found:
    """An object that an id names; `by` says whose id it is."""

    kind: str
    id: str
    by: str


@dataclass(frozen=True)
class RawRecord:
    """A record as it is stored, also one that today's model would not accept."""

    kind: str
    id: str
    version: int
    data: dict[str, Any]
    updated_at: datetime


class Lookup:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def named(self, text: str) -> list[Found]:
        """Every object that `text` names: by an exact id first, by a quoted number or name else."""
        exact = [*await self._canonical(text), *await self._external(text)]
        found = exact or await self._quoted(text)
        first: dict[tuple[str, str], Found] = {}
        for one in found:
            first.setdefault((one.kind, one.id), one)
        return sorted(first.values())

    async def _canonical(self, text: str) -> list[Found]:
        try:
            id = str(UUID(text))
        except ValueError:
            return []
        rows = await self._connection.execute(
            sa.select(record.c.kind).where(record.c.id == id).order_by(record.c.kind)
        )
        found = [Found(kind, id, "canonical id") for (kind,) in rows]
        for kind, table in ROWS.items():
            if await self._connection.scalar(sa.select(table.c.id).where(table.c.id == id)):
                found.append(Found(kind, id, "canonical id"))
        return found

    async def _external(self, text: str) -> list[Found]:
        linked = await self._connection.execute(
            sa.select(xref.c.kind, xref.c.canonical_id, xref.c.space)
            .where(xref.c.external_id == text)
            .order_by(xref.c.kind, xref.c.space)
        )
        found = [Found(kind, id, f"id in {space}") for kind, id, space in linked]
        for kind, table in ROWS.items():
            entries = await self._connection.execute(
                sa.select(table.c.id, table.c.connection)
                .where(table.c.external_id == text)
                .order_by(table.c.connection)
            )
            found += [Found(kind, id, f"id in {where}") for id, where in entries]
        return found

    async def _quoted(self, text: str) -> list[Found]:
        for attribute in NUMBERS:
            rows = await self._connection.execute(
                sa.select(record.c.kind, record.c.id)
                .where(record.c.data.contains({attribute: text}))
                .order_by(record.c.kind, record.c.id)
            )
            found = [Found(kind, id, attribute.replace("_", " ")) for kind, id in rows]
            if found:
                return found
        return await self._expense(text)

    async def _expense(self, number: str) -> list[Found]:
        rows = await self._connection.execute(
            sa.select(expense_entry.c.id)
            .where(expense_entry.c.data["number"].astext == number)
            .order_by(expense_entry.c.id)
        )
        return [Found("expense_entry", id, "number") for (id,) in rows]

    async def record(self, kind: str, id: str) -> RawRecord | None:
        row = (
            await self._connection.execute(
                sa.select(
                    record.c.kind, record.c.id, record.c.version, record.c.data, record.c.updated_at
                ).where(record.c.kind == kind, record.c.id == id)
            )
        ).first()
        return None if row is None else RawRecord(*row)

    async def links(self, kind: str, id: str) -> list[tuple[str, str, datetime]]:
        """(space, external id, linked at) of an object, oldest first."""
        rows = await self._connection.execute(
            sa.select(xref.c.space, xref.c.external_id, xref.c.linked_at)
            .where(xref.c.kind == kind, xref.c.canonical_id == id)
            .order_by(xref.c.linked_at, xref.c.space)
        )
        return [(space, external, at) for space, external, at in rows]
