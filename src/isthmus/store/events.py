"""The event log: appended to in the transaction that makes the event true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.tables import event


@dataclass(frozen=True)
class EventRow:
    position: int
    id: str
    type: str
    source: str
    subject: str
    occurred_at: datetime
    correlation_id: str
    causation_id: str | None
    data: dict[str, Any]


class EventLog:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def append(self, values: Mapping[str, Any]) -> int:
        """Insert one event; its position in the log."""
        return int(
            (
                await self._connection.execute(
                    sa.insert(event).values(**values).returning(event.c.position)
                )
            ).scalar_one()
        )

    async def after(self, position: int, limit: int = 1000) -> list[EventRow]:
        return await self._select(event.c.position > position, limit)

    async def of(self, *, subject: str | None = None, correlation_id: str | None = None,
                 type: str | None = None) -> list[EventRow]:  # fmt: skip
        wanted = {"subject": subject, "correlation_id": correlation_id, "type": type}
        return await self._select(
            sa.and_(*(event.c[k] == v for k, v in wanted.items() if v is not None)), 100_000
        )

    async def _select(self, condition: sa.ColumnElement[bool], limit: int) -> list[EventRow]:
        columns = [event.c[name] for name in EventRow.__dataclass_fields__]
        rows = await self._connection.execute(
            sa.select(*columns).where(condition).order_by(event.c.position).limit(limit)
        )
        return [EventRow(*row) for row in rows]

    async def counts(self) -> dict[str, int]:
        rows = await self._connection.execute(
            sa.select(event.c.type, sa.func.count()).group_by(event.c.type).order_by(event.c.type)
        )
        return dict(rows.all())
