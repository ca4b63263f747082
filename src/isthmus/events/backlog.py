"""How many time entries wait to be rated, known before more are taken in.

While less than half of what may wait does, the number is counted again beside the requests: none
of them waits for it.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import Context

import structlog
from sqlalchemy.exc import SQLAlchemyError

from isthmus.kit.first_line import first_line
from isthmus.store.database import Database, Transaction

log = structlog.get_logger()
COUNTED_EVERY = 1.0
"""Seconds for which a count is believed, as long as it is below the limit."""


class Backlogged(Exception):
    """As many entries wait to be rated as may wait."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit:,} time entries or more wait to be rated")


class Backlog:
    """Of one process. Its own additions count at once, those of others at the next count."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database, self._limit = database, limit
        self._waiting, self._counted_at = limit, float("-inf")
        self._counting: asyncio.Task[None] | None = None

    def add(self, entries: int) -> None:
        self._waiting += entries

    async def ensure_room(self, key: str) -> None:
        """Raises Backlogged, but not for a key whose request has its answer already."""
        is_old = time.monotonic() - self._counted_at > COUNTED_EVERY
        if self._waiting < self._limit / 2:
            if is_old and (self._counting is None or self._counting.done()):
                # A context of its own: the count is no part of the request that happens to come.
                self._counting = asyncio.create_task(
                    self._beside(), name="backlog", context=Context()
                )
        elif is_old or self._waiting >= self._limit:
            await self._now(key)

    async def close(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.wait([self._counting])

    async def _now(self, key: str) -> None:
        async with self._database.begin() as tx:
            if await tx.submissions.many([key]):
                return
            await self._count(tx)
        if self._waiting >= self._limit:
            raise Backlogged(self._limit)

    async def _beside(self) -> None:
        """Old keys are forgotten on this occasion."""
        try:
            async with self._database.begin() as tx:
                await self._count(tx)
                await tx.submissions.forget_old()
        except SQLAlchemyError as error:
            log.warning("backlog.not_counted", reason=first_line(error))

    async def _count(self, tx: Transaction) -> None:
        self._counted_at = time.monotonic()
        self._waiting = await tx.entries.waiting(self._limit)
