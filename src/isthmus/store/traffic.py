"""Requests answered and calls made, of all processes together, by hour and duration."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.measure_tables import traffic

BOUNDS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)
"""Milliseconds."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_KEY = ["side", "name", "outcome", "le_ms", "hour"]


@dataclass(frozen=True)
class Counted:
    """`le_ms` is the bound that the duration is within; 0: none."""

    side: str
    name: str
    outcome: str
    le_ms: int
    calls: int
    total_ms: int


class Traffic:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, rows: Sequence[Counted], now: datetime) -> None:
        """In one order for everybody, so that two processes do not wait for each other."""
        if not rows:
            return
        hour = now.replace(minute=0, second=0, microsecond=0)
        await self._connection.execute(_adding(), [{**vars(row), "hour": hour} for row in rows])

    async def totals(self) -> builtins.list[Counted]:
        """Since the installation began."""
        names = (traffic.c.side, traffic.c.name, traffic.c.outcome, traffic.c.le_ms)
        rows = await self._connection.execute(
            sa.select(*names, sa.func.sum(traffic.c.calls), sa.func.sum(traffic.c.total_ms))
            .group_by(*names)
            .order_by(*names)
        )
        return [Counted(s, n, o, le, int(c), int(t)) for s, n, o, le, c, t in rows]

    async def since(self, side: str, hour: datetime) -> builtins.list[Counted]:
        """Of the hours from this one on, together."""
        names = (traffic.c.side, traffic.c.name, traffic.c.outcome, traffic.c.le_ms)
        rows = await self._connection.execute(
            sa.select(*names, sa.func.sum(traffic.c.calls), sa.func.sum(traffic.c.total_ms))
            .where(traffic.c.side == side, traffic.c.hour >= hour)
            .group_by(*names)
            .order_by(*names)
        )
        return [Counted(s, n, o, le, int(c), int(t)) for s, n, o, le, c, t in rows]

    async def fold(self, before: datetime) -> None:
        """Add up the hours before an instant: what is counted never grows less."""
        old = sa.and_(traffic.c.hour < before, traffic.c.hour > LONG_AGO)
        gone = sa.delete(traffic).where(old).returning(*traffic.c).cte("gone")
        names = (gone.c.side, gone.c.name, gone.c.outcome, gone.c.le_ms)
        summed = sa.select(
            *names, sa.literal(LONG_AGO), sa.func.sum(gone.c.calls), sa.func.sum(gone.c.total_ms)
        ).group_by(*names)
        statement = insert(traffic).from_select([*_KEY, "calls", "total_ms"], summed)
        await self._connection.execute(_summing(statement))


def _adding() -> Insert:
    return _summing(insert(traffic))


def _summing(statement: Insert) -> Insert:
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=_KEY,
        set_={
            "calls": traffic.c.calls + new.calls,
            "total_ms": traffic.c.total_ms + new.total_ms,
        },
    )
