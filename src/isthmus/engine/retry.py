"""Repeat a call by the class of its error, for seconds; longer waiting is done as a row."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from isthmus.connect.errors import NOT_CALLED, Conflict, ConnectError, Throttled, Unavailable

T = TypeVar("T")


@dataclass(frozen=True)
class RetryPolicy:
    """`attempts` in all; the pause doubles from `first` to `longest` seconds, with full jitter."""

    attempts: int = 4
    first: float = 0.2
    longest: float = 5.0

    def pause(self, attempt: int, error: ConnectError) -> float:
        if isinstance(error, Throttled) and error.retry_after is not None:
            return min(error.retry_after, self.longest)
        ceiling = min(self.first * 2.0**attempt, self.longest)
        return ceiling * (0.5 + random.random() / 2)


async def retrying(policy: RetryPolicy, call: Callable[[], Awaitable[T]]) -> T:
    """Unavailable, Throttled and Conflict are repeated, unless the gate let nothing through; every
    other error is final.
    """
    for attempt in range(policy.attempts - 1):
        try:
            return await call()
        except NOT_CALLED:
            raise
        except (Unavailable, Throttled, Conflict) as error:
            await asyncio.sleep(policy.pause(attempt, error))
    return await call()
