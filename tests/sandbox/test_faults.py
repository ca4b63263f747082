"""A rule fires exactly as asked: on the right requests, so many times, and as the vendor would."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from isthmus.sandbox.faults import BadFault, FaultInjection, Faults
from isthmus.sandbox.serve import serving

pytestmark = pytest.mark.anyio


class Counter:
    """A vendor whose only record is how often it was asked."""

    def __init__(self) -> None:
        self.count = 0
        self.faults = Faults(answer=lambda status: {"vendor": status})
        routes = [Route("/count", self.add, methods=["GET", "POST"]), *self.faults.routes()]
        self.app = FaultInjection(Starlette(routes=routes), self.faults)

    async def add(self, request: Request) -> Response:
        self.count += 1
        return JSONResponse({"count": self.count})


@pytest.fixture
def counter() -> Counter:
    return Counter()


@pytest.fixture
async def client(counter: Counter) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(counter.app) as url, httpx2.AsyncClient(base_url=url, timeout=5) as client:
        yield client


async def fault(client: httpx2.AsyncClient, **rule: object) -> str:
    answer = await client.post("/__control/faults", json=rule)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_error_fires_so_many_times_and_does_not_run(
    counter: Counter, client: httpx2.AsyncClient
) -> None:
    await fault(client, kind="error", path="/count", times=2, status=502, body={"x": 1})
    answers = [await client.get("/count") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [502, 502, 200]
    assert answers[0].json() == {"x": 1}
    assert counter.count == 1
    (rule,) = (await client.get("/__control/faults")).json()["faults"]
    assert (rule["fired"], rule["active"]) == (2, False)


async def test_timeout_after_commit_runs_the_request_and_never_answers(
    counter: Counter, client: httpx2.AsyncClient
) -> None:
    await fault(client, kind="timeout_after_commit", path="^/count$", method="POST", times=1)
    with pytest.raises(httpx2.TransportError):
        await client.post("/count", json={})
    assert counter.count == 1
    assert (await client.post("/count", json={})).json() == {"count": 2}


async def test_drop_before_closes_without_running(
    counter: Counter, client: httpx2.AsyncClient
) -> None:
    await fault(client, kind="drop_before", times=1)
    with pytest.raises(httpx2.TransportError):
        await client.get("/count")
    assert counter.count == 0


async def test_outage_answers_503_until_removed(
    counter: Counter, client: httpx2.AsyncClient
) -> None:
    rule = await fault(client, kind="outage", retry_after=7)
    down = await client.get("/count")
    assert (down.status_code, down.headers["retry-after"]) == (503, "7")
    assert down.json() == {"vendor": 503}
    assert (await client.delete(f"/__control/faults/{rule}")).status_code == 204
    assert (await client.get("/count")).status_code == 200
    assert counter.count == 1
    assert (await client.delete(f"/__control/faults/{rule}")).status_code == 404


async def test_outage_ends_by_itself(client: httpx2.AsyncClient) -> None:
    await fault(client, kind="outage", seconds=0.0)
    assert (await client.get("/count")).status_code == 200


async def test_malformed_runs_and_cuts_the_body(
    counter: Counter, client: httpx2.AsyncClient
) -> None:
    await fault(client, kind="malformed", times=1)
    answer = await client.get("/count")
    assert (answer.status_code, counter.count) == (200, 1)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_throttle_says_when_to_come_back(client: httpx2.AsyncClient) -> None:
    await fault(client, kind="throttle", times=1, retry_after=3)
    answer = await client.get("/count")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


async def test_latency_then_the_next_rule(counter: Counter, client: httpx2.AsyncClient) -> None:
    await fault(client, kind="latency", seconds=0.01)
    await fault(client, kind="error", times=1)
    assert (await client.get("/count")).status_code == 500
    assert (await client.get("/count")).status_code == 200
    rules = (await client.get("/__control/faults")).json()["faults"]
    assert [rule["fired"] for rule in rules] == [2, 1]
    assert counter.count == 1


def test_a_rate_is_seeded_and_repeats() -> None:
    def hits(seed: int) -> list[bool]:
        rule = Faults().add({"kind": "error", "rate": 0.5, "seed": seed})
        return [rule.strikes("GET", "/") for _ in range(200)]

    assert hits(1) == hits(1)
    assert hits(1) != hits(2)
    assert 60 < sum(hits(1)) < 140


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ({"kind": "flood"}, "kind"),
        ({"kind": "error", "time": 1}, "unknown key 'time'"),
        ({"kind": "error", "rate": 2}, "rate"),
        ({"kind": "error", "path": "("}, "path"),
        ({"kind": "error", "times": "1"}, "times"),
    ],
)
def test_a_wrong_rule_is_refused(rule: dict[str, object], word: str) -> None:
    faults = Faults()
    with pytest.raises(BadFault, match=word):
        faults.add(rule)
    assert faults.rules() == []
