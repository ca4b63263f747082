"""What a run has recorded, for reading alone: no flow is known here and nothing is enqueued."""

from __future__ import annotations

import asyncio
from functools import cached_property

from dbos import DBOS, DBOSClient

from isthmus.engine.engine import APP
from isthmus.engine.serializer import TypedJSON, forbid_pickle
from isthmus.store.connecting import driver_url


class History:
    def __init__(self, database_url: str) -> None:
        forbid_pickle()
        self._url = database_url
        self._opened = False

    @cached_property
    def client(self) -> DBOSClient:
        self._opened = True
        return DBOSClient(
            system_database_url=driver_url(self._url),
            serializer=TypedJSON(),
            application_name=APP,
        )

    async def close(self) -> None:
        if self._opened:
            await asyncio.to_thread(self.client.destroy)


async def prepare(database_url: str) -> None:
    """Bring the tables of the run records to this release; part of `isthmus db upgrade`."""
    await asyncio.to_thread(DBOS.migrate, system_database_url=driver_url(database_url))
