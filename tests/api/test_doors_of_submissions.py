"""How many submissions one process has in hand, and how many large ones it reads at a time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from fastapi import HTTPException

from isthmus.api import time_entries
from isthmus.api.time_entries import LARGE, LARGE_AT_ONCE, Doors

pytestmark = pytest.mark.anyio


async def test_large_requests_are_read_in_turn_and_small_ones_pass_them() -> None:
    doors, reading, most = Doors(16), list[int](), list[int]()

    async def request(size: int) -> None:
        async with doors.reading(size):
            reading.append(size)
            most.append(sum(1 for each in reading if each >= LARGE))
            await asyncio.sleep(0.01)
            reading.remove(size)

    large = [asyncio.create_task(request(LARGE)) for _ in range(5)]
    await asyncio.sleep(0)
    await request(LARGE - 1)
    assert sum(task.done() for task in large) <= LARGE_AT_ONCE
    await asyncio.gather(*large)
    assert max(most) == LARGE_AT_ONCE


async def test_a_large_request_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_entries, "PATIENCE", 0.01)
    doors = Doors(16)
    async with AsyncExitStack() as others:
        for _ in range(LARGE_AT_ONCE):
            await others.enter_async_context(doors.reading(LARGE))
        with pytest.raises(HTTPException) as refused:
            async with doors.reading(LARGE):
                pass
    assert (refused.value.status_code, refused.value.headers) == (429, {"Retry-After": "30"})
    async with doors.reading(LARGE):
        pass


async def test_who_finds_no_door_free_comes_again() -> None:
    doors = Doors(1)
    with doors.passing(), pytest.raises(HTTPException) as refused, doors.passing():
        pass
    assert (refused.value.status_code, refused.value.headers) == (429, {"Retry-After": "1"})
    with doors.passing():
        pass
