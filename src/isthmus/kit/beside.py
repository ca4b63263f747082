"""Arithmetic on many, in a thread: the event loop goes on serving others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
MANY = 100
"""From here on it takes longer than changing threads."""


async def beside(count: int, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`count`: how many the function has to do with."""
    if count < MANY:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
