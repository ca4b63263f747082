"""Runs begin because a process was told of them: its own clock stands still here."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError
from tests.engine.test_engine import (
    D1,
    D2,
    A,
    an_engine,
    broken,
    calls,
    ended,
    tell,
    three_steps,
)

from isthmus.connect import Refused
from isthmus.engine import BATCHES, RUNS, Engine, Run, Step, dequeue, flow, replay
from isthmus.engine import engine as engine_module
from isthmus.engine.dequeue import CHANNEL, Bell
from isthmus.engine.engine import PLACES
from isthmus.kit.ids import derived_id

pytestmark = pytest.mark.anyio
NEVER = 3600.0
let_go = asyncio.Event()


@pytest.fixture
async def engine(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Engine]:
    monkeypatch.setattr(engine_module, "LOOKS_EVERY", NEVER)
    monkeypatch.setattr(dequeue, "RECONNECT", 0.05)
    async with an_engine(database_url, tmp_path) as made:
        yield made


async def test_a_run_begins_when_its_event_is_stored(engine: Engine) -> None:
    await tell(engine, "deal.won", D1)
    assert (await ended(engine, f"three_steps:{D1}")).state == "succeeded"


async def test_the_next_of_an_object_begins_when_the_one_before_it_has_ended(
    engine: Engine,
) -> None:
    for _ in range(3):
        await tell(engine, "object.changed", A)
    for _ in range(400):
        if len(calls) == 6:
            break
        await asyncio.sleep(0.02)
    assert calls == [f"in {A}", f"out {A}"] * 3


@flow(on="hours.batched", queue=BATCHES)
async def many_rows(run: Run) -> None:
    await run.step(move_rows)


async def move_rows(step: Step) -> None:
    calls.append("rows")
    await let_go.wait()


async def test_batches_leave_places_for_what_somebody_waits_for(
    database_url: str, tmp_path: Path
) -> None:
    let_go.clear()
    async with an_engine(database_url, tmp_path, (three_steps, many_rows)) as engine:
        for number in range(2 * PLACES[BATCHES]):
            await tell(engine, "hours.batched", derived_id(str(number)))
        await tell(engine, "deal.won", D1)
        assert (await ended(engine, f"three_steps:{D1}")).state == "succeeded"
        assert calls.count("rows") == PLACES[BATCHES]
        let_go.set()
        for number in range(2 * PLACES[BATCHES]):
            run = await ended(engine, f"many_rows:{derived_id(str(number))}")
            assert run.state == "succeeded"


async def test_a_worker_may_leave_batches_to_others(database_url: str, tmp_path: Path) -> None:
    flows = (three_steps, many_rows)
    async with an_engine(database_url, tmp_path, flows, places={RUNS: 1, BATCHES: 0}) as engine:
        await tell(engine, "hours.batched", A)
        await tell(engine, "deal.won", D1)
        assert (await ended(engine, f"three_steps:{D1}")).state == "succeeded"
        async with engine.database.begin() as tx:
            left = await tx.runs.get(f"many_rows:{A}")
        assert left is not None
        assert left.state == "queued"


async def test_a_replay_begins_when_it_is_asked_for(engine: Engine) -> None:
    broken["post"] = lambda: Refused("no")
    await tell(engine, "deal.won", D1)
    run = await ended(engine, f"three_steps:{D1}")
    broken.clear()
    assert (run.state, (await replay(engine, run, "controller")).resumed) == ("dead", True)
    assert (await ended(engine, run.id)).state == "succeeded"
    assert calls == ["count", "price 3", "post", "post"]


async def test_what_is_stored_while_nobody_listens_begins_when_somebody_does_again(
    engine: Engine, database_url: str
) -> None:
    await tell(engine, "deal.won", D1)
    await ended(engine, f"three_steps:{D1}")
    with psycopg.connect(database_url, autocommit=True) as other:
        cut = other.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where query = %s and datname = current_database()",
            [f"listen {CHANNEL}"],
        ).fetchone()
    assert cut == (1,)
    await tell(engine, "deal.won", D2)
    assert (await ended(engine, f"three_steps:{D2}")).state == "succeeded"


def test_a_bell_that_rang_before_ends_the_next_pause_only() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    assert bell.wait(NEVER) is False
    assert bell.wait(0.01) is False
    assert not bell.is_set()


def test_a_bell_that_is_set_ends_every_pause() -> None:
    bell, answers = Bell(), list[bool]()
    waiting = threading.Thread(target=lambda: answers.append(bell.wait(NEVER)))
    waiting.start()
    bell.set()
    waiting.join(10)
    assert answers == [True]
    assert bell.wait(NEVER) is True


async def test_a_claim_whose_commit_was_not_answered_is_begun_once(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are this process's, and it was told that they are not."""
    async with an_engine(database_url, tmp_path, lease=0.5) as engine:
        assert engine._dbos is not None
        store = engine._dbos._sys_db
        claim, lost = store.start_queued_partitioned_workflows, list[str]()

        def unanswered(*args: Any, **options: Any) -> list[str]:
            found = claim(*args, **options)
            if found and not lost:
                lost.extend(found)
                raise OperationalError("COMMIT", {}, Exception("server closed the connection"))
            return found

        monkeypatch.setattr(store, "start_queued_partitioned_workflows", unanswered)
        await tell(engine, "deal.won", D1)
        assert (await ended(engine, f"three_steps:{D1}")).state == "succeeded"
        assert lost == [f"three_steps:{D1}"]
        assert calls == ["count", "price 3", "post"]
        await tell(engine, "deal.won", D2)
        assert (await ended(engine, f"three_steps:{D2}")).state == "succeeded"
