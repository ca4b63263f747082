"""Heartbeats of worker processes, and whose runs nobody is working on."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.tables import executor


class Executors:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def beat(self, id: str) -> None:
        await self._connection.execute(
            insert(executor)
            .values(id=id)
            .on_conflict_do_update(
                index_elements=[executor.c.id], set_={"seen_at": sa.func.clock_timestamp()}
            )
        )

    async def leave(self, id: str) -> None:
        await self._connection.execute(sa.delete(executor).where(executor.c.id == id))

    async def orphaned(self, me: str, ttl_seconds: float) -> list[str]:
        """Executors with unfinished runs and no fresh heartbeat."""
        rows = await self._connection.execute(
            sa.text(
                "select distinct w.executor_id from dbos.workflow_status w "
                "left join executor e on e.id = w.executor_id "
                "where w.status = 'PENDING' and w.executor_id <> :me and (e.seen_at is null "
                "or e.seen_at < clock_timestamp() - make_interval(secs => :ttl))"
            ),
            {"me": me, "ttl": ttl_seconds},
        )
        return [id for (id,) in rows]

    async def claimed(self, me: str, seconds: float) -> list[str]:
        """Runs that this executor has taken, so long ago at least, and not finished."""
        rows = await self._connection.execute(
            sa.text(
                "select workflow_uuid from dbos.workflow_status "
                "where status = 'PENDING' and executor_id = :me "
                "and updated_at < (extract(epoch from clock_timestamp()) - :seconds) * 1000"
            ),
            {"me": me, "seconds": seconds},
        )
        return [id for (id,) in rows]

    async def alive(self, ttl_seconds: float) -> int:
        return int(
            (
                await self._connection.execute(
                    sa.select(sa.func.count())
                    .select_from(executor)
                    .where(
                        executor.c.seen_at
                        > sa.func.clock_timestamp()
                        - sa.func.make_interval(0, 0, 0, 0, 0, 0, ttl_seconds)
                    )
                )
            ).scalar_one()
        )
