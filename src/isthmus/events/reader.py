"""Reads one connection: messages that its vendor pushed, and what changed since the watermark.

One process at a time reads a connection (an advisory lock elects it); what it reads is idempotent
all the same. A message is only a hint: the record is read again, so duplicates and messages out of
order bring the same result.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.connect import Change, ConnectError, Unauthorized, Urgency, Watermark, urgent
from isthmus.connect.errors import OF_THE_CONNECTION
from isthmus.events.arrival import Arrival, arrived
from isthmus.events.ingest import Ingest
from isthmus.events.links import Connected
from isthmus.events.order import ORDER
from isthmus.kit.first_line import first_line
from isthmus.store.database import Database
from isthmus.store.holds import DEAD, HELD, NewHold
from isthmus.store.inbox import Message
from isthmus.store.leadership import leading

log = structlog.get_logger()

ATTEMPTS = 3
"""How often a message that trips us is tried, until it is held and left."""

Interval = Callable[[str], float | None]
"""Kind -> seconds between readings; None: the vendor pushes it, read it rarely."""

SAFETY_NET = 15 * 60.0
"""A pushed kind is polled this often all the same: pushes get lost."""


class Reader:
    def __init__(
        self,
        connected: Connected,
        database: Database,
        ingest: Ingest,
        interval: Interval,
        after_page: Callable[[type[CanonicalObject]], Awaitable[None]],
    ) -> None:
        self.connected, self._database, self._ingest = connected, database, ingest
        self._interval, self._after_page = interval, after_page
        self._due: dict[str, float] = {}
        self._read_once: set[str] = set()
        self.woken = asyncio.Event()

    @property
    def kinds(self) -> list[type[CanonicalObject]]:
        """What is read from here: kinds that the connector reads, in order of dependence."""
        capabilities = self.connected.system.capabilities
        return [m for m in ORDER if m in capabilities and capabilities[m].reads]

    async def run(self) -> None:
        """Until cancelled. A failing system or database is tried again at the next turn."""
        while True:
            try:
                async with leading(self._database.engine, f"reader:{self.connected.name}") as lead:
                    if lead:
                        await self._turns()
            except (SQLAlchemyError, OSError) as error:
                log.warning("reader.paused", connection=self.connected.name,
                            reason=first_line(error))  # fmt: skip
            await asyncio.sleep(2.0)

    async def _turns(self) -> None:
        while True:
            self.woken.clear()
            try:
                await self.messages()
                await self._poll_due()
            except OF_THE_CONNECTION as error:
                log.warning("connection.failing", connection=self.connected.name, reason=str(error))
                await asyncio.sleep(10.0 if isinstance(error, Unauthorized) else 1.0)
            except (SQLAlchemyError, OSError):
                raise
            except Exception:
                # The edge of a task: a defect in one record must not end the reading for good.
                log.exception("reader.defect", connection=self.connected.name)
                await asyncio.sleep(5.0)
            try:
                await asyncio.wait_for(self.woken.wait(), timeout=0.5)
            except TimeoutError:
                continue

    async def messages(self, limit: int = 100) -> int:
        """Read again what the waiting messages name; messages of one record share one reading."""
        async with self._database.begin() as tx:
            waiting = await tx.inbox.waiting(self.connected.name, limit)
        read: dict[tuple[str, str], list[Change]] = {}
        for message in waiting:
            record = (message.kind, message.external_id)
            try:
                if record not in read:
                    read[record] = await self._named(message)
                with arrived(Arrival(message.id, message.received_at, message.traceparent)):
                    await self._ingest.take(self.connected, read[record], message=message.id)
            except (*OF_THE_CONNECTION, SQLAlchemyError, OSError):
                raise
            except Exception as defect:
                # An edge: what trips on one message must not stop those behind it.
                log.exception("message.defect", connection=self.connected.name,
                              kind=message.kind, external_id=message.external_id)  # fmt: skip
                await self._tripped(message, defect)
        return len(waiting)

    async def _tripped(self, message: Message, defect: Exception) -> None:
        async with self._database.begin() as tx:
            await tx.inbox.failed(message.id, f"{type(defect).__name__}: {defect}")
            if message.attempts + 1 >= ATTEMPTS:
                await tx.holds.open(self._defect(message, defect))
                await tx.inbox.done(message.id)

    def _defect(self, message: Message, defect: Exception) -> NewHold:
        return NewHold(
            key=f"ingest:{self.connected.name}:{message.kind}:{message.external_id}",
            state=DEAD, code="defect", reason=f"{type(defect).__name__}: {defect}",
            owner="integration", flow="ingest", object_kind=message.kind,
            fix="This is a defect of ours, not of the record: report it with the log of "
            "`message.defect`, then replay after the upgrade.",
            system=self.connected.name, detail={"external_id": message.external_id},
        )  # fmt: skip

    async def _named(self, message: Message) -> list[Change]:
        """The record that a message names; one that cannot be read is held, and the rest go on."""
        try:
            found = await self.connected.system.get(BY_KIND[message.kind], message.external_id)
        except OF_THE_CONNECTION:
            raise
        except ConnectError as error:
            await self._hold_unreadable(message, error)
            return []
        return [found] if found else []

    async def _hold_unreadable(self, message: Message, error: ConnectError) -> None:
        async with self._database.begin() as tx:
            await tx.holds.open(
                NewHold(
                    key=f"ingest:{self.connected.name}:{message.kind}:{message.external_id}",
                    state=HELD, code="unreadable", reason=str(error), owner=error.owner,
                    fix=error.remedy, flow="ingest", object_kind=message.kind,
                    system=self.connected.name, detail={"external_id": message.external_id},
                )
            )  # fmt: skip

    async def _poll_due(self) -> None:
        """A kind that this system refuses to show is told and left for its next turn."""
        for model in self.kinds:
            if self._due.get(model.kind, 0.0) > time.monotonic():
                continue
            try:
                await self.poll([model])
            except OF_THE_CONNECTION:
                raise
            except ConnectError as error:
                log.warning("kind.unreadable", connection=self.connected.name, kind=model.kind,
                          reason=str(error), remedy=error.remedy)  # fmt: skip
                await self._ended(model.kind)
            except (SQLAlchemyError, OSError):
                raise
            except Exception:
                # An edge: a defect in one kind must not keep the kinds after it from being read.
                log.exception("kind.defect", connection=self.connected.name, kind=model.kind)
                await self._ended(model.kind)
            pause = self._interval(model.kind)
            self._due[model.kind] = time.monotonic() + (SAFETY_NET if pause is None else pause)

    async def poll(self, models: Sequence[type[CanonicalObject]] | None = None) -> int:
        """Everything that changed since the watermark; the number of changes delivered."""
        count = 0
        for model in models if models is not None else self.kinds:
            async with self._database.begin() as tx:
                state = await tx.watermarks.get(self.connected.name, model.kind)
            since = Watermark.from_json(state) if state else Watermark()
            with urgent(Urgency.RECONCILIATION):
                async for page in self.connected.system.changes(model, since):
                    if state and not page.changes and page.watermark == since:
                        await self._found_nothing(model.kind)
                    else:
                        await self._ingest.take(
                            self.connected,
                            page.changes,
                            watermark=(model.kind, page.watermark.to_json()),
                        )
                    await self._after_page(model)
                    count += len(page.changes)
            await self._ended(model.kind)
        return count

    async def _ended(self, kind: str) -> None:
        """A reading came to its end, or was refused: what waits for the first one goes on, and a
        person is asked for what it did not show.
        """
        if kind not in self._read_once:
            async with self._database.begin() as tx:
                await tx.watermarks.first_read(self.connected.name, kind)
            self._read_once.add(kind)

    async def _found_nothing(self, kind: str) -> None:
        """Most polls: the watermark, which may name thousands of records, is not written again."""
        async with self._database.begin() as tx:
            await tx.watermarks.touch(self.connected.name, kind)
