"""The event log: appended to in the transaction that makes the event true."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.event_tables import event, event_floor


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

    async def append(self, values: Mapping[str, Any], *, lasts: bool = True) -> int:
        """Insert one event; its position in the log. One that does not last goes with its time."""
        return int(
            (
                await self._connection.execute(
                    sa.insert(event).values(**values, lasts=lasts).returning(event.c.position)
                )
            ).scalar_one()
        )

    async def between(
        self,
        after: int,
        upto: int,
        limit: int,
        *,
        types: Collection[str] | None = None,
        subject: str | None = None,
    ) -> list[EventRow]:
        """Events after one position and up to another, that included."""
        conditions = [event.c.position > after, event.c.position <= upto]
        if types is not None:
            conditions.append(event.c.type.in_(types))
        if subject is not None:
            conditions.append(event.c.subject == subject)
        return await self._select(sa.and_(*conditions), limit)

    async def find(self, id: str) -> EventRow | None:
        found = await self._select(event.c.id == id, 1)
        return found[0] if found else None

    async def end(self) -> int:
        """Highest position that is committed, removed or not; 0 before the first event."""
        last = sa.select(sa.func.max(event.c.position)).scalar_subquery()
        floor = sa.select(event_floor.c.position).scalar_subquery()
        return int(await self._connection.scalar(sa.select(sa.func.greatest(last, floor, 0))) or 0)

    async def writers(self) -> frozenset[str]:
        """Transactions that may have taken a position and have not ended.

        Inserting locks the table until the transaction ends, and before the position is taken.
        """
        rows = await self._connection.execute(
            sa.text(
                "select virtualtransaction from pg_locks where locktype = 'relation' "
                "and relation = 'event'::regclass and mode = 'RowExclusiveLock' and granted "
                "and database = (select oid from pg_database where datname = current_database())"
            )
        )
        return frozenset(writer for (writer,) in rows)

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
