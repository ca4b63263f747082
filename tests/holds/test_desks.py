"""Service desks are told of holds, each once, and close them from there; over real sockets."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from tests.holds.place import EXCEPTIONS, WORLD, an_engine, opened, settled, stopped_deals, the
from tests.holds.service_desk import ServiceDesk, a_service_desk
from tests.landscapes import ENVIRONMENT, landscape_text

from isthmus.api.server import serving
from isthmus.app import App
from isthmus.canonical import Customer, Resource
from isthmus.canonical.customer import Contact
from isthmus.connect.errors import Invalid, Unauthorized
from isthmus.engine import Engine
from isthmus.engine.hold_actions import assign, replay_hold, skip
from isthmus.holds.desk_inbox import accept, take_in
from isthmus.holds.forwarding import forward
from isthmus.holds.triage import triage
from isthmus.installed import connector_configs
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import derived_id
from isthmus.landscape import load
from isthmus.settings import Settings

pytestmark = pytest.mark.anyio
SECRET = "fake-desk-secret"
DESKS = """\
  desks:
    tickets:
      via: webhook
      url: env:DESK_URL
      headers: {Authorization: env:DESK_LOGIN}
      body: {short_description: "{title}", correlation_id: "{hold}", labels: ["{code}"], urgency: 1}
      reference: result.number
      secret: env:DESK_SECRET
      queues: [finance]
    chat:
      via: apprise
      url: env:CHAT_URL
      severity_from: high
      tells: [opened, overdue, over]
"""
UNBILLED = EXCEPTIONS.replace("schedules: {billing_day: 1}\n", "")
"""Without a billing day, so that what presses does not depend on the day of the test."""
MONDAY = "2026-07-06 13:00"


@asynccontextmanager
async def told(
    database_url: str, folder: Path, *, works: bool = True
) -> AsyncIterator[tuple[Engine, ServiceDesk, ServiceDesk]]:
    """An engine, the desk with tickets, the channel by Apprise."""
    async with a_service_desk() as tickets, a_service_desk() as chat:
        environment = {
            "DESK_URL": f"{tickets.url}/incident", "DESK_LOGIN": "Basic fake-login",
            "DESK_SECRET": SECRET, "CHAT_URL": f"{chat.url.replace('http', 'json')}/hook",
        }  # fmt: skip
        async with an_engine(
            database_url, folder, UNBILLED + DESKS, works=works, environment=environment
        ) as engine:
            yield engine, tickets, chat


async def forwarded(engine: Engine, *, later: timedelta = timedelta(0)) -> int:
    await triage(engine, utc_now())
    return await forward(engine, utc_now() + later)


def signed(body: bytes) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "X-Request": "1"}


async def says(engine: Engine, **said: str) -> bool:
    body = json.dumps(said).encode()
    return await accept(engine, "tickets", signed(body), body)


async def test_a_hold_is_told_once_by_queue_and_severity(database_url: str, tmp_path: Path) -> None:
    async with told(database_url, tmp_path, works=False) as (engine, tickets, chat):
        small = await opened(engine, "small", MONDAY, code="unmapped")
        large = await opened(
            engine, "large", MONDAY, amount=Decimal(60000), currency="EUR", customer="Harbour Works"
        )
        await opened(engine, "away", MONDAY, owner="integration", state="dead", code="refused")
        for _ in range(3):
            await forwarded(engine)
        assert [r.json for r in tickets.requests] == [
            {"short_description": f"[normal] {small.label} finance: unmapped",
             "correlation_id": small.label, "labels": ["unmapped"], "urgency": 1},
            {"short_description": f"[critical] {large.label} finance: rate_mismatch, 60,000.00 EUR "
             "of Harbour Works",
             "correlation_id": large.label, "labels": ["rate_mismatch"], "urgency": 1},
        ]  # fmt: skip
        first = tickets.requests[0]
        assert (first.path, first.headers["authorization"], first.headers["idempotency-key"]) == (
            "/incident", "Basic fake-login", f"tickets:{small.label}:opened:1",
        )  # fmt: skip
        digest = hmac.new(SECRET.encode(), first.body, hashlib.sha256).hexdigest()
        assert first.headers["x-hub-signature-256"] == f"sha256={digest}"
        # both severe ones are open and long overdue; the small one is nothing for the channel
        assert sorted(r.json["title"] for r in chat.requests) == [
            "[critical] H-2 finance: overdue, 60,000.00 EUR of Harbour Works",
            "[critical] H-2 finance: rate_mismatch, 60,000.00 EUR of Harbour Works",
            "[high] H-3 integration: overdue",
            "[high] H-3 integration: refused",
        ]
        await skip(engine, await the(engine, large.number), "written off", "ana")
        await forwarded(engine)
        assert len(tickets.requests) == 2
        assert chat.requests[-1].json["title"] == (
            "[critical] H-2 finance: is over, 60,000.00 EUR of Harbour Works"
        )
        assert "skipped: written off by ana" in chat.requests[-1].json["message"]
        assert len(chat.requests) == 5


PEOPLE = ("Consultant Seven", "seven@firm.example", "Buyer Eight", "eight@client.example")
WHO_SAYS = "Consultant Seven (seven@firm.example) logged 9 h; ask Buyer Eight of the client"


async def known_people(engine: Engine) -> None:
    """A consultant of ours and somebody at a client."""
    consultant = Resource(
        id=derived_id("resource", "7"), employee_number="E7", name=PEOPLE[0], email=PEOPLE[1]
    )
    contact = Contact(name=PEOPLE[2], email=PEOPLE[3])
    client = Customer(id=derived_id("customer", "8"), name="Harbour Works", contacts=(contact,))
    async with engine.database.begin() as tx:
        await tx.records.save(consultant)
        await tx.records.save(client)


async def test_no_desk_and_no_channel_is_told_who_a_person_is(
    database_url: str, tmp_path: Path
) -> None:
    """The link leads who may see more to the hold, where everything stands."""
    async with told(database_url, tmp_path, works=False) as (engine, tickets, chat):
        await known_people(engine)
        hold = await opened(
            engine, "named", MONDAY, reason=WHO_SAYS, fix="Mail new.colleague@firm.example.",
            customer="Harbour Works", amount=Decimal(60000), currency="EUR",
        )  # fmt: skip
        await assign(engine, hold, PEOPLE[0], "ana")
        await triage(engine, utc_now())
        assert await forward(engine, utc_now(), site="https://isthmus.example.com") == 3
        await skip(engine, await the(engine, hold.number), "Buyer Eight waives it", PEOPLE[1])
        assert await forward(engine, utc_now(), site="https://isthmus.example.com") == 1
        assert (len(tickets.requests), len(chat.requests)) == (1, 3)
        sent = [request.body.decode() for request in (*tickets.requests, *chat.requests)]
        assert [name for name in (*PEOPLE, "@firm") for body in sent if name in body] == []
        first, last = chat.requests[0].json["message"], chat.requests[-1].json["message"]
        assert first.startswith("••• (•••) logged 9 h; ask ••• of the client\nMail •••.\n")
        assert f"\nhttps://isthmus.example.com/exceptions/{hold.label}\n" in first
        assert "skipped: ••• waives it by •••" in last
        assert (await the(engine, hold.number)).reason == WHO_SAYS, "it stays with the hold"


async def test_a_lost_answer_is_told_again_under_the_same_key(
    database_url: str, tmp_path: Path
) -> None:
    async with told(database_url, tmp_path, works=False) as (engine, tickets, _):
        hold = await opened(engine, "one", MONDAY, code="unmapped")
        tickets.moods.extend(["hang up", "503"])
        assert await forwarded(engine) == 0
        assert await forwarded(engine) == 0
        assert len(tickets.requests) == 1, "it is left alone for two seconds"
        assert await forwarded(engine, later=timedelta(seconds=5)) == 0
        async with engine.database.begin() as tx:
            [waiting] = await tx.notices.waiting()
        assert (waiting.attempts, waiting.error) == (2, "tickets: answered 503")
        assert await forwarded(engine, later=timedelta(hours=1)) == 1
        assert await forwarded(engine, later=timedelta(days=1)) == 0
        assert {r.headers["idempotency-key"] for r in tickets.requests} == {
            f"tickets:{hold.label}:opened:1"
        }
        assert (len(tickets.requests), tickets.tickets) == (
            3, {f"tickets:{hold.label}:opened:1": "INC0001"},
        )  # fmt: skip
        async with engine.database.begin() as tx:
            assert await tx.notices.hold_of("tickets", "INC0001") == hold.number


async def test_what_is_over_before_a_desk_heard_of_it_is_not_told(
    database_url: str, tmp_path: Path
) -> None:
    async with told(database_url, tmp_path, works=False) as (engine, tickets, _):
        first = await opened(engine, "one", MONDAY, code="unmapped")
        second = await opened(engine, "two", MONDAY, code="unmapped")
        tickets.moods.append("503")
        assert await forwarded(engine) == 0
        await skip(engine, await the(engine, second.number), "a duplicate", "ana")
        assert await forwarded(engine, later=timedelta(minutes=1)) == 1
        assert [r.json["correlation_id"] for r in tickets.requests] == [first.label] * 2


async def test_a_closed_ticket_closes_the_hold_once(database_url: str, tmp_path: Path) -> None:
    async with told(database_url, tmp_path) as (engine, tickets, _):
        [hold] = await stopped_deals(engine, 1)
        assert await forwarded(engine) == 1
        WORLD.stops.clear()
        closing = {"act": "resolve", "reference": "INC0001", "text": "PO 77", "by": "ben"}
        assert await says(engine, **closing)
        assert not await says(engine, **closing)
        assert (await the(engine, hold.number)).state == "held", "stored, and not yet done"
        assert await take_in(engine, utc_now()) == 1
        assert await take_in(engine, utc_now()) == 0
        await settled(engine)
        over = await the(engine, hold.number)
        assert (over.state, over.resolution, over.resolution_code) == (
            "resolved", "succeeded", "corrected",
        )  # fmt: skip
        assert WORLD.posted == [f"checked {hold.object_id}", hold.object_id]
        async with engine.database.begin() as tx:
            comments = await tx.queues.comments(hold.number)
            assert [c[:2] for c in map(_said, comments)] == [("PO 77", "ben (tickets)")]
            messages, deliveries, unread = await tx.inbox.counts()
        assert (messages, deliveries, unread) == (1, 2, 0)
        assert await forwarded(engine) == 0
        assert len(tickets.requests) == 1

        assert await says(engine, act="resolve", hold=hold.label, id="late")
        assert await take_in(engine, utc_now()) == 1
        assert WORLD.posted == [f"checked {hold.object_id}", hold.object_id]


def _said(comment: object) -> tuple[str, str]:
    return comment.text, comment.said_by  # type: ignore[attr-defined]


async def test_one_that_stops_again_gets_a_new_ticket(database_url: str, tmp_path: Path) -> None:
    async with told(database_url, tmp_path) as (engine, tickets, _):
        [hold] = await stopped_deals(engine, 1)
        await forwarded(engine)
        for number in (1, 2):
            assert await says(engine, act="resolve", hold=hold.label)
            assert await take_in(engine, utc_now()) == 1
            await settled(engine)
            assert await forwarded(engine) == 1
            assert len(tickets.tickets) == number + 1
        assert [r.headers["idempotency-key"][-1] for r in tickets.requests] == ["1", "2", "3"]


async def test_a_message_that_was_begun_is_done_again_without_harm(
    database_url: str, tmp_path: Path
) -> None:
    """As after a crash between the act and the record that the message is done."""
    async with told(database_url, tmp_path) as (engine, _, _):
        [hold] = await stopped_deals(engine, 1)
        await forwarded(engine)
        WORLD.stops.clear()
        await says(engine, act="resolve", hold=hold.label, code="corrected", text="PO 77")
        await replay_hold(engine, hold, "the worker that died", code="corrected")
        await settled(engine)
        assert await take_in(engine, utc_now()) == 1
        async with engine.database.begin() as tx:
            await tx.connection.exec_driver_sql("UPDATE inbox SET processed_at = NULL")
        assert await take_in(engine, utc_now()) == 1
        async with engine.database.begin() as tx:
            assert [c.text for c in await tx.queues.comments(hold.number)] == ["PO 77"]
        assert WORLD.posted == [f"checked {hold.object_id}", hold.object_id]


async def test_a_desk_comments_assigns_and_gives_up(database_url: str, tmp_path: Path) -> None:
    async with told(database_url, tmp_path) as (engine, _, _):
        [hold] = await stopped_deals(engine, 1)
        await forwarded(engine)
        await says(engine, act="comment", hold=hold.label, text="on it", by="ben")
        await says(engine, act="assign", hold=hold.label, person="ben@firm.example")
        await says(engine, act="resolve", hold=hold.label, code="goodwill", text="agreed")
        assert await take_in(engine, utc_now()) == 3
        over = await the(engine, hold.number)
        assert (over.assigned_to, over.resolution, over.resolution_code) == (
            "ben@firm.example", "skipped: goodwill", "goodwill",
        )  # fmt: skip
        async with engine.database.begin() as tx:
            assert [c.text for c in await tx.queues.comments(hold.number)] == ["on it", "agreed"]


async def test_who_cannot_prove_it_changes_nothing(database_url: str, tmp_path: Path) -> None:
    async with told(database_url, tmp_path, works=False) as (engine, _, _):
        hold = await opened(engine, "one", MONDAY, code="unmapped")
        await forwarded(engine)
        body = json.dumps({"act": "resolve", "hold": hold.label}).encode()
        wrong: list[dict[str, str]] = [
            {}, {"Authorization": "Bearer fake"}, {"X-Hub-Signature-256": "sha256=00"},
            {**signed(b"{}"), "Authorization": f"Bearer {SECRET}"},
        ]  # fmt: skip
        for headers in wrong:
            with pytest.raises(Unauthorized, match="neither a signature nor a bearer token"):
                await accept(engine, "tickets", headers, body)
        with pytest.raises(Unauthorized, match="it has no secret"):
            await accept(engine, "chat", signed(body), body)
        async with engine.database.begin() as tx:
            assert await tx.inbox.counts() == (0, 0, 0)
        assert await accept(engine, "tickets", {"authorization": f"Bearer {SECRET}"}, body)
        async with engine.database.begin() as tx:
            kept = await tx.connection.exec_driver_sql("SELECT headers FROM inbox")
            assert [h for (h,) in kept] == [{}], "the proof is not kept"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"act": "close", "hold": "H-1"}, "message.act: Input should be 'resolve', 'comment' or"),
        ({"act": "resolve"}, "message.hold: it names no hold"),
        ({"act": "resolve", "hold": "H-9"}, "message.hold = 'H-9': no hold is called so here"),
        ({"act": "resolve", "reference": "INC9"}, "message.reference = 'INC9': no hold is called"),
        ({"act": "resolve", "hold": "H-2"}, "message.hold = 'H-2': the desk was not told of it"),
        ({"act": "resolve", "hold": "H-1", "code": "writen_off"}, "Did you mean `written_off`?"),
        ({"act": "comment", "hold": "H-1", "text": " "}, "message.text: it is empty. Send text"),
        ({"act": "assign", "hold": "H-1"}, "message.person: it is empty. Send person"),
    ],
)
async def test_a_message_that_means_nothing_names_its_field(
    database_url: str, tmp_path: Path, said: dict[str, str], why: str
) -> None:
    async with told(database_url, tmp_path, works=False) as (engine, _, _):
        await opened(engine, "one", MONDAY, code="unmapped")
        await opened(engine, "two", MONDAY, owner="pmo")
        await forwarded(engine)
        with pytest.raises(Invalid) as invalid:
            await says(engine, **said)
        assert why in str(invalid.value)
        async with engine.database.begin() as tx:
            assert await tx.inbox.counts() == (0, 0, 0)


async def test_a_channel_that_is_away_is_told_later(database_url: str, tmp_path: Path) -> None:
    async with told(database_url, tmp_path, works=False) as (engine, _, chat):
        await opened(engine, "away", MONDAY, owner="integration", state="dead", code="refused")
        chat.moods.append("503")
        assert await forwarded(engine) == 0
        async with engine.database.begin() as tx:
            errors = {n.kind: n.error for n in await tx.notices.waiting()}
        assert "chat: the channel did not take the message" in errors.values()
        assert await forwarded(engine, later=timedelta(minutes=1)) == 2
        assert len(chat.requests) == 3


async def test_over_http_a_desk_is_heard_or_told_why_not(database_url: str, tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "DESK_URL": "http://127.0.0.1:1", "DESK_LOGIN": "fake",
                   "DESK_SECRET": SECRET, "CHAT_URL": "json://127.0.0.1:1"}  # fmt: skip
    path = tmp_path / "isthmus.yaml"
    text = landscape_text("http://127.0.0.1:1", "http://127.0.0.1:1", UNBILLED + DESKS)
    path.write_text(text)
    landscape = load(path, connector_configs(), environment)
    settings = Settings(DATABASE_URL=database_url, home=tmp_path, port=0)  # type: ignore[call-arg]
    app = await App.open(settings, landscape)
    try:
        hold = await opened(app.engine, "one", MONDAY, code="unmapped")
        await forwarded(app.engine)
        body = json.dumps({"act": "comment", "hold": hold.label, "text": "on it"}).encode()
        async with serving(app) as url, httpx2.AsyncClient(base_url=url) as http:
            heard = await http.post("/desks/tickets", content=body, headers=signed(body))
            again = await http.post("/desks/tickets", content=body, headers=signed(body))
            forged = await http.post("/desks/tickets", content=body)
            nowhere = await http.post("/desks/nobody", content=body, headers=signed(body))
            empty = b"{}"
            wrong = await http.post("/desks/tickets", content=empty, headers=signed(empty))
            endless = await http.post("/desks/tickets", content=b" " * 2_000_001)
        assert (heard.status_code, heard.json()) == (202, {"accepted": True, "repeated": False})
        assert again.json() == {"accepted": True, "repeated": True}
        statuses = [r.status_code for r in (forged, nowhere, wrong, endless)]
        assert statuses == [401, 404, 422, 413]
        assert wrong.json()["detail"] == (
            "tickets: the message cannot be used; message.act: Field required. Correct the desk's "
            "message."
        )
        assert await take_in(app.engine, utc_now()) == 1
        async with app.database.begin() as tx:
            assert [c.said_by for c in await tx.queues.comments(hold.number)] == ["tickets"]
    finally:
        await app.close()
