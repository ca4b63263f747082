"""E1, E2: what a vendor pushes is stored before it is acknowledged, and harmless when repeated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx2
import psycopg
import pytest
import sqlalchemy as sa
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account

from isthmus.api.server import serving
from isthmus.events.room import NoRoom, Room

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def pushing(firm: Firm, **knobs: object) -> AsyncIterator[str]:
    """The org tells us of every change of a deal and an account, as the knobs say."""
    async with serving(firm.app) as url:
        settings = {"retry_seconds": 0.05, **knobs}
        await firm.org.control("outbound-messages/settings", settings)
        for sobject in ("Account", "Opportunity"):
            await firm.org.control(
                "outbound-messages",
                {"object": sobject, "fields": ["Id"], "when": None,
                 "endpoint": f"{url}/webhooks/salesforce"},
            )  # fmt: skip
        yield url


async def delivered(firm: Firm) -> None:
    for _ in range(1000):
        if not firm.org.simulator.outbound.status()["pending"]:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the org still has messages to deliver")


async def inbox(firm: Firm) -> tuple[int, int, int]:
    """(messages, deliveries, unprocessed)."""
    async with firm.app.database.begin() as tx:
        return await tx.inbox.counts()


async def inbox_once(firm: Firm, complete: Callable[[int, int], bool]) -> tuple[int, int, int]:
    """The inbox once it is complete; the second copy leaves after the list is empty."""
    for _ in range(250):
        messages, deliveries, unread = await inbox(firm)
        if complete(messages, deliveries):
            break
        await asyncio.sleep(0.02)
    return messages, deliveries, unread


async def read_all(firm: Firm) -> None:
    """Until our own writes, which the org pushes too, are read and say nothing new."""
    for _ in range(10):
        if not await firm.app.readers["salesforce"].messages():
            return
        await firm.settle_runs()
        await delivered(firm)
    raise AssertionError("messages beget messages")


async def test_twice_and_out_of_order_is_one_run(firm: Firm) -> None:
    await firm.read()
    async with pushing(firm, duplicate_rate=1.0, shuffle=True, seed=7):
        account = await an_account(firm)
        deal = await a_deal(firm, account)
        for stage in ("Qualification", "Proposal/Price Quote", "Closed Won"):
            await firm.org.update("Opportunity", deal, StageName=stage)
        await delivered(firm)
        messages, deliveries, unread = await inbox_once(firm, lambda m, d: d == 2 * m)
        assert unread == messages > 4
        assert deliveries == 2 * messages
        await read_all(firm)
    assert await firm.open_holds() == []
    assert await firm.runs("opportunity_to_project") == [("succeeded", 1)]
    assert len(await firm.events("opportunity.closed_won")) == 1
    assert len(await firm.books.rows("customer")) == 1
    assert len(await firm.books.rows("job")) == 1

    await firm.read()
    assert await firm.runs("opportunity_to_project") == [("succeeded", 1)]


async def test_what_could_not_be_stored_is_not_acknowledged(firm: Firm) -> None:
    """The database takes nothing for a while; the org repeats, and nothing is lost."""
    await firm.read()
    async with pushing(firm) as url:
        away = psycopg.AsyncConnection.connect(firm.app.database.url, autocommit=True)
        async with await away as database:
            await database.execute("alter table inbox rename to away")
            account = await an_account(firm)
            for _ in range(500):
                if any(m["attempts"] > 1 for m in firm.org.simulator.outbound.status()["pending"]):
                    break
                await asyncio.sleep(0.02)
            [waiting] = firm.org.simulator.outbound.status()["pending"]
            assert waiting["attempts"] > 1
            await database.execute("alter table away rename to inbox")
        await delivered(firm)
        assert (await inbox(firm))[0] == 1
        await firm.app.readers["salesforce"].messages()
        async with firm.app.database.begin() as tx:
            assert await tx.xref.canonical("customer", "salesforce", account) is not None
        async with httpx2.AsyncClient() as http:
            stranger = await http.post(f"{url}/webhooks/salesforce", content=b"<hello/>")
            nobody = await http.post(f"{url}/webhooks/nobody", content=b"")
    assert stranger.status_code in (400, 401)
    assert nobody.status_code == 404
    assert (await inbox(firm))[0] == 1


async def test_what_there_is_no_room_for_comes_again_and_nothing_is_lost(firm: Firm) -> None:
    """Three messages may wait; the org has eight, and keeps those that are answered 429."""
    await firm.read()
    firm.app.settings = firm.app.settings.model_copy(update={"inbox_limit": 3})
    async with pushing(firm) as url:
        accounts = [await an_account(firm, Name=f"Client {n}") for n in range(3)]
        assert await inbox_once(firm, lambda m, d: m == 3) == (3, 3, 3)
        accounts += [await an_account(firm, Name=f"Client {n}") for n in range(3, 8)]
        answer = await pushed_again(firm, url)
        assert (answer.status_code, answer.headers.get("Retry-After")) == (429, "30"), answer.text
        assert "3 messages wait to be read" in answer.json()["detail"]
        assert await inbox(firm) == (3, 3, 3)
        [hold] = await firm.open_holds()
        assert (hold.code, hold.owner, hold.flow) == ("no_room", "integration", "webhooks")
        for _ in range(20):
            await firm.app.readers["salesforce"].messages()
            if (await inbox_once(firm, lambda m, d: m == 8))[0] == 8:
                break
        await delivered(firm)
        await firm.app.readers["salesforce"].messages()
        assert await inbox(firm) == (8, 8, 0)
        assert (await pushed_again(firm, url)).status_code == 200
    async with firm.app.database.begin() as tx:
        known = [await tx.xref.canonical("customer", "salesforce", a) for a in accounts]
    assert len(set(known) - {None}) == 8
    assert await firm.open_holds() == []


async def test_a_disk_that_is_nearly_full_takes_nothing_in(firm: Firm) -> None:
    await firm.read()
    async with pushing(firm) as url:
        await an_account(firm)
        await delivered(firm)
        home = firm.app.settings.home
        full = Room(firm.app.database, 100, home, 10**12)
        with pytest.raises(NoRoom, match=r"MB free, and .* MB are kept"):
            await full.taking(1).__aenter__()
        [hold] = await firm.open_holds()
        assert hold.code == "no_room"
        for volume, floor in ((None, 10**12), (home, 0)):
            async with Room(firm.app.database, 100, volume, floor).taking(1):
                assert await firm.open_holds() == []
        assert (await pushed_again(firm, url)).status_code == 200


async def pushed_again(firm: Firm, url: str) -> httpx2.Response:
    """A message of the org as it came, delivered once more."""
    async with firm.app.database.begin() as tx:
        message = await tx.connection.scalar(sa.text("select id from inbox limit 1"))
        body = await tx.inbox.body_of(str(message))
    async with httpx2.AsyncClient() as http:
        return await http.post(f"{url}/webhooks/salesforce", content=body)
