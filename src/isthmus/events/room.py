"""Whether there is room for another webhook message, asked before it is stored.

Two things run out: somebody to read the messages, and the embedded database's disk. A caller that
is told to come again keeps its message; one that we took and could not store would be lost.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from isthmus.store.database import Database
from isthmus.store.holds import HELD, NewHold

log = structlog.get_logger()
KEY = "webhooks:no-room"
LOOK_AGAIN = 1.0
"""Seconds for which a look holds, unless what it found free is taken before."""
MEGABYTE = 1_000_000


class NoRoom(Exception):
    """Why, for who has to come again."""


class Room:
    """`volume` is where the database keeps its files, None where that is not known; `floor` in
    megabytes of it stay free. At most `limit` messages wait unread.
    """

    def __init__(self, database: Database, limit: int, volume: Path | None, floor: int) -> None:
        self._database, self._limit = database, limit
        self._volume, self._floor = volume, floor
        self._left, self._looked_at = 0, float("-inf")
        self._looking = asyncio.Lock()
        self._why: str | None = None
        self._told: bool | None = None
        self._refused = self._begun = self._ended = 0

    @asynccontextmanager
    async def taking(self, messages: int) -> AsyncIterator[None]:
        """Raises NoRoom where so many more, that come at once, cannot be stored inside. More than
        the limit are taken where nothing waits: otherwise they would come again for ever.
        """
        if why := await self._refusal(messages):
            raise NoRoom(why)
        self._left -= messages
        self._begun += messages
        try:
            yield
        finally:
            self._ended += messages

    async def _refusal(self, messages: int) -> str | None:
        """One look at a time: what it finds is for all who ask next."""
        async with self._looking:
            if self._left < messages or time.monotonic() > self._looked_at + LOOK_AGAIN:
                await self._look(max(messages, 1))
            if self._why is not None:
                self._refused += 1
            return self._why

    async def _look(self, messages: int) -> None:
        """What is being stored meanwhile is not in the count, so it is added."""
        why, ended = self._disk_is_full(), self._ended
        async with self._database.begin() as tx:
            waiting = await tx.inbox.unread(self._limit)
            if why is None and waiting and waiting + messages > self._limit:
                why = f"{waiting:,} messages wait to be read"
            if why is not None and not self._told:
                await tx.holds.open(_hold(why))
            elif why is None and self._told is not False:
                await tx.holds.resolve(KEY, "there is room again", "isthmus")
        self._why = why
        self._tell()
        self._left = self._limit - waiting - (self._begun - ended)
        self._looked_at = time.monotonic()

    def _tell(self) -> None:
        """Once when it begins and once when it is over, whatever the number of callers."""
        is_full = self._why is not None
        if is_full and not self._told:
            log.warning("webhooks.refused", reason=self._why)
        elif self._told and not is_full:
            log.info("webhooks.taken_again", refused=self._refused)
            self._refused = 0
        self._told = is_full

    def _disk_is_full(self) -> str | None:
        if self._volume is None:
            return None
        free = shutil.disk_usage(self._volume).free // MEGABYTE
        if free >= self._floor:
            return None
        return f"the database's disk has {free:,} MB free, and {self._floor:,} MB are kept"


def _hold(why: str) -> NewHold:
    return NewHold(
        key=KEY, state=HELD, code="no_room", owner="integration", flow="webhooks",
        reason=f"webhooks are answered 429 and have to come again: {why}",
        fix="Start workers, or find what stops the reading (isthmus status); free disk space. This "
        "ends by itself when there is room.",
    )  # fmt: skip
