"""J1: without a broker, consumers ask for the events and go on where they stopped."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from tests.events.out.log import an_event, write
from tests.firm import Firm

from isthmus.api.server import serving
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import derived_id

pytestmark = pytest.mark.anyio
TOKEN = "not-a-real-token"


@asynccontextmanager
async def asking(firm: Firm) -> AsyncIterator[httpx2.AsyncClient]:
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        yield http


async def page(http: httpx2.AsyncClient, **asked: Any) -> tuple[list[str], str]:
    """(ids, next)."""
    answer = await http.get("/events", params=asked)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    return [event["id"] for event in found["events"]], found["next"]


async def sent_events(lines: AsyncIterator[str], count: int) -> list[dict[str, str]]:
    """The next server-sent events that carry data: fields of each."""
    found: list[dict[str, str]] = []
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
            continue
        if "data" in fields:
            found.append(fields)
        fields = {}
        if len(found) == count:
            break
    return found


async def test_page_by_page_to_the_end(firm: Firm) -> None:
    written = await write(firm.app.database, subjects=3, each=4)
    async with asking(firm) as http:
        read, after = list[str](), "0"
        for size in (5, 5, 2, 0):
            ids, after = await page(http, after=after, limit=5)
            assert len(ids) == size
            read += ids
        assert read == written
        assert after == "0000000000000000012"
        later = await write(firm.app.database, subjects=1, each=1, first=5)
        assert await page(http, after=after) == (later, "0000000000000000013")


async def test_only_a_type_or_an_object(firm: Firm) -> None:
    written = await write(firm.app.database, subjects=3, each=2)
    async with firm.app.database.begin() as tx:
        drafted = an_event("invoice 0", 3, "invoice.drafted")
        await Outbox().emit(tx, drafted)
    end = "0000000000000000007"
    async with asking(firm) as http:
        assert await page(http, type="invoice.drafted") == ([drafted.id], end)
        assert await page(http, type="invoice.*", subject=derived_id("invoice 0")) == (
            [written[0], written[3], drafted.id], end,
        )  # fmt: skip
        assert await page(http, type=["contract.opened", "contract.amended"]) == ([], end)


async def test_a_long_poll_answers_when_something_happens(firm: Firm) -> None:
    async with asking(firm) as http:
        asked = asyncio.create_task(page(http, wait=30, type="invoice.posted"))
        async with firm.app.database.begin() as tx:
            await Outbox().emit(tx, an_event("invoice 0", 1, "invoice.drafted"))
        [id] = await write(firm.app.database, subjects=1, each=1)
        assert await asked == ([id], "0000000000000000002")


async def test_a_stream_goes_on_where_it_broke(firm: Firm) -> None:
    first = await write(firm.app.database, subjects=2, each=2)
    stream = {"accept": "text/event-stream"}
    async with asking(firm) as http:
        async with http.stream("GET", "/events", headers=stream) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            seen = await sent_events(answer.aiter_lines(), 3)
        assert [json.loads(s["data"])["id"] for s in seen] == first[:3]
        assert [(s["id"], s["event"]) for s in seen] == [
            (f"000000000000000000{n}", "isthmus.invoice.posted.v1") for n in (1, 2, 3)
        ]
        again = {**stream, "Last-Event-ID": seen[-1]["id"]}
        async with http.stream("GET", "/events?after=0", headers=again) as answer:
            lines = answer.aiter_lines()
            [missed] = await sent_events(lines, 1)
            later = await write(firm.app.database, subjects=2, each=1, first=3)
            live = await sent_events(lines, 2)
        assert [json.loads(s["data"])["id"] for s in (missed, *live)] == [first[3], *later]


async def test_only_what_comes(firm: Firm) -> None:
    await write(firm.app.database, subjects=1, each=3)
    async with asking(firm) as http:
        assert await page(http, after="end") == ([], "0000000000000000003")


async def test_stopping_the_api_ends_open_streams(firm: Firm) -> None:
    async with asyncio.timeout(20), serving(firm.app) as url:
        http = httpx2.AsyncClient(base_url=url, timeout=30)
        headers = {"accept": "text/event-stream"}
        answer = await http.send(http.build_request("GET", "/events", headers=headers), stream=True)
    [first, *_] = [line async for line in answer.aiter_lines()]
    assert first == f"id: {0:019d}"
    await http.aclose()


async def test_the_token_decides_who_reads(firm: Firm) -> None:
    firm.app.settings = firm.app.settings.model_copy(update={"api_token": SecretStr(TOKEN)})
    async with asking(firm) as http:
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": f"Basic {TOKEN}"}):
            answer = await http.get("/events", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith('Bearer realm="isthmus"')
        bearer = {"Authorization": f"Bearer {TOKEN}", "X-Forwarded-For": "203.0.113.7"}
        assert (await http.get("/events", headers=bearer)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"Host": "rebound.example:8900"},
        {"Host": ""},
    ],
)
async def test_without_a_token_only_this_machine(firm: Firm, headers: dict[str, str]) -> None:
    async with asking(firm) as http:
        answer = await http.get("/events", headers=headers)
        assert answer.status_code == 403
        assert "ISTHMUS_API_TOKEN" in answer.json()["detail"]
        assert (await http.get("/events")).status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "says"),
    [
        ({"type": "invoice.post"}, 400, "no event is called 'invoice.post'"),
        ({"after": "3"}, 409, "event 3 is not in this log, which ends at 2"),
        ({"after": "yesterday"}, 422, "should match pattern"),
        ({"limit": "1001"}, 422, "less than or equal to 1000"),
    ],
)
async def test_what_cannot_be_answered(
    firm: Firm, asked: dict[str, str], status: int, says: str
) -> None:
    await write(firm.app.database, subjects=1, each=2)
    async with asking(firm) as http:
        answer = await http.get("/events", params=asked)
    assert answer.status_code == status
    assert says in answer.text
