"""Fail-over without an outside controller: workers beat, and take over the silent ones' runs.

DBOS leaves this to its vendor's service; recovery itself is idempotent, so no leader is needed. A
pause of our own (the database was away, the process was stopped) gives the peers one time-to-live
of grace before anyone is called dead.
"""

from __future__ import annotations

import asyncio
import time

import structlog
from dbos import DBOS
from dbos._utils import INTERNAL_QUEUE_NAME
from sqlalchemy.exc import SQLAlchemyError

from isthmus.kit.first_line import first_line
from isthmus.store.database import Database

log = structlog.get_logger()


class FailOver:
    def __init__(self, database: Database, executor_id: str, lease_seconds: float) -> None:
        self._database, self._id, self._ttl = database, executor_id, lease_seconds
        self._every = lease_seconds / 5
        self._task: asyncio.Task[None] | None = None
        self._takes_over = True

    async def is_anyone_at_work(self) -> bool:
        async with self._database.begin() as tx:
            return bool(await tx.executors.alive(self._ttl))

    async def beat(self) -> None:
        """Before the engine launches: a claimed run must never look orphaned."""
        async with self._database.begin() as tx:
            await tx.executors.beat(self._id)

    def start(self, dbos: DBOS) -> None:
        self._task = asyncio.create_task(self._watch(dbos), name="failover")

    def retire(self) -> None:
        """Go on beating, for the runs in hand, but take over nothing more."""
        self._takes_over = False

    async def leave(self) -> None:
        """Graceful stop: peers take over on their next pass."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        async with self._database.begin() as tx:
            await tx.executors.leave(self._id)

    async def take_over(self) -> list[str]:
        """Recover the runs of executors without a fresh heartbeat; the executors found dead."""
        async with self._database.begin() as tx:
            dead = await tx.executors.orphaned(self._id, self._ttl)
        if dead:
            taken = await asyncio.to_thread(DBOS._recover_pending_workflows, dead)
            log.warning("runs.taken_over", executors=dead, runs=len(taken))
        return dead

    async def begin_unbegun(self, dbos: DBOS) -> list[str]:
        """Put back what this process has taken and does not work on; the ids of these.

        Where the database breaks off as a claim commits, DBOS hears nothing and begins nothing; the
        rows are ours all the same, and as long as we live nobody would begin them.
        """
        async with self._database.begin() as tx:
            claimed = await tx.executors.claimed(self._id, self._ttl)
        unbegun = sorted(set(claimed) - set(dbos._active_workflows_set.activeList()))
        put_back = [id for id in unbegun if await asyncio.to_thread(self._put_back, dbos, id)]
        if put_back:
            log.warning("runs.put_back", runs=len(put_back))
        return put_back

    def _put_back(self, dbos: DBOS, id: str) -> bool:
        return dbos._sys_db.reenqueue_for_recovery(id, [self._id], INTERNAL_QUEUE_NAME)

    async def _watch(self, dbos: DBOS) -> None:
        last, grace = time.monotonic(), 0.0
        while True:
            try:
                await self.beat()
                now = time.monotonic()
                if now - last > self._ttl / 2:
                    grace = now + self._ttl
                last = now
                if now > grace and self._takes_over:
                    await self.take_over()
                    await self.begin_unbegun(dbos)
            except SQLAlchemyError as error:
                log.warning("failover.paused", reason=first_line(error))
            except Exception:
                # The edge of a task: without heartbeats the peers would take our runs over.
                log.exception("failover.defect")
            await asyncio.sleep(self._every)
