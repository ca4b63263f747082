"""Long arithmetic lets others have their turns."""

from __future__ import annotations

import asyncio

import pytest

from isthmus.kit.turns import AT_A_TIME, by_turns

pytestmark = pytest.mark.anyio


async def test_all_are_made_in_order() -> None:
    numbers = range(2 * AT_A_TIME + 1)
    assert await by_turns(lambda number: 2 * number, numbers) == [2 * n for n in numbers]
    assert await by_turns(lambda number: 2 * number, ()) == []


async def test_two_who_work_so_take_turns_with_each_other_and_with_others() -> None:
    turns = list[str]()

    async def working(name: str) -> None:
        await by_turns(lambda item: turns.append(name) if item % AT_A_TIME == 0 else None,
                       range(3 * AT_A_TIME))  # fmt: skip

    async def waiting() -> None:
        for _ in range(6):
            turns.append("-")
            await asyncio.sleep(0)

    await asyncio.gather(working("a"), working("b"), waiting())
    told = "".join(turns)
    assert told.replace("-", "") == "ababab"
    assert "ab" not in told.rstrip("ab")
    assert "ba" not in told.rstrip("ab")
