"""Secrets of ours, sealed by `isthmus.access.sealing`: all columns that hold any."""

from __future__ import annotations

import builtins
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.access_tables import signing_key

COLUMNS: tuple[tuple[sa.Column[str], sa.Column[bytes]], ...] = (
    (signing_key.c.id, signing_key.c.sealed),
)


@dataclass(frozen=True)
class SealedRow:
    table: str
    id: str
    sealed: bytes

    @property
    def about(self) -> str:
        """The name that it is bound to."""
        return f"{self.table}:{self.id}"


class Sealed:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self) -> builtins.list[SealedRow]:
        """All, locked until the end."""
        found = []
        for id, sealed in COLUMNS:
            query = sa.select(id, sealed).order_by(id).with_for_update()
            rows = await self._connection.execute(query)
            found += [SealedRow(id.table.name, key, value) for key, value in rows]
        return found

    async def replace(self, row: SealedRow, sealed: bytes) -> None:
        id, column = next(pair for pair in COLUMNS if pair[0].table.name == row.table)
        await self._connection.execute(
            sa.update(column.table).where(id == row.id).values({column.name: sealed})
        )
