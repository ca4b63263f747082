"""Long arithmetic lets others have their turns."""

from __future__ import annotations

import asyncio

import pytest

from isthmus.kit.turns import AT_A_TIME, by_turns

pytestmark = pytest.mark.anyio


async def test_all_are_made_in_order_while_others_have_turns() -> None:
    seen = list[int]()

    async def other() -> None:
        for _ in range(3):
            seen.append(len(made))
            await asyncio.sleep(0)

    made = list[int]()

    def double(number: int) -> int:
        made.append(2 * number)
        return 2 * number

    beside = asyncio.create_task(other())
    assert await by_turns(double, range(5 * AT_A_TIME)) == list(range(0, 10 * AT_A_TIME, 2))
    await beside
    assert seen == [AT_A_TIME, 2 * AT_A_TIME, 3 * AT_A_TIME]
