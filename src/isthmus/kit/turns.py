"""Arithmetic on many, a few at a time: others of the same event loop have their turns between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar
from weakref import WeakKeyDictionary

from isthmus.kit.chunks import chunked

T = TypeVar("T")
R = TypeVar("R")
AT_A_TIME = 50
"""Some milliseconds of work: who waits for an answer does not notice."""
_TURNS: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def by_turns(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What the function makes of each, in order.

    However many work so at a time, one of them does in a round of the loop: who waits for his turn
    waits for one of theirs, not for all.
    """
    turn = _TURNS.setdefault(asyncio.get_running_loop(), asyncio.Lock())
    made: list[R] = []
    for few in chunked(items, AT_A_TIME):
        async with turn:
            made += map(function, few)
            await asyncio.sleep(0)
    return made
