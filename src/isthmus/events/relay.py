"""Sends the event log to one destination: at least once, in order per subject.

One process at a time does it, under a lease in the database; a dead one's lease runs out and
another goes on at the stored position. The position moves only after the other side has stored
what comes before it, so a crash in between sends again, under the same event ids.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import SQLAlchemyError

from isthmus.connect import ConnectError, Throttled
from isthmus.events.destination_holds import hold_of, resolve_waiting, tell_of_failure
from isthmus.events.destinations import Connected, connect
from isthmus.events.feed import Feed, Page
from isthmus.events.filter import Filter, types_matching
from isthmus.events.message import Message, message_of
from isthmus.events.personal import Residence
from isthmus.kit.first_line import first_line
from isthmus.kit.ids import new_id
from isthmus.landscape.destinations import Destination
from isthmus.store.database import Database
from isthmus.store.destinations import DestinationRow
from isthmus.store.events import EventRow
from isthmus.store.holds import HELD

log = structlog.get_logger()
AT_ONCE = 16
"""Messages on their way at a time, each of another subject."""


@dataclass(frozen=True)
class Pace:
    """In seconds. `first` doubles with each failure, up to `longest`; `idle` is the pause when
    there is nothing to send, `page` the number of events looked at in one go.
    """

    first: float = 1.0
    longest_broker: float = 30.0
    longest_webhook: float = 3600.0
    idle: float = 0.25
    page: int = 200

    def after(self, failures: int, *, webhook: bool) -> float:
        longest = self.longest_webhook if webhook else self.longest_broker
        return float(min(self.first * 2 ** min(failures - 1, 20), longest))


class Interrupted(Exception):
    """The lease is lost, or a person moved the position: begin again from what is stored."""


class Relay:
    def __init__(
        self,
        name: str,
        destination: Destination,
        database: Database,
        feed: Feed,
        *,
        lease_seconds: float = 10.0,
        pace: Pace | None = None,
        residence: Residence | None = None,
    ) -> None:
        self._residence = residence or Residence(f"destination {name}")
        self._masked: set[int] = set()
        """Positions whose message went out with something masked, and is not counted yet."""
        self.name, self.destination = name, destination
        self._database, self._feed = database, feed
        self._me, self._lease, self._pace = new_id(), lease_seconds, pace or Pace()
        types = types_matching(destination.types) if destination.types else None
        self._only = Filter(types)
        self._valid_until = 0.0
        self._there: set[int] = set()
        """Positions behind the stored one that are delivered already."""
        self._expected: int | None = None

    async def run(self) -> None:
        """Until cancelled; an outage of the database or of the destination is waited out."""
        while True:
            try:
                await self._turn()
            except Interrupted:
                log.info("destination.interrupted", destination=self.name)
            except SQLAlchemyError as error:
                log.warning("destination.paused", destination=self.name,
                            reason=first_line(error))  # fmt: skip
            except Exception:
                # The edge of a task: one message that cannot be sent must not end it.
                log.exception("destination.defect", destination=self.name)
            await asyncio.sleep(self._pace.idle)

    async def _turn(self) -> None:
        await self._register()
        if not await self._take():
            await asyncio.sleep(self._lease / 3)
            return
        log.info("destination.taken", destination=self.name)
        work = [asyncio.create_task(self._deliver()), asyncio.create_task(self._keep())]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await self._release()

    async def _register(self) -> None:
        async with self._database.begin() as tx:
            known = await tx.destinations.find(self.name)
        if known is None:
            first = self.destination.start == "first"
            start = await (self._feed.first(self._only) if first else self._feed.settled())
            async with self._database.begin() as tx:
                await tx.destinations.add(self.name, start)

    async def _take(self) -> bool:
        asked_at = time.monotonic()
        async with self._database.begin() as tx:
            row = await tx.destinations.hold(self.name, self._me, self._lease)
        if row is not None:
            self._valid_until = asked_at + self._lease
        return row is not None

    async def _keep(self) -> None:
        """Renew the lease until it cannot be; then whatever is on its way is given up."""
        while True:
            await asyncio.sleep(self._lease / 3)
            try:
                if not await self._take():
                    raise Interrupted
            except SQLAlchemyError as error:
                if time.monotonic() > self._valid_until:
                    raise Interrupted from error

    async def _release(self) -> None:
        self._there.clear()
        self._expected = None
        try:
            async with self._database.begin() as tx:
                await tx.destinations.release(self.name, self._me)
        except SQLAlchemyError:
            log.info("destination.left_to_expire", destination=self.name)

    async def _deliver(self) -> None:
        """One connection after another, each as long as it holds."""
        connection = _Connection(self.name, self.destination)
        try:
            while True:
                try:
                    await self._send_page(connection)
                except ConnectError as error:
                    await connection.close()
                    await self._rest(error)
        finally:
            await connection.close()

    async def _send_page(self, connection: _Connection) -> None:
        row = await self._state()
        if row is None:
            await asyncio.sleep(self._pace.idle)
            return
        page = await self._feed.page(row.position, self._pace.page, self._only)
        if page.position == row.position:
            await asyncio.sleep(self._pace.idle)
            return
        messages = await self._messages([r for r in page.rows if r.position not in self._there])
        failure = await self._send(connection, messages) if messages else None
        await self._move(row, page)
        if failure is not None:
            raise failure

    async def _messages(self, rows: list[EventRow]) -> list[Message]:
        """Without the people whose data may not be kept where they go."""
        kept = await self._residence.events(self._database, rows)
        self._masked |= {
            row.position for row, as_sent in zip(rows, kept, strict=True) if as_sent != row
        }
        return [message_of(row) for row in kept]

    async def _state(self) -> DestinationRow | None:
        """Where we are; None while a person has to act first."""
        async with self._database.begin() as tx:
            row = await tx.destinations.find(self.name)
            hold = await tx.holds.of_key(hold_of(self.name))
        if row is None:
            raise Interrupted
        if row.position != self._expected:
            self._there.clear()
        self._expected = row.position
        return None if hold is not None and hold.state == HELD else row

    async def _send(
        self, connection: _Connection, messages: Sequence[Message]
    ) -> ConnectError | None:
        """One after another within a subject, subjects beside each other; the first failure."""
        connected = await connection.opened()
        failures: list[ConnectError | Interrupted] = []
        room = asyncio.Semaphore(AT_ONCE)

        async def in_order(messages: list[Message]) -> None:
            for message in messages:
                async with room:
                    if failures:
                        return
                    try:
                        self._ensure_lease()
                        await connected.send(message)
                    except (ConnectError, Interrupted) as error:
                        failures.append(error)
                        return
                    self._there.add(message.position)

        async with asyncio.TaskGroup() as tasks:
            for same in _by_subject(messages):
                tasks.create_task(in_order(same))
        if any(isinstance(failure, Interrupted) for failure in failures):
            raise Interrupted
        return next((f for f in failures if isinstance(f, ConnectError)), None)

    def _ensure_lease(self) -> None:
        if time.monotonic() > self._valid_until:
            raise Interrupted

    async def _move(self, row: DestinationRow, page: Page) -> None:
        """Up to the first event that is not there yet."""
        missing = [r.position for r in page.rows if r.position not in self._there]
        reached = missing[0] - 1 if missing else page.position
        if reached == row.position:
            return
        sent = sum(r.position <= reached for r in page.rows)
        async with self._database.begin() as tx:
            moved = await tx.destinations.move(
                self.name, self._me, reached, was=row.position, sent=sent
            )
            if moved and row.failures:
                await resolve_waiting(tx, self.name)
            if moved:
                await self._residence.count(tx, sum(p <= reached for p in self._masked))
        if not moved:
            raise Interrupted
        self._masked = {position for position in self._masked if position > reached}
        self._there = {position for position in self._there if position > reached}
        self._expected = reached

    async def _rest(self, error: ConnectError) -> None:
        """Pause after a failure, unless a person says that it can go on."""
        async with self._database.begin() as tx:
            failures = await tx.destinations.fail(self.name, self._me, str(error))
            if not failures:
                raise Interrupted
            if await tell_of_failure(tx, self.name, self.destination, error, failures):
                await tx.destinations.forgive(self.name)
        log.warning("destination.failed", destination=self.name, failures=failures,
                    reason=str(error))  # fmt: skip
        pause = self._pace.after(failures, webhook=self.destination.is_webhook)
        if isinstance(error, Throttled) and error.retry_after is not None:
            pause = error.retry_after
        until = time.monotonic() + pause
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, 4 * self._pace.idle))
            async with self._database.begin() as tx:
                row = await tx.destinations.find(self.name)
            if row is None or row.failures < failures:
                return


class _Connection:
    """Opened when there is something to send."""

    def __init__(self, name: str, destination: Destination) -> None:
        self._name, self._destination = name, destination
        self._connected: Connected | None = None

    async def opened(self) -> Connected:
        if self._connected is None:
            self._connected = await connect(self._name, self._destination)
        return self._connected

    async def close(self) -> None:
        connected, self._connected = self._connected, None
        if connected is not None:
            await connected.close()


def _by_subject(messages: Sequence[Message]) -> list[list[Message]]:
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.subject, []).append(message)
    return list(found.values())
