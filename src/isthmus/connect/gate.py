"""The gate that every call to a connection passes: it waits there for its turn."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from isthmus.connect.quota import Signal, Urgency, current_urgency
from isthmus.connect.story import Call

TURNS = 5
"""One turn in so many goes to who waits longest among the less urgent."""


@dataclass
class Pass:
    """Leave for one call. `probe`: the only one, to see whether the system is back. `requests` are
    those sent for it: its own, and perhaps a token and a repetition.
    """

    urgency: Urgency
    probe: bool = False
    requests: int = 0
    call: Call | None = None
    """How the last of them went."""


class Gate(Protocol):
    async def enter(self) -> Pass:
        """Wait for leave to send one request.

        Raises BreakerOpen or QuotaSpent when the wait is a matter of more than seconds.
        """
        ...

    async def charge(self, passed: Pass) -> None:
        """Count a request that is about to be sent; the first is paid for with the pass."""
        ...

    async def leave(self, passed: Pass, signal: Signal) -> None: ...


Waiter = asyncio.Future[Pass]


class Queue:
    """Who waits, the most urgent first and each class in order of arrival; every fifth turn goes
    to the longest waiting of the other classes, so that nobody waits for ever.
    """

    def __init__(self) -> None:
        self._classes: tuple[deque[tuple[int, Waiter]], ...] = tuple(deque() for _ in Urgency)
        self._arrivals = self._turn = 0

    def __len__(self) -> int:
        return sum(self.waiting())

    def waiting(self) -> tuple[int, ...]:
        """Number of waiters by urgency, most urgent first."""
        self._forget_gone()
        return tuple(len(c) for c in self._classes)

    def add(self, urgency: Urgency) -> Waiter:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._classes[urgency].append((self._arrivals, waiter))
        self._arrivals += 1
        return waiter

    def next(self, among: frozenset[Urgency] = frozenset(Urgency)) -> tuple[Urgency, Waiter] | None:
        self._forget_gone()
        waiting = [u for u in Urgency if self._classes[u] and u in among]
        if not waiting:
            return None
        self._turn += 1
        chosen = waiting[0]
        if len(waiting) > 1 and self._turn % TURNS == 0:
            chosen = min(waiting[1:], key=lambda u: self._classes[u][0][0])
        return chosen, self._classes[chosen].popleft()[1]

    def _forget_gone(self) -> None:
        for waiters in self._classes:
            while waiters and waiters[0][1].done():
                waiters.popleft()


class LocalGate:
    """Calls at once of this process alone: a look from the command line, a connector by itself."""

    def __init__(self, concurrency: int) -> None:
        self._free = concurrency
        self._queue = Queue()

    async def enter(self) -> Pass:
        urgency = current_urgency()
        if self._free and not len(self._queue):
            self._free -= 1
            return Pass(urgency)
        waiter = self._queue.add(urgency)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._release()
            raise

    async def charge(self, passed: Pass) -> None:
        passed.requests += 1

    async def leave(self, passed: Pass, signal: Signal) -> None:
        self._release()

    def _release(self) -> None:
        if (found := self._queue.next()) is None:
            self._free += 1
            return
        urgency, waiter = found
        waiter.set_result(Pass(urgency))
