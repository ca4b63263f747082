"""Our own database is cut off or away: no run is lost, and none is called a defect."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from tests.engine.test_engine import D1, an_engine, ended, tell, the_hold

from isthmus.engine import Engine, Hold, Run, Step, Waker, flow, replay

pytestmark = pytest.mark.anyio
RUN = f"cut_short:{D1}"
did: list[str] = []
breaks: list[Callable[[], None]] = []
stops = asyncio.Event()


@flow(on="deal.cut", owner="pmo")
async def cut_short(run: Run) -> None:
    await run.step(lose_the_connection)


async def lose_the_connection(step: Step) -> None:
    did.append("begun")
    async with step.begin() as tx:
        if len(did) == 1:
            await tx.connection.execute(text("select pg_terminate_backend(pg_backend_pid())"))
    did.append("done")


@flow(on="deal.away", owner="pmo")
async def away(run: Run) -> None:
    await run.step(stop_in_an_outage)


async def stop_in_an_outage(step: Step) -> None:
    stops.set()
    for break_off in breaks:
        break_off()
    raise Hold("no billing terms", code="terms_missing", owner="finance", fix="Set them.")


@pytest.fixture
async def engine(database_url: str, tmp_path: Path) -> AsyncIterator[Engine]:
    did.clear()
    breaks.clear()
    stops.clear()
    async with an_engine(database_url, tmp_path, (cut_short, away)) as made:
        yield made


def close(server_url: str, name: str) -> None:
    """As a restart of the server looks from outside: no connection lives, none is accepted."""
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"alter database {name} with allow_connections false")
        server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name]
        )


async def test_a_connection_that_is_cut_repeats_the_step(engine: Engine) -> None:
    await tell(engine, "deal.cut", D1)
    assert (await ended(engine, RUN)).state == "succeeded"
    assert did == ["begun", "begun", "done"]
    async with engine.database.begin() as tx:
        assert await tx.holds.list() == []


async def test_a_stop_is_told_once_the_database_is_back(
    engine: Engine, server_url: str, database_url: str
) -> None:
    name = database_url.rpartition("@/")[2].partition("?")[0]
    breaks.append(lambda: close(server_url, name))
    await tell(engine, "deal.away", D1)
    await asyncio.wait_for(stops.wait(), 20)
    await asyncio.sleep(1.2)
    with psycopg.connect(server_url, autocommit=True) as server:
        server.execute(f"alter database {name} with allow_connections true")
    assert (await ended(engine, f"away:{D1}")).state == "held"
    hold = await the_hold(engine)
    assert (hold.code, hold.owner, hold.state) == ("terms_missing", "finance", "held")


async def test_two_replays_at_once_are_one(engine: Engine) -> None:
    await tell(engine, "deal.away", D1)
    run = await ended(engine, f"away:{D1}")
    await asyncio.sleep(0.3)
    both = await asyncio.gather(replay(engine, run, "one"), replay(engine, run, "two"))
    assert sorted(r.resumed for r in both) == [False, True]
    assert (await ended(engine, run.id)).attempts == 2


async def test_a_waker_outlives_what_it_cannot_wake(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    waker = Waker(engine, every=0.01)
    passes: list[str] = []

    async def wake() -> int:
        passes.append("pass")
        raise LookupError("a run that cannot be woken")

    monkeypatch.setattr(waker, "wake", wake)
    task = asyncio.create_task(waker.run())
    while len(passes) < 2:
        assert not task.done()
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
