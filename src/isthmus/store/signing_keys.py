"""Keys that sign what this installation gives out, encrypted."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.access_tables import signing_key

_NOW = sa.func.clock_timestamp()


@dataclass(frozen=True)
class SigningKeyRow:
    id: str
    sealed: bytes
    created_at: datetime
    retired_at: datetime | None


_COLUMNS = [signing_key.c[name] for name in SigningKeyRow.__dataclass_fields__]


class SigningKeys:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, kept: timedelta) -> builtins.list[SigningKeyRow]:
        """The one that signs first, then those that were retired no longer ago than `kept`."""
        rows = await self._connection.execute(
            sa.select(*_COLUMNS)
            .where(sa.or_(signing_key.c.retired_at.is_(None),
                          signing_key.c.retired_at > _NOW - kept))
            .order_by(signing_key.c.retired_at.desc().nulls_first(),
                      signing_key.c.created_at.desc())
        )  # fmt: skip
        return [SigningKeyRow(*row) for row in rows]

    async def add(self, id: str, sealed: bytes) -> None:
        await self._connection.execute(sa.insert(signing_key).values(id=id, sealed=sealed))

    async def retire_all(self) -> None:
        await self._connection.execute(
            sa.update(signing_key).where(signing_key.c.retired_at.is_(None)).values(retired_at=_NOW)
        )

    async def remove_retired(self, kept: timedelta) -> None:
        await self._connection.execute(
            sa.delete(signing_key).where(signing_key.c.retired_at <= _NOW - kept)
        )
