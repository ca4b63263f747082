"""Callers who come at the same moment share a transaction: all of them pay what one would.

While one group is stored the next one gathers. So nobody waits for a clock, and who comes alone is
served at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from collections.abc import Set as AbstractSet
from contextvars import Context
from typing import Generic, Protocol, TypeVar


class Asking(Protocol):
    @property
    def size(self) -> int: ...
    @property
    def touches(self) -> AbstractSet[Hashable]:
        """Two that touch the same are stored one after the other, as they came."""
        ...


A = TypeVar("A", bound=Asking)
T = TypeVar("T")


class Together(Generic[A, T]):
    """`store` keeps a group in one transaction and answers each: with its result, or the error
    that is to be raised for it alone.
    """

    def __init__(
        self, store: Callable[[Sequence[A]], Awaitable[Sequence[T | Exception]]], most: int
    ) -> None:
        self._store, self._most = store, most
        self._waiting: list[tuple[A, asyncio.Future[T]]] = []
        self._task: asyncio.Task[None] | None = None

    async def take(self, one: A) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._task is None or self._task.done():
            # A context of its own: a group is not part of the request that happens to come first.
            self._task = asyncio.create_task(self._run(), name="together", context=Context())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            group = self._next()
            if group:
                await self._while_wanted(group)

    def _next(self) -> list[tuple[A, asyncio.Future[T]]]:
        group, later = list[tuple[A, asyncio.Future[T]]](), list[tuple[A, asyncio.Future[T]]]()
        touched, size = set[Hashable](), 0
        for one, future in self._waiting:
            if future.done():  # its caller has gone
                continue
            fits = not group or size + one.size <= self._most
            if fits and touched.isdisjoint(one.touches):
                group.append((one, future))
                size += one.size
            else:
                later.append((one, future))
            touched |= one.touches
        self._waiting = later
        return group

    async def _while_wanted(self, group: Sequence[tuple[A, asyncio.Future[T]]]) -> None:
        """A database that hangs does not hang those who come later: when everybody has gone, the
        attempt is given up.
        """
        work = asyncio.create_task(self._answer(group))

        def gone(_: asyncio.Future[T]) -> None:
            if all(future.cancelled() for _, future in group):
                work.cancel()

        for _, future in group:
            future.add_done_callback(gone)
        await asyncio.wait([work])

    async def _answer(self, group: Sequence[tuple[A, asyncio.Future[T]]]) -> None:
        try:
            answers = await self._store([one for one, _ in group])
        except Exception as error:  # noqa: BLE001 # each caller gets its own
            if len(group) > 1:  # one of them may be to blame for all
                await asyncio.gather(*(self._answer([each]) for each in group))
                return
            answers = [error]
        for (_, future), answer in zip(group, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
