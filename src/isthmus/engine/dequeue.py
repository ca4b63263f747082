"""Queued runs are taken when a process is told of them; it looks by itself only once a second.

DBOS 3.4 looks on a clock: ten times a second, for runs to start soon, costs each idle worker a
tenth of a processor. What it does when it looks stays its own (`queue_worker_thread`).
https://www.postgresql.org/docs/current/sql-notify.html
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable

import psycopg
import sqlalchemy as sa
import structlog
from dbos import DBOS, Queue
from dbos._queue import queue_worker_thread

from isthmus.kit.first_line import first_line
from isthmus.store.connecting import plain_url
from isthmus.store.database import Transaction

CHANNEL = "isthmus_runs"
LOOKS_EVERY = 1.0
"""Seconds: for what nobody told, for example while the connection that listens was lost."""
APART = 0.02
"""Seconds between two looks at least, so that a burst is taken in few of them."""
RECONNECT = 1.0
log = structlog.get_logger()
_TELL = sa.text(f"select pg_notify('{CHANNEL}', '')")


async def tell(tx: Transaction) -> None:
    """That there is something to take, when the transaction commits; several times is once."""
    await tx.connection.execute(_TELL)


class Bell:
    """What DBOS takes for its stop event: its pause between two looks ends when it rings."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._stopped = self._rung = False
        self._looked_at = 0.0

    def ring(self) -> None:
        with self._changed:
            self._rung = True
            self._changed.notify_all()

    def set(self) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def is_set(self) -> bool:
        return self._stopped

    def wait(self, timeout: float | None = None) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._rung or self._stopped, timeout)
            early = self._looked_at + APART - time.monotonic()
            if early > 0:
                self._changed.wait_for(lambda: self._stopped, early)
            self._rung, self._looked_at = False, time.monotonic()
            return self._stopped


class Dequeuer:
    """Each queue has a thread of its own, as DBOS's own have; one connection listens for all."""

    def __init__(self, url: str, queues: Iterable[str]) -> None:
        self._url = url
        self._bells = {queue: Bell() for queue in queues}
        self._listening: asyncio.Task[None] | None = None

    def start(self, dbos: DBOS) -> None:
        """After its launch. It ends and waits for the thread as for those it began itself."""
        for queue, bell in self._bells.items():
            found: Queue | None = dbos._sys_db.get_queue(queue)
            assert found is not None, "it is registered before"
            thread = threading.Thread(
                target=queue_worker_thread, args=(bell, dbos, found), name=queue, daemon=True
            )
            dbos.background_thread_stop_events.append(bell)  # type: ignore[arg-type] # its `set` is all that is used
            dbos._background_threads.append(thread)
            thread.start()
        self._listening = asyncio.create_task(self._listen(), name="runs told")

    def ring(self) -> None:
        """There may be something to take."""
        for bell in self._bells.values():
            bell.ring()

    async def stop(self) -> None:
        for bell in self._bells.values():
            bell.set()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                await self._hear()
            except psycopg.Error as error:
                log.warning("runs.not_told", reason=first_line(error))
            await asyncio.sleep(RECONNECT)

    async def _hear(self) -> None:
        connection = await psycopg.AsyncConnection.connect(plain_url(self._url), autocommit=True)
        async with connection:
            await connection.execute(f"listen {CHANNEL}")
            self.ring()  # for what was told before
            async for _ in connection.notifies():
                self.ring()
