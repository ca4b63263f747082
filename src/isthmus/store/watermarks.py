"""Stored watermarks; saved in the transaction that ingests the page they belong to."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.columns import among
from isthmus.store.tables import watermark


class Watermarks:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, connection: str, kind: str) -> dict[str, Any] | None:
        return await self._connection.scalar(
            sa.select(watermark.c.state).where(
                watermark.c.connection == connection, watermark.c.kind == kind
            )
        )

    async def save(self, connection: str, kind: str, state: dict[str, Any]) -> None:
        statement = insert(watermark).values(connection=connection, kind=kind, state=state)
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[watermark.c.connection, watermark.c.kind],
                set_={
                    "state": statement.excluded.state,
                    "updated_at": sa.func.clock_timestamp(),
                },
            )
        )

    async def touch(self, connection: str, kind: str) -> None:
        """It was read again, and there was nothing new."""
        await self._connection.execute(
            sa.update(watermark)
            .where(watermark.c.connection == connection, watermark.c.kind == kind)
            .values(updated_at=sa.func.clock_timestamp())
        )

    async def first_read(self, connection: str, kind: str) -> None:
        """Its first reading came to an end: what is not known of it by now is not there, or is not
        shown. Said again, it changes nothing.
        """
        now = sa.func.clock_timestamp()
        statement = insert(watermark).values(
            connection=connection, kind=kind, state={}, first_read_at=now
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[watermark.c.connection, watermark.c.kind],
                set_={"first_read_at": now},
                where=watermark.c.first_read_at.is_(None),
            )
        )

    async def read_once(self, connection: str, kinds: Collection[str]) -> set[str]:
        """Those of the kinds whose first reading has come to its end."""
        rows = await self._connection.scalars(
            sa.select(watermark.c.kind).where(
                watermark.c.connection == connection,
                among(watermark.c.kind, kinds),
                watermark.c.first_read_at.is_not(None),
            )
        )
        return set(rows)

    async def list(self) -> list[tuple[str, str, str, datetime]]:
        """(connection, kind, position, read at) of every stream read so far."""
        rows = await self._connection.execute(
            sa.select(
                watermark.c.connection,
                watermark.c.kind,
                watermark.c.state["position"].as_string(),
                watermark.c.updated_at,
            )
            .where(watermark.c.state.has_key("position"))
            .order_by(watermark.c.connection, watermark.c.kind)
        )
        return [(c, k, p, at) for c, k, p, at in rows]
