"""Reads the event log so that no reader passes an event which is still to be committed.

Positions are taken when an event is written and become visible when its transaction commits, so
7 may appear before 6. A position is settled once no transaction that could hold a lower one is
open; only settled events are handed out.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from isthmus.events.catalogue import PASSING
from isthmus.events.filter import EVERYTHING, Filter
from isthmus.store.database import Database
from isthmus.store.events import EventRow


@dataclass(frozen=True)
class Page:
    """`position` is where to go on: nothing before it is left that the filter would let through."""

    rows: list[EventRow]
    position: int


class Forgotten(LookupError):
    """Events behind a position are removed: who goes on there would miss them unknowingly."""

    def __init__(self, position: int, floor: int) -> None:
        super().__init__(f"events after {position} are removed up to {floor}")
        self.position, self.floor = position, floor


class Feed:
    """One per process: readers who ask at the same time share the answer."""

    def __init__(self, database: Database, *, pause: float = 0.02) -> None:
        self._database, self._pause = database, pause
        self._asking = asyncio.Lock()
        self._settled, self._asked_at = 0, float("-inf")

    async def settled(self) -> int:
        """The newest position up to which the log will not change; waits for open writers."""
        came_at = time.monotonic()
        async with self._asking:
            if self._asked_at <= came_at:
                asked_at = time.monotonic()
                self._settled = max(self._settled, await self._newest())
                self._asked_at = asked_at
            return self._settled

    async def end(self) -> int:
        """The newest position that is committed, settled or not; never below a settled one."""
        async with self._database.begin() as tx:
            return await tx.events.end()

    async def _newest(self) -> int:
        async with self._database.begin() as tx:
            end = await tx.events.end()
            writers = await tx.events.writers() if end > self._settled else frozenset()
        while writers:
            await asyncio.sleep(self._pause)
            async with self._database.begin() as tx:
                writers &= await tx.events.writers()
        return end

    async def first(self, only: Filter = EVERYTHING) -> int:
        """The position from which on a filter's events are all there: of what comes before the
        last that was removed, only what lasts is left.
        """
        if only.types is not None and PASSING.isdisjoint(only.types):
            return 0
        async with self._database.begin() as tx:
            return await tx.event_partitions.floor()

    async def ensure_kept(self, after: int, only: Filter = EVERYTHING) -> None:
        """To be asked once a page is read. Raises Forgotten."""
        floor = await self.first(only)
        if after < floor:
            raise Forgotten(after, floor)

    async def page(self, after: int, limit: int, only: Filter = EVERYTHING) -> Page:
        """At most `limit` events after a position."""
        settled = await self.settled()
        if settled <= after:
            return Page([], after)
        async with self._database.begin() as tx:
            rows = await tx.events.between(
                after, settled, limit, types=only.types, subject=only.subject
            )
        return Page(rows, rows[-1].position if len(rows) == limit else settled)
