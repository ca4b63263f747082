"""Several workers share what a vendor allows; what arrives there is counted on its side."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.engine.limited import KEY, Watched, Worker, run_sql, watched_account, workers
from tests.landscapes import PRIVATE

from isthmus.connect import Quota, QuotaSpent, Throttled, Urgency, urgent

pytestmark = pytest.mark.anyio
SLOW = {"kind": "latency", "path": "/record/", "seconds": 0.03}
HUNG = {"kind": "latency", "path": "/record/", "seconds": 5}


@pytest.fixture
async def account() -> AsyncIterator[Watched]:
    async with watched_account() as made:
        yield made


async def used(worker: Worker) -> int:
    """Calls that we have counted ourselves."""
    [(calls,)] = await run_sql(worker, "select coalesce(sum(calls), 0) from quota_use")
    return int(calls)


async def counted(all_workers: list[Worker]) -> int:
    """The same when each worker has told what it did."""
    for worker in all_workers:
        await worker.gate.close()
    return await used(all_workers[0])


async def ask_as(worker: Worker, urgency: Urgency) -> None:
    with urgent(urgency):
        await worker.ask()


async def test_three_workers_together_keep_to_the_calls_at_once(
    account: Watched, database_url: str
) -> None:
    await account.settings(concurrency_limit=4)
    await account.faults(SLOW)
    async with workers(3, database_url, account.url, Quota(concurrency=4)) as three:
        await asyncio.gather(*(w.write(f"{n}-{i}") for n, w in enumerate(three) for i in range(20)))
        assert account.most == 4
        refused = [key for key in account.account.traffic.counts if key[2] == "429"]
        assert refused == []
        assert len(set(account.departments())) == 60
        assert account.requests == 60 + 3, "each worker signs in once"
        assert await counted(three) == account.requests


async def test_two_workers_together_keep_to_the_calls_of_a_stretch_of_time(
    account: Watched, database_url: str
) -> None:
    quota = Quota(concurrency=4, calls=9, per=timedelta(seconds=1))
    async with workers(2, database_url, account.url, quota) as two:
        await asyncio.gather(*(w.write(f"{n}-{i}") for n, w in enumerate(two) for i in range(14)))
        assert account.most_within(1.0) <= 9
        assert len(set(account.departments())) == 28
        assert account.requests == 28 + 2
        assert await counted(two) == account.requests


async def test_the_more_urgent_goes_first_and_nobody_is_forgotten(
    account: Watched, database_url: str
) -> None:
    async with workers(1, database_url, account.url, Quota(concurrency=1)) as [worker]:
        await worker.ask()
        await account.faults({**SLOW, "times": 1, "seconds": 0.5})
        first = asyncio.create_task(worker.write("first"))
        await account.until(lambda: account.in_flight == 1)
        order = [Urgency.RECONCILIATION, Urgency.BULK, *[Urgency.INVOICING] * 6]
        tasks = [asyncio.create_task(write_as(worker, u, f"{u}-{n}")) for n, u in enumerate(order)]
        await asyncio.gather(first, *tasks)
    served = account.departments()
    assert served[0] == "first"
    assert [key for key in served if key[0] == "0"] == [f"0-{n}" for n in range(2, 8)]
    assert 2 <= served.index("3-0") <= 5, "one turn in five goes to who waits longest"
    assert served.index("2-1") > served.index("0-5"), "bulk came before all but one, and waits"


async def write_as(worker: Worker, urgency: Urgency, key: str) -> None:
    with urgent(urgency):
        await worker.write(key)


async def test_bulk_in_one_worker_leaves_room_for_an_invoice_in_another(
    account: Watched, database_url: str
) -> None:
    await account.faults(SLOW)
    async with workers(2, database_url, account.url, Quota(concurrency=2)) as [one, other]:
        bulk = [asyncio.create_task(write_as(one, Urgency.BULK, f"bulk-{n:02}")) for n in range(80)]
        await account.until(lambda: account.requests >= 10)
        await write_as(other, Urgency.INVOICING, "invoice")
        assert not all(task.done() for task in bulk), "it did not wait for the end of the bulk"
        await asyncio.gather(*bulk)
    assert len(account.departments()) == 81
    assert account.most == 2


async def test_the_end_of_a_day_s_allowance_is_kept_for_what_blocks_invoicing(
    account: Watched, database_url: str
) -> None:
    quota = Quota(concurrency=2, daily=20, daily_is_ours=True)
    async with workers(2, database_url, account.url, quota) as [one, other]:
        for _ in range(15):
            await ask_as(one, Urgency.RECONCILIATION)
        assert account.requests == 16, "with its sign-in: four fifths of twenty"
        with pytest.raises(QuotaSpent, match="16 of 20 calls of the day are made") as polled:
            await ask_as(one, Urgency.RECONCILIATION)
        assert polled.value.retry_after is not None
        assert 23 * 3600 < polled.value.retry_after <= 24 * 3600 + 600
        for _ in range(3):
            await ask_as(other, Urgency.INVOICING)
        assert account.requests == 20
        with pytest.raises(QuotaSpent, match="the day's 20 calls are made; calls come free from"):
            await ask_as(other, Urgency.INVOICING)
        assert account.requests == 20
        assert await counted([one, other]) == 20


async def test_an_allowance_comes_back_a_day_later(account: Watched, database_url: str) -> None:
    quota = Quota(concurrency=1, daily=5, daily_is_ours=True)
    async with workers(1, database_url, account.url, quota) as [worker]:
        for _ in range(4):
            await ask_as(worker, Urgency.INVOICING)
        with pytest.raises(QuotaSpent):
            await ask_as(worker, Urgency.INVOICING)
        await worker.gate.close()
        a_day = "update quota_use set since = since - interval '24 hours 11 minutes'"
        assert await run_sql(worker, a_day) == 1
        await ask_as(worker, Urgency.INVOICING)
        assert account.requests == 6


async def test_a_time_to_wait_is_kept_by_every_worker(account: Watched, database_url: str) -> None:
    await account.faults({"kind": "throttle", "path": "/record/", "retry_after": 3600, "times": 3})
    async with workers(2, database_url, account.url, Quota(concurrency=2)) as [one, other]:
        with pytest.raises(Throttled):
            await one.ask()
        before = account.requests
        with pytest.raises(QuotaSpent, match="asked to be left alone until"):
            await other.ask()
        assert account.requests == before
        await run_sql(one, "update quota set paused_until = now()")
        await account.faults()
        await other.gate.close()
        await other.ask()


async def test_too_many_at_once_for_the_vendor_is_learned_by_all(
    account: Watched, database_url: str
) -> None:
    await account.settings(concurrency_limit=2)
    await account.faults(SLOW)
    async with workers(2, database_url, account.url, Quota(concurrency=8)) as two:
        await asyncio.gather(
            *(write_patiently(w, f"{n}-{i}") for n, w in enumerate(two) for i in range(12))
        )
        [(narrowed,)] = await run_sql(two[0], "select narrowed_to from quota")
        assert narrowed < 8
        assert len(set(account.departments())) == 24


async def write_patiently(worker: Worker, key: str) -> None:
    for _ in range(30):
        try:
            return await worker.write(key)
        except Throttled:
            continue
    raise AssertionError(f"{key} was never let in")


async def test_what_a_killed_process_held_comes_back_when_its_lease_ends(
    account: Watched, database_url: str
) -> None:
    quota = Quota(concurrency=1, daily=1000, daily_is_ours=True)
    async with workers(1, database_url, account.url, quota) as [worker]:
        await worker.ask()
        await worker.gate.close()
        await account.faults({**HUNG, "times": 1})
        script = Path(__file__).with_name("one_call.py")
        root = Path(__file__).parents[2]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(script),
            database_url,
            account.url,
            cwd=root,
            env={**os.environ, KEY: PRIVATE},
        )
        await account.until(lambda: account.arrivals[-1][1].endswith("eid:never"))
        process.send_signal(signal.SIGKILL)
        await process.wait()
        waits = asyncio.create_task(worker.write("after"))
        await asyncio.sleep(0.5)
        assert not waits.done(), "the dead process still holds the only call"
        ended = "update quota_lease set expires_at = now() - interval '1 s' where slots = 1"
        assert await run_sql(worker, ended) == 1
        await asyncio.wait_for(waits, 20)
        assert account.departments() == ["after"]
