"""What our own database breaks off is repeated: an outage of it is no defect of a flow.

A run that stops can only be told where the database answers. So a connection that was cut, a
restart or a deadlock must not end a run: nobody would ever hear of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from isthmus.kit.first_line import first_line
from isthmus.store.database import Database

log = structlog.get_logger()
T = TypeVar("T")

BROKEN_OFF = (OperationalError, InterfaceError, PoolTimeout)
"""Lost connections, the losers of a deadlock, and who got no connection of the pool in time."""
ATTEMPTS = 5
"""How often a call is broken off while the database answers, until that is a defect."""
PAUSE = 0.5


async def outlast(database: Database, call: Callable[[], Awaitable[T]]) -> T:
    """Repeat a broken call once the database is back, however long that takes."""
    for _ in range(ATTEMPTS - 1):
        try:
            return await call()
        except BROKEN_OFF as error:
            log.warning("database.broke_off", reason=first_line(error))
            await _answers(database)
    return await call()


async def _answers(database: Database) -> None:
    while True:
        await asyncio.sleep(PAUSE)
        try:
            async with database.begin() as tx:
                await tx.server_version()
        except BROKEN_OFF:
            continue
        return
