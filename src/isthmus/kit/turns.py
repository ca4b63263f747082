"""Arithmetic on many, a few at a time: others of the same event loop have their turns between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
AT_A_TIME = 100
"""Some milliseconds of work: who waits for an answer does not notice."""


async def by_turns(function: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """What the function makes of each, in order."""
    made: list[R] = []
    for number, item in enumerate(items, start=1):
        made.append(function(item))
        if number % AT_A_TIME == 0:
            await asyncio.sleep(0)
    return made
