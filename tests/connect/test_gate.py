"""The order of a gate's queue, and what answers say of a vendor's limits."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from tests.landscapes import ENVIRONMENT, landscape_text

from isthmus.app import quota_of
from isthmus.connect import LocalGate, Queue, Quota, Signal, Urgency, current_urgency, urgent
from isthmus.connect.quota import read_signal
from isthmus.connectors.netsuite.limits import read_limits as netsuite
from isthmus.installed import connector_configs
from isthmus.landscape import load
from isthmus.platforms.salesforce.limits import read_limits as salesforce

pytestmark = pytest.mark.anyio
CROWDED = {"o:errorDetails": [{"detail": "x", "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED"}]}
SPENT = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]
BUSY = [
    {"errorCode": "REQUEST_LIMIT_EXCEEDED",
     "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded."}
]  # fmt: skip


def answer(status: int, body: object = None, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, headers=named, content=json.dumps(body).encode())


async def test_one_turn_in_five_goes_to_who_waits_longest() -> None:
    queue = Queue()
    queue.add(Urgency.RECONCILIATION)
    queue.add(Urgency.BULK)
    for _ in range(9):
        queue.add(Urgency.INVOICING)
    order = "".join(str(int(found[0])) for _ in range(11) if (found := queue.next()))
    assert order == "00003000020"
    assert queue.next() is None


async def test_a_waiter_that_left_is_passed_over() -> None:
    queue = Queue()
    queue.add(Urgency.BULK).cancel()
    stays = queue.add(Urgency.BULK)
    assert queue.waiting() == (0, 0, 1, 0)
    assert queue.next() == (Urgency.BULK, stays)


async def test_a_process_by_itself_keeps_to_its_own_number() -> None:
    gate = LocalGate(2)
    inside: list[int] = []

    async def call() -> None:
        passed = await gate.enter()
        inside.append(1)
        assert len(inside) <= 2
        await asyncio.sleep(0)
        inside.pop()
        await gate.leave(passed, Signal())

    await asyncio.gather(*(call() for _ in range(20)))
    assert inside == []


async def test_what_is_called_inside_is_as_urgent_as_said() -> None:
    assert current_urgency() is Urgency.INTERACTIVE
    with urgent(Urgency.BULK):
        assert current_urgency() is Urgency.BULK
    assert current_urgency() is Urgency.INTERACTIVE


@pytest.mark.parametrize(
    ("response", "signal"),
    [
        (answer(200), Signal(answered=True)),
        (answer(401), Signal(answered=True)),
        (answer(429, Retry_After="30"), Signal(answered=True, retry_after=30.0)),
        (answer(429), Signal(answered=True, busy=True)),
        (answer(503, Retry_After="120"), Signal(lost="answered 503", retry_after=120.0)),
    ],
)
def test_statuses_say_whether_a_system_is_there(response: httpx2.Response, signal: Signal) -> None:
    assert read_signal(response) == signal


def test_netsuite_is_crowded_with_429_or_400() -> None:
    assert netsuite(answer(429, CROWDED)).busy
    assert netsuite(answer(400, CROWDED)).busy
    assert not netsuite(answer(400, {"o:errorDetails": []})).busy


def test_salesforce_counts_the_day_on_every_reply() -> None:
    found = salesforce(answer(200, Sforce_Limit_Info="api-usage=10018/150000"))
    assert (found.used, found.allowed) == (10_018, 150_000)
    assert salesforce(answer(403, SPENT)).retry_after == 900
    assert not salesforce(answer(403, SPENT)).busy
    assert salesforce(answer(403, BUSY)).busy


def test_the_landscape_narrows_what_the_vendor_publishes(tmp_path: Path) -> None:
    file = tmp_path / "isthmus.yaml"
    text = landscape_text("http://127.0.0.1:1", "http://127.0.0.1:1")
    file.write_text(
        text.replace(
            "    vendor: netsuite\n",
            "    vendor: netsuite\n    concurrency: 3\n"
            "    quota: {calls: 600, per: 30s, daily: 50000}\n",
        )
    )
    landscape = load(file, connector_configs(), ENVIRONMENT)
    assert quota_of(landscape.connections["netsuite"]) == Quota(
        3, calls=600, per=timedelta(seconds=30), daily=50_000, daily_is_ours=True
    )
    assert quota_of(landscape.connections["salesforce"]) == Quota(8, daily=100_000)
