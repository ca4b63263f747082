"""The gate of one connection in one process: serves calls from the part that the governor gave.

A call that finds room goes in without a word to the database. One that does not waits here, the
most urgent first, while a single task renews the part; a wait of more than seconds is refused, and
becomes a row that waits.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from isthmus.connect.errors import BreakerOpen, ConnectError, QuotaSpent
from isthmus.connect.gate import Pass, Queue, Waiter
from isthmus.connect.quota import Quota, Signal, Urgency, current_urgency
from isthmus.engine.governor import Ask, Governor, Grant
from isthmus.kit.first_line import first_line

log = structlog.get_logger()

REFRESH = 0.5
"""Seconds between renewals while calls are made."""
STARVED = 0.1
"""The same while calls wait for what others hold."""
CLOSING = 5.0
"""Seconds that a renewal in hand may take when the process stops."""
NOTHING = Grant()


class SharedGate:
    def __init__(
        self,
        connection: str,
        quota: Quota,
        governor: Governor,
        *,
        patience: timedelta = timedelta(seconds=30),
        called: Callable[[str, Pass], None] = lambda connection, passed: None,
    ) -> None:
        self.connection, self._called = connection, called
        self._quota, self._governor = quota, governor
        self._patience = patience.total_seconds()
        self._queue, self._owed = Queue(), deque[asyncio.Future[None]]()
        self._in_flight: Counter[Urgency] = Counter()
        self._open = 0
        self._ended: Counter[int] = Counter()
        self._vendor: tuple[int, int] | None = None
        self._grant, self._granted_at, self._valid_until = NOTHING, 0.0, 0.0
        self._calls: int | None = 0
        self._declared = self._renewing = self._failing = False
        self._few_slots = self._few_calls = False
        self._wanted, self._renewal = asyncio.Event(), asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def enter(self) -> Pass:
        urgency = current_urgency()
        if time.monotonic() < self._granted_at + REFRESH and (no := self._refusal(urgency)):
            raise no
        if not len(self._queue) and self._has_room():
            return self._admit(urgency)
        waiter = self._queue.add(urgency)
        self._ask_for_more()
        try:
            await asyncio.wait({waiter}, timeout=self._patience)
        except asyncio.CancelledError:
            self._give_up(waiter)
            raise
        if not waiter.done():
            waiter.cancel()
            raise self._too_long()
        return waiter.result()

    def _give_up(self, waiter: Waiter) -> None:
        if not waiter.done():
            waiter.cancel()
        elif waiter.exception() is None:
            self._release(waiter.result())

    async def charge(self, passed: Pass) -> None:
        if passed.requests:
            if self._calls == 0 or self._renewing:
                await self._wait_for_call()
            else:
                self._pay()
        passed.requests += 1

    def _pay(self) -> None:
        self._open += 1
        if self._calls is not None:
            self._calls -= 1

    async def _wait_for_call(self) -> None:
        owed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owed.append(owed)
        self._ask_for_more()
        await asyncio.wait({owed}, timeout=self._patience)
        if not owed.done():
            owed.cancel()
            raise self._too_long()
        owed.result()

    async def leave(self, passed: Pass, signal: Signal) -> None:
        """A database that is away must not take the vendor's answer from who waits for it."""
        self._release(passed)
        self._called(self.connection, passed)
        if signal.used is not None and signal.allowed is not None:
            self._vendor = (signal.used, signal.allowed)
        try:
            await self._learn(passed, signal)
        except SQLAlchemyError as error:
            log.warning("gate.untold", connection=self.connection, reason=first_line(error))
        self._serve()

    async def close(self) -> None:
        """Give everything back; nobody is inside any more."""
        if self._task is not None:
            await self._end(self._task)
        self._forget_grant()
        if not self._declared:
            return
        try:
            ended, self._ended = self._ended, Counter()
            await self._governor.renew(self.connection, Ask(ended=ended, vendor=self._vendor))
        except SQLAlchemyError as error:
            log.warning("gate.not_closed", connection=self.connection, reason=first_line(error))

    async def _end(self, task: asyncio.Task[None]) -> None:
        """Between two renewals: the calls of one that is cut short may be counted twice."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING), self._renewal:
                task.cancel()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _learn(self, passed: Pass, signal: Signal) -> None:
        governor, name = self._governor, self.connection
        if passed.probe:
            await self._probed(signal)
        elif signal.lost is not None:
            self._failing = True
            if await governor.failed(name, signal.lost):
                self._forget_grant()
        elif signal.answered and self._failing:
            self._failing = False
            await governor.succeeded(name)
        if signal.retry_after:
            await governor.pause(name, signal.retry_after)
            self._forget_grant()
        if signal.busy:
            await governor.narrow(name)
            self._forget_grant()

    async def _probed(self, signal: Signal) -> None:
        if signal.answered:
            await self._governor.probe_answered(self.connection)
        else:
            await self._governor.probe_failed(self.connection, signal.lost)
        self._forget_grant()

    def _forget_grant(self) -> None:
        """It was made before something that changes it."""
        self._grant, self._calls = NOTHING, 0
        self._granted_at = self._valid_until = 0.0
        self._wanted.set()

    def _has_room(self) -> bool:
        return (
            not self._renewing
            and time.monotonic() < self._valid_until
            and self._in_flight.total() < self._grant.slots
            and self._calls != 0
            and (self._grant.away is None or self._grant.probe)
        )

    def _admit(self, urgency: Urgency) -> Pass:
        self._in_flight[urgency] += 1
        self._pay()
        return Pass(urgency, probe=self._grant.probe)

    def _release(self, passed: Pass) -> None:
        self._in_flight[passed.urgency] -= 1
        self._open -= max(1, passed.requests)
        self._ended[passed.urgency] += passed.requests

    def _refusal(self, urgency: Urgency) -> ConnectError | None:
        if self._grant.away is not None and not self._grant.probe:
            return BreakerOpen(self.connection, self._grant.away, code="breaker_open")
        if barred := self._grant.barred.get(urgency):
            return QuotaSpent(
                self.connection, barred.why, code="quota_spent", retry_after=barred.seconds
            )
        return None

    def _too_long(self) -> QuotaSpent:
        return QuotaSpent(
            self.connection,
            f"not called: no call came free in {self._patience:g} s under the connection's limits",
            code="quota_spent",
        )

    def _ask_for_more(self) -> None:
        """At once where there may be more; where the last renewal fell short, at its next turn."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name=f"gate:{self.connection}")
        elif not self._is_hopeless or time.monotonic() > self._granted_at + STARVED:
            self._wanted.set()

    @property
    def _is_hopeless(self) -> bool:
        """Of what is missing now, the last renewal already gave all that there was."""
        return self._few_calls if self._calls == 0 else self._few_slots

    async def _run(self) -> None:
        """While there is anything in hand; what is left over is given back before the end."""
        try:
            while await self._turn():
                self._wanted.clear()
                pause = STARVED if len(self._queue) or self._owed else REFRESH
                try:
                    await asyncio.wait_for(self._wanted.wait(), pause)
                except TimeoutError:
                    continue
        except SQLAlchemyError as error:
            self._fail(error)
        except Exception as error:
            # The edge of a task: who waits must hear of a defect instead of waiting for ever.
            log.exception("gate.defect", connection=self.connection)
            self._fail(error)

    async def _turn(self) -> bool:
        asked = await self._renew()
        self._serve()
        if self._grant.probe:
            await self._governor.probe_failed(self.connection, None)
            self._forget_grant()
        return asked or bool(len(self._queue) or self._owed)

    async def _renew(self) -> bool:
        """False when there was nothing to ask for, and all is given back."""
        if not self._declared:
            await self._governor.declare(self.connection, self._quota)
            self._declared = True
        began, self._renewing = time.monotonic(), True
        ended, self._ended = self._ended, Counter()
        vendor, self._vendor = self._vendor, None
        ask = self._in_hand(ended, vendor)
        try:
            async with self._renewal:
                self._grant = await self._governor.renew(self.connection, ask)
        except BaseException:
            # Also when cancelled: calls that ended and were not told are told the next time.
            self._ended += ended
            raise
        finally:
            self._renewing = False
        self._calls = self._grant.calls
        self._failing = self._failing or self._grant.failures > 0
        self._granted_at = time.monotonic()
        self._valid_until = began + self._governor.lease.total_seconds()
        self._few_slots = self._grant.too_few_slots(ask)
        self._few_calls = self._grant.too_few_calls(ask)
        return not ask.is_empty

    def _in_hand(self, ended: Counter[int], vendor: tuple[int, int] | None) -> Ask:
        return Ask(
            in_flight=tuple(self._in_flight[u] for u in Urgency),
            waiting=self._queue.waiting(),
            owed=sum(not o.done() for o in self._owed),
            open=self._open,
            ended=ended,
            vendor=vendor,
        )

    def _serve(self) -> None:
        """Let in who may go, refuse who must wait for longer."""
        while self._owed and (self._calls is None or self._calls > 0) and not self._renewing:
            owed = self._owed.popleft()
            if not owed.done():
                self._pay()
                owed.set_result(None)
        if time.monotonic() >= self._granted_at + REFRESH and not self._has_room():
            return
        free = frozenset(u for u in Urgency if u not in self._grant.barred)
        while self._has_room() and (found := self._queue.next(free)):
            urgency, waiter = found
            passed = self._admit(urgency)
            waiter.set_result(passed)
            if passed.probe:
                self._grant = Grant(0, self._calls, away=self._grant.away)
        for urgency in Urgency:
            if no := self._refusal(urgency):
                while found := self._queue.next(frozenset({urgency})):
                    found[1].set_exception(no)

    def _fail(self, error: Exception) -> None:
        self._forget_grant()
        while found := self._queue.next():
            found[1].set_exception(error)
        while self._owed:
            if not (owed := self._owed.popleft()).done():
                owed.set_exception(error)
