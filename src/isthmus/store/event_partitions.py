"""Partitions of the events that pass: made ahead, dropped whole; from where on the log is whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.event_tables import event_floor
from isthmus.store.tables import destination

_NOW = sa.func.clock_timestamp()
_PATIENCE = "set local lock_timeout = '5s'"
"""Who reads or writes events behind us waits as long as we do."""
_PARTITIONS = """
    select c.relname,
        (regexp_match(pg_get_expr(c.relpartbound, c.oid), $$ TO \\('([^']+)'\\)$$))[1]::timestamptz
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'event_passing'::regclass order by 2 nulls last
"""

_EMPTY_REST = """
    delete from event_passing_rest where position in (
        select position from event_passing_rest
        where occurred_at < :before and position <= coalesce(:behind, position) limit :limit
    ) returning position
"""


@dataclass(frozen=True)
class Partition:
    """`ends_at`: events that happened before it; None: what no other one takes."""

    name: str
    ends_at: datetime | None


class EventPartitions:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self) -> list[Partition]:
        """The oldest first."""
        return [Partition(*row) for row in await self._connection.execute(sa.text(_PARTITIONS))]

    async def make_ahead(self, until: datetime, width: timedelta) -> int:
        """Cover the time from now up to `until`; how many were made."""
        ends = [p.ends_at for p in await self.list() if p.ends_at is not None]
        if ends and ends[-1] >= until:
            return 0
        start, made = max([*ends[-1:], await self._alone()]), 0
        while start < until:
            await self._make(start, start + width)
            start, made = start + width, made + 1
        return made

    async def _alone(self) -> datetime:
        """Since when nobody else writes: events that had no room are in the rest, and before it."""
        await self._connection.execute(sa.text(_PATIENCE))
        await self._connection.execute(sa.text("lock table event_passing in access exclusive mode"))
        now: datetime = (await self._connection.execute(sa.select(_NOW))).scalar_one()
        return now

    async def _make(self, start: datetime, end: datetime) -> None:
        name = f"event_passing_{start.astimezone(UTC):%Y%m%dt%H%M%S%f}"
        await self._connection.execute(
            sa.text(
                f"create table {name} partition of event_passing "
                f"for values from ('{start.isoformat()}') to ('{end.isoformat()}')"
            )
        )

    async def slowest(self) -> int | None:
        """Last event that every destination has; it stays true until the transaction ends."""
        rows = await self._connection.execute(
            sa.select(destination.c.position).with_for_update(read=True)
        )
        return min((position for (position,) in rows), default=None)

    async def drop(self, partition: Partition, behind: int | None) -> int | None:
        """Drop one; the number of its events. None: one of them lies beyond a position."""
        await self._connection.execute(sa.text(_PATIENCE))
        counted = await self._connection.execute(
            sa.text(f"select count(*), coalesce(max(position), 0) from {partition.name}")
        )
        rows, last = counted.one()
        if behind is not None and last > behind:
            return None
        await self._raise_floor(last)
        await self._connection.execute(sa.text(f"drop table {partition.name}"))
        return int(rows)

    async def empty_rest(self, before: datetime, behind: int | None, limit: int) -> int:
        """Remove old events that have no partition; how many of at most `limit` there were."""
        removed = await self._connection.execute(
            sa.text(_EMPTY_REST), {"before": before, "behind": behind, "limit": limit}
        )
        positions = [position for (position,) in removed]
        await self._raise_floor(max(positions, default=0))
        return len(positions)

    async def count(self, before: datetime) -> int:
        """Events in what would be dropped."""
        due = [p for p in await self.list() if p.ends_at is None or p.ends_at <= before]
        counts = [
            f"select count(*) n from {p.name}"
            + ("" if p.ends_at else f" where occurred_at < '{before.isoformat()}'")
            for p in due
        ]
        query = f"select sum(n) from ({' union all '.join(counts)}) counted"
        return int(await self._connection.scalar(sa.text(query)) or 0)

    async def floor(self) -> int:
        return int(await self._connection.scalar(sa.select(event_floor.c.position)) or 0)

    async def _raise_floor(self, position: int) -> None:
        await self._connection.execute(
            sa.update(event_floor)
            .where(event_floor.c.position < position)
            .values(position=position, moved_at=_NOW)
        )
