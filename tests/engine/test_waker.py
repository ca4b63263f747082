"""Runs that wait for a system go on when it answers, and do not hammer it when it does not help."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.engine.test_engine import D1, an_engine, broken, calls, ended, tell

from isthmus.connect import Health, Unavailable
from isthmus.engine import Engine, Waker
from isthmus.events.links import Connected
from isthmus.kit.clock import utc_now
from isthmus.store.tables import run

pytestmark = pytest.mark.anyio
RUN = f"three_steps:{D1}"


class Answers:
    name = "netsuite"

    async def health(self) -> Health:
        return Health(True, "answers")


@pytest.fixture
async def engine(database_url: str, tmp_path: Path) -> AsyncIterator[Engine]:
    async with an_engine(database_url, tmp_path) as made:
        system: Any = Answers()
        made.links.connected = {"netsuite": Connected(system, frozenset(), "netsuite")}
        yield made


async def rested(engine: Engine, seconds: int) -> None:
    """As if the last stop were so long ago."""
    async with engine.database.begin() as tx:
        at = utc_now() - timedelta(seconds=seconds)
        await tx.connection.execute(update(run).values(finished_at=at))


async def stopped(engine: Engine) -> int:
    return (await ended(engine, RUN)).attempts


async def test_what_a_system_fails_each_time_is_asked_ever_more_rarely(engine: Engine) -> None:
    broken["post"] = lambda: Unavailable("netsuite", "answered 500 to this one record")
    waker = Waker(engine)
    await tell(engine, "deal.won", D1)
    assert await stopped(engine) == 1
    while not await waker.wake():
        assert (await stopped(engine)) == 1
    assert await stopped(engine) == 2
    assert [await waker.wake() for _ in range(3)] == [0, 0, 0]
    await rested(engine, 5)
    assert await waker.wake() == 1
    assert await stopped(engine) == 3
    await rested(engine, 5)
    assert await waker.wake() == 0
    broken.clear()
    await rested(engine, 9)
    assert await waker.wake() == 1
    assert (await ended(engine, RUN)).state == "succeeded"
    assert calls.count("count") == 1
