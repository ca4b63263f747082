"""Few entries at a time are gathered for a moment, and then batched by whoever took them in."""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import SQLAlchemyError

from isthmus.events.batching import batch_time
from isthmus.events.outbox import Outbox
from isthmus.kit.first_line import first_line
from isthmus.store.database import Database

GATHERED = 0.2
"""Seconds: callers who post entries one by one then share a run."""
PRESSED, LONGER = 20, 1.0
"""From so many entries in one gathering on, the next one lasts so many seconds: what a run costs by
itself is then shared by as many as a worker can keep up with.
"""
log = structlog.get_logger()


class BatchSoon:
    """What is left undone here, the workers do within two seconds."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database, self._outbox = database, outbox
        self._wanted = 0
        self._task: asyncio.Task[None] | None = None

    def nudge(self, entries: int) -> None:
        self._wanted += entries
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="batch soon")

    async def _run(self) -> None:
        gathered = 0
        while self._wanted:
            await asyncio.sleep(GATHERED if gathered < PRESSED else LONGER)
            gathered, self._wanted = self._wanted, 0
            try:
                await batch_time(self._database, self._outbox)
            except SQLAlchemyError as error:
                log.warning("batch.left", reason=first_line(error))

    async def close(self) -> None:
        if self._task is not None:
            self._wanted = 0
            await self._task
