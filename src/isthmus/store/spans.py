"""Messages, steps and vendor calls of stories. Events and runs are told by their own rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.measure_tables import span


class Spans:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """One that is told again is not kept twice."""
        if rows:
            values = [{**row, "detail": dict(row["detail"])} for row in rows]
            await self._connection.execute(insert(span).on_conflict_do_nothing(), values)

    async def of(self, correlation_id: str, limit: int = 10_000) -> list[Mapping[str, Any]]:
        """The earliest of a story."""
        rows = await self._connection.execute(
            sa.select(*span.c)
            .where(span.c.correlation_id == correlation_id)
            .order_by(span.c.started_at)
            .limit(limit)
        )
        return [dict(row) for row in rows.mappings()]

    async def remove(self, before: datetime) -> int:
        gone = await self._connection.execute(sa.delete(span).where(span.c.started_at < before))
        return gone.rowcount
