"""Waiting for what another task or process does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count


async def until(holds: Callable[[], Awaitable[bool]], *, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        for _ in count():
            if await holds():
                return
            await asyncio.sleep(0.02)
