"""A system that is away is so for all workers, is asked by one of them, and drained gently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.engine.limited import (
    NAME,
    Watched,
    Worker,
    run_sql,
    system_at,
    watched_account,
    workers,
)
from tests.engine.test_engine import an_engine, ended, tell
from tests.landscapes import BOOKS

from isthmus.connect import BreakerOpen, ConnectError, Quota, Unavailable
from isthmus.connectors.netsuite.client import RECORDS
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.engine import Engine, Governor, Run, SharedGate, Step, Waker, flow
from isthmus.events.links import Connected
from isthmus.kit.ids import derived_id

pytestmark = pytest.mark.anyio
OUTAGE = {"kind": "outage", "path": "/record/"}
DUE = "update circuit set probe_at = now() - interval '1 s'"
SUBJECTS = [derived_id(f"deal {n}") for n in range(7)]


async def post(step: Step) -> None:
    system: Any = step.links.connected[NAME].system
    client = system._client
    key = f"{step.event.type.removeprefix('deal.')}-{SUBJECTS.index(step.subject)}"
    await client.send("PUT", f"{RECORDS}/department/eid:{key}", body={"name": key}, wrote=True)


@flow(on="deal.compare", priority=60)
async def compare(run: Run) -> None:
    await run.step(post)


@flow(on="deal.bulk", priority=40)
async def bulk(run: Run) -> None:
    await run.step(post)


@flow(on="deal.bill", priority=20)
async def bill(run: Run) -> None:
    await run.step(post)


@pytest.fixture
async def account() -> AsyncIterator[Watched]:
    async with watched_account() as made:
        yield made


async def outcome(worker: Worker) -> type[ConnectError] | None:
    try:
        await worker.ask()
    except ConnectError as error:
        return type(error)
    return None


async def look_again(*gates: SharedGate) -> None:
    """What the gates know may be half a second old; they ask anew with the next call."""
    for gate in gates:
        await gate.close()


async def events(worker: Worker) -> list[tuple[str, dict[str, Any]]]:
    rows = await run_sql(worker, "select type, data from event order by position")
    return [(type, data) for type, data in rows]


async def lost(three: list[Worker], account: Watched) -> int:
    """Fail until the circuit opens; the number of requests that arrived so far."""
    for worker in three:
        await worker.ask()
    await account.faults(OUTAGE)
    for worker in (three[0], three[1], three[0], three[1], three[2]):
        assert await outcome(worker) is Unavailable
    return account.requests


async def test_five_failures_of_all_workers_open_it_for_all(
    account: Watched, database_url: str
) -> None:
    async with workers(3, database_url, account.url, Quota(concurrency=4)) as three:
        arrived = await lost(three, account)
        await look_again(*(w.gate for w in three))
        for _ in range(4):
            found = await asyncio.gather(*(outcome(w) for w in three * 5))
            assert set(found) == {BreakerOpen}
        assert account.requests == arrived, "nothing is sent to a system that is away"
        with pytest.raises(BreakerOpen, match=r"it is away since .* UTC \(answered 503\)") as told:
            await three[0].ask()
        assert "one call at a time looks whether the system is back" in told.value.remedy
        [(type, data)] = await events(three[0])
        assert (type, data) == (
            "connection.lost", {"connection": NAME, "reason": "answered 503", "failures": 5},
        )  # fmt: skip


async def test_one_call_of_all_workers_looks_whether_it_is_back(
    account: Watched, database_url: str
) -> None:
    async with workers(3, database_url, account.url, Quota(concurrency=4)) as three:
        arrived = await lost(three, account)
        await run_sql(three[0], DUE)
        await look_again(*(w.gate for w in three))
        found = await asyncio.gather(*(outcome(w) for w in three * 5))
        assert sorted(f.__name__ for f in found if f) == ["BreakerOpen"] * 14 + ["Unavailable"]
        assert account.requests == arrived + 1
        [(pause, due)] = await run_sql(
            three[0], "select extract(epoch from pause), probe_at > now() from circuit"
        )
        assert (pause, due) == (30, True), "the next look is later than the first"

        await account.faults()
        await run_sql(three[0], DUE)
        await look_again(*(w.gate for w in three))
        found = await asyncio.gather(*(outcome(w) for w in three))
        assert found.count(None) >= 1
        await look_again(*(w.gate for w in three))
        assert [await outcome(w) for w in three] == [None] * 3
        assert [type for type, _ in await events(three[0])] == [
            "connection.lost", "connection.restored",
        ]  # fmt: skip


async def test_a_success_between_failures_keeps_it_closed(
    account: Watched, database_url: str
) -> None:
    async with workers(1, database_url, account.url, Quota()) as [worker]:
        await worker.ask()
        for _ in range(3):
            await account.faults({**OUTAGE, "times": 4})
            assert [await outcome(worker) for _ in range(4)] == [Unavailable] * 4
            assert await outcome(worker) is None
        assert await events(worker) == []


async def test_calls_at_once_double_after_it_is_back(account: Watched, database_url: str) -> None:
    await account.faults({"kind": "latency", "path": "/record/", "seconds": 0.05})
    async with workers(2, database_url, account.url, Quota(concurrency=8)) as two:
        await two[0].ask()
        await two[1].ask()
        await run_sql(
            two[0], "insert into circuit (connection, closed_at) values (:name, now())", name=NAME
        )
        for seconds, most in ((0, 1), (2, 2), (4, 4)):
            far = "update circuit set closed_at = now() - make_interval(secs => :s) "
            await run_sql(two[0], far, s=seconds)
            await look_again(*(w.gate for w in two))
            account.most = 0
            await asyncio.gather(*(w.ask() for w in two for _ in range(most * 2)))
            assert 1 <= account.most <= most * 2


@asynccontextmanager
async def calling(
    database_url: str, folder: Path, account: Watched, quota: Quota
) -> AsyncIterator[tuple[Engine, NetSuite, SharedGate]]:
    """An engine whose flows write to the account."""
    async with an_engine(database_url, folder, (compare, bulk, bill)) as made:
        governor = Governor(made.database, made.outbox, pause=timedelta(seconds=20))
        gate = SharedGate(NAME, quota, governor)
        system = system_at(account.url, gate)
        made.links.connected = {NAME: Connected(system, frozenset(), NAME)}
        account.account.seed({kind: BOOKS[kind] for kind in ("currency", "subsidiary")})
        yield made, system, gate
        await system.close()
        await gate.close()


@pytest.fixture
async def engine(
    database_url: str, tmp_path: Path, account: Watched
) -> AsyncIterator[tuple[Engine, NetSuite, SharedGate]]:
    async with calling(database_url, tmp_path, account, Quota(concurrency=4)) as made:
        yield made


async def test_an_outage_is_drained_in_order_of_priority_a_few_at_a_time(
    engine: tuple[Engine, NetSuite, SharedGate], account: Watched
) -> None:
    made, system, gate = engine
    assert (await system.health()).ok
    await account.faults(OUTAGE)
    order = ["compare", "compare", "bulk", "bulk", "bill", "bill", "bill"]
    runs = [f"{name}:{subject}" for name, subject in zip(order, SUBJECTS, strict=True)]
    for name, subject in zip(order, SUBJECTS, strict=True):
        await tell(made, f"deal.{name}", subject)
    assert [(await ended(made, run)).state for run in runs] == ["waiting_system"] * 7
    async with made.database.begin() as tx:
        holds = await tx.holds.list()
        opened = await tx.circuits.get(NAME)
    assert len(holds) == 7
    assert {h.code for h in holds} <= {"unavailable", "breaker_open"}
    assert opened is not None
    assert opened.is_open
    waker = Waker(made)
    arrived = account.requests
    assert await waker.wake() == 0
    assert account.requests == arrived, "a run that waits asks for nothing"

    await account.faults()
    async with made.database.begin() as tx:
        await tx.connection.exec_driver_sql(DUE)
        await tx.connection.exec_driver_sql("update run set finished_at = now() - interval '1 h'")
    await look_again(gate)
    waves = []
    for seconds in (0, 2, 4):
        if seconds:
            async with made.database.begin() as tx:
                await tx.connection.exec_driver_sql(
                    f"update circuit set closed_at = now() - interval '{seconds} s'"
                )
        waves.append(await waker.wake())
        await settled(made, sum(waves))
    assert waves == [1, 2, 4]
    first, *two_at_once = account.departments()[:3]
    assert (first, sorted(two_at_once)) == ("bill-4", ["bill-5", "bill-6"])
    assert sorted(account.departments()) == [
        "bill-4", "bill-5", "bill-6", "bulk-2", "bulk-3", "compare-0", "compare-1",
    ]  # fmt: skip
    async with made.database.begin() as tx:
        assert await tx.holds.list() == []


async def test_runs_beyond_the_day_s_allowance_wait_for_it_and_are_posted_once(
    account: Watched, database_url: str, tmp_path: Path
) -> None:
    quota = Quota(concurrency=1, daily=5, daily_is_ours=True)
    async with calling(database_url, tmp_path, account, quota) as (made, _, gate):
        for subject in SUBJECTS:
            await tell(made, "deal.bill", subject)
        states = [(await ended(made, f"bill:{subject}")).state for subject in SUBJECTS]
        assert sorted(states) == ["succeeded"] * 4 + ["waiting_system"] * 3
        async with made.database.begin() as tx:
            holds = await tx.holds.list()
        assert {(h.state, h.code, h.owner) for h in holds} == {
            ("waiting_system", "quota_spent", "integration")
        }
        assert all("the day's 5 calls are made; calls come free from" in h.reason for h in holds)
        waker = Waker(made)
        assert await waker.wake() == 0
        assert account.requests == 5, "its sign-in and four invoices"

        await look_again(gate)
        async with made.database.begin() as tx:
            await tx.connection.exec_driver_sql(
                "update quota_use set since = since - interval '24 hours 11 minutes'"
            )
        assert await waker.wake() == 3
        await settled(made, 7)
        assert account.requests == 5 + 1 + 3, "one call to see whether it answers"
        assert sorted(account.departments()) == [f"bill-{n}" for n in range(7)]


async def settled(engine: Engine, number: int) -> None:
    """Until so many runs have succeeded."""
    for _ in range(400):
        async with engine.database.begin() as tx:
            counts = await tx.runs.counts()
        if sum(n for (_, state), n in counts.items() if state == "succeeded") == number:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{counts}, not {number} succeeded")
