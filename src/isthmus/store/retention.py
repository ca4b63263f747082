"""What is old enough to be emptied or removed. Keys by which a repeat is known stay.

Events that pass are `isthmus.store.event_partitions`' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.quota_tables import quota_use
from isthmus.store.tables import executor, inbox, run

Finished = tuple[datetime, str]
"""When a run finished, and its id: their order."""
_NOW = sa.func.clock_timestamp()


def _runs(before: datetime) -> sa.ColumnElement[bool]:
    """With literals, so that a generic plan too finds the partial index."""
    states: list[sa.ColumnElement[str]] = [
        sa.literal_column(f"'{state}'") for state in ("succeeded", "skipped")
    ]
    return sa.and_(run.c.emptied_at.is_(None), run.c.state.in_(states), run.c.finished_at < before)


def _messages(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(inbox.c.emptied_at.is_(None), inbox.c.processed_at < before)


def _message_keys(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(inbox.c.emptied_at.is_not(None), inbox.c.processed_at < before)


def _run_keys(before: datetime, flows: Sequence[str]) -> sa.ColumnElement[bool]:
    old = sa.and_(run.c.emptied_at.is_not(None), run.c.finished_at < before)
    return sa.and_(old, run.c.flow.in_(flows))


class Retained:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def runs(
        self, before: datetime, limit: int, after: Finished | None = None
    ) -> list[Finished]:
        """Runs that ended well before an instant and still have their steps, the oldest first."""
        place = sa.tuple_(run.c.finished_at, run.c.id)
        further = sa.true() if after is None else place > sa.tuple_(*map(sa.literal, after))
        rows = await self._connection.execute(
            sa.select(run.c.finished_at, run.c.id)
            .where(_runs(before), further)
            .order_by(run.c.finished_at, run.c.id)
            .limit(limit)
        )
        return [(finished_at, id) for finished_at, id in rows]

    async def emptied(self, runs: Sequence[str]) -> None:
        await self._connection.execute(
            sa.update(run).where(run.c.id.in_(runs)).values(emptied_at=_NOW)
        )

    async def empty_messages(self, before: datetime, limit: int) -> int:
        oldest = (
            sa.select(inbox.c.id)
            .where(_messages(before))
            .order_by(inbox.c.processed_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        emptied = await self._connection.execute(
            sa.update(inbox)
            .where(inbox.c.id.in_(oldest.scalar_subquery()))
            .values(headers={}, body=b"", emptied_at=_NOW)
        )
        return emptied.rowcount

    async def remove_messages(self, before: datetime, limit: int) -> int:
        return await self._remove(inbox, inbox.c.id, _message_keys(before), limit)

    async def remove_runs(self, before: datetime, flows: Sequence[str], limit: int) -> int:
        return await self._remove(run, run.c.id, _run_keys(before, flows), limit)

    async def remove_executors(self, before: datetime, limit: int) -> int:
        """Heartbeats of workers that are long dead: their runs have been taken over."""
        return await self._remove(executor, executor.c.id, executor.c.seen_at < before, limit)

    async def _remove(
        self, table: sa.Table, id: sa.Column[str], old: sa.ColumnElement[bool], limit: int
    ) -> int:
        found = sa.select(id).where(old).limit(limit).with_for_update(skip_locked=True)
        removed = await self._connection.execute(
            sa.delete(table).where(id.in_(found.scalar_subquery()))
        )
        return removed.rowcount

    async def remove_quota_use(self, before: datetime) -> int:
        removed = await self._connection.execute(
            sa.delete(quota_use).where(quota_use.c.since < before)
        )
        return removed.rowcount

    async def old_runs(self, before: datetime) -> int:
        return await self._count(run, _runs(before))

    async def old_messages(self, before: datetime) -> int:
        return await self._count(inbox, _messages(before))

    async def old_message_keys(self, before: datetime) -> int:
        return await self._count(inbox, _message_keys(before))

    async def old_run_keys(self, before: datetime, flows: Sequence[str]) -> int:
        return await self._count(run, _run_keys(before, flows))

    async def old_quota_use(self, before: datetime) -> int:
        return await self._count(quota_use, quota_use.c.since < before)

    async def _count(self, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(condition)
        return int(await self._connection.scalar(query) or 0)
