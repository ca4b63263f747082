"""Events that pass go with their age, once they are sent everywhere; who comes later is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from tests.cli.conftest import call
from tests.events.out.log import an_event
from tests.firm import Firm, a_firm

from isthmus.api.server import serving
from isthmus.engine.passing_events import drop_events, make_room, width
from isthmus.engine.retention import Purged, purge
from isthmus.events.feed import Feed, Forgotten
from isthmus.events.filter import Filter
from isthmus.events.outbox import Outbox
from isthmus.kit.clock import utc_now
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio
AGE = timedelta(days=90)
LATER = timedelta(days=100)
PASSES, LASTS = "customer.changed", "invoice.drafted"


@pytest.fixture
async def idle(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    """A firm without a worker, which would purge by itself."""
    async with a_firm(database_url, tmp_path, works=False) as made:
        yield made


async def write(database: Database, *types: str) -> None:
    for number, type in enumerate(types):
        async with database.begin() as tx:
            await Outbox().emit(tx, an_event(f"it {number}", number, type))


async def left(database: Database) -> list[tuple[int, str]]:
    async with database.begin() as tx:
        return [(row.position, row.type) for row in await tx.events.between(0, 10**6, 10**6)]


async def places(database: Database) -> dict[str, int]:
    """Table -> its events."""
    async with database.begin() as tx:
        rows = await tx.connection.execute(
            sa.text("select tableoid::regclass::text, count(*) from event group by 1")
        )
        return {str(name): int(count) for name, count in rows}


async def test_what_passes_goes_and_what_lasts_stays(idle: Firm) -> None:
    database, engine = idle.app.database, idle.app.engine
    await write(database, PASSES, LASTS, PASSES, LASTS)
    assert await purge(engine, utc_now() + timedelta(days=89)) == Purged()
    assert await purge(engine, utc_now() + LATER) == Purged(events=2)
    assert await left(database) == [(2, LASTS), (4, LASTS)]
    feed = Feed(database)
    assert await feed.first() == 3
    assert await feed.first(Filter(types=[LASTS])) == 0
    await feed.ensure_kept(3)
    await feed.ensure_kept(0, Filter(types=[LASTS]))
    with pytest.raises(Forgotten):
        await feed.ensure_kept(2)
    assert await purge(engine, utc_now() + LATER) == Purged()


async def test_an_empty_log_knows_where_it_ends(idle: Firm) -> None:
    database = idle.app.database
    await write(database, *[PASSES] * 5)
    await purge(idle.app.engine, utc_now() + LATER)
    assert await left(database) == []
    feed = Feed(database)
    assert (await feed.end(), await feed.settled()) == (5, 5)
    await write(database, PASSES)
    assert await left(database) == [(6, PASSES)]


async def test_the_slowest_destination_is_waited_for(idle: Firm) -> None:
    database, engine = idle.app.database, idle.app.engine
    await write(database, PASSES, PASSES, PASSES)
    async with database.begin() as tx:
        await tx.destinations.add("quick", 3)
        await tx.destinations.add("slow", 2)
    assert await purge(engine, utc_now() + LATER) == Purged()
    assert len(await left(database)) == 3
    async with database.begin() as tx:
        await tx.destinations.rewind("slow", 3)
    assert await purge(engine, utc_now() + LATER) == Purged(events=3)


async def test_a_destination_that_is_gone_is_forgotten(
    idle: Firm, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    database = idle.app.database
    await write(database, PASSES, PASSES)
    async with database.begin() as tx:
        await tx.destinations.add("gone", 1)
        await tx.destinations.add("bot", 2)
        await tx.destinations.hold("bot", "a worker", 60)
    taken = await asyncio.to_thread(call, "destination", "forget", "bot")
    assert (taken.code, taken.err.splitlines()[0]) == (1, "bot is being sent to.")
    told = await asyncio.to_thread(call, "destination", "forget", "gone")
    assert (told.code, told.out) == (
        0, "gone is forgotten; a worker with it in its landscape begins anew\n",
    )  # fmt: skip
    assert await purge(idle.app.engine, utc_now() + LATER) == Purged(events=2)
    back = await asyncio.to_thread(call, "destination", "rewind", "bot", "--to", "1")
    assert (back.code, back.err.splitlines()[0]) == (1, "Events after 1 are removed up to 2.")
    async with database.begin() as tx:
        row = await tx.destinations.find("bot")
    assert row is not None
    assert row.position == 2


async def test_a_reader_that_is_too_late_is_told(idle: Firm) -> None:
    await write(idle.app.database, PASSES, LASTS, PASSES, LASTS)
    await purge(idle.app.engine, utc_now() + LATER)
    async with serving(idle.app) as url, httpx2.AsyncClient(base_url=url) as http:
        late = await http.get("/events", params={"after": 1})
        assert (late.status_code, late.json()["detail"]) == (
            410,
            "events after 1 are removed up to 3: they are kept for 90d. Read the objects that you "
            "follow anew, then ask from 3, or from `first`, which is the same",
        )
        stream = {"accept": "text/event-stream", "Last-Event-ID": "2"}
        assert (await http.get("/events", headers=stream)).status_code == 410
        for asked, found in (
            ({}, ["4"]),
            ({"after": "first"}, ["4"]),
            ({"after": "3"}, ["4"]),
            ({"after": "0", "type": LASTS}, ["2", "4"]),
            ({"type": LASTS}, ["2", "4"]),
            ({"after": "4"}, []),
        ):
            answer = await http.get("/events", params=asked)
            assert answer.status_code == 200, answer.text
            assert [e["sequence"].lstrip("0") for e in answer.json()["events"]] == found


async def test_events_for_which_nobody_made_room(idle: Firm) -> None:
    """Written all the same, aside; room is made behind them, and their age is theirs."""
    database = idle.app.database
    async with database.begin() as tx:
        for partition in await tx.event_partitions.list():
            if partition.ends_at is not None:
                await tx.event_partitions.drop(partition, None)
    await write(database, PASSES, PASSES)
    assert await places(database) == {"event_passing_rest": 2}
    assert await make_room(database, utc_now(), AGE) == 2, "14 days by 7.5"
    await write(database, PASSES)
    assert sorted((await places(database)).values()) == [1, 2]
    assert await drop_events(database, utc_now() - timedelta(minutes=1)) == 0
    assert await drop_events(database, utc_now()) == 2
    assert await left(database) == [(3, PASSES)]
    assert await Feed(database).first() == 2


async def test_nothing_is_lost_while_partitions_come_and_go(idle: Firm) -> None:
    """Six writers and a reader, while the log is cut into quarters of a second."""
    database, age = idle.app.database, timedelta(seconds=3)
    async with database.begin() as tx:
        for partition in await tx.event_partitions.list():
            if partition.ends_at is not None:
                await tx.event_partitions.drop(partition, None)
    writers = [asyncio.create_task(write(database, *[PASSES] * 60)) for _ in range(6)]
    feed, seen, position, dropped = Feed(database), list[int](), 0, 0
    async with asyncio.timeout(60):
        while len(seen) < 6 * 60:
            page = await feed.page(position, 50)
            seen += [row.position for row in page.rows]
            position = page.position
            await make_room(database, utc_now(), age)
            async with database.begin() as tx:
                await tx.destinations.add("reader", 0)
                await tx.destinations.rewind("reader", position)
            dropped += await drop_events(database, utc_now() - timedelta(seconds=0.3))
            await asyncio.sleep(0.05)
    await asyncio.gather(*writers)
    assert seen == sorted(set(seen))
    async with database.begin() as tx:
        parts = len(await tx.event_partitions.list())
    await asyncio.sleep(1)
    dropped += await drop_events(database, utc_now() - timedelta(seconds=0.3))
    assert (dropped, await left(database)) == (360, [])
    assert await feed.first() == max(seen)
    assert 3 <= parts <= 20


def test_the_width_of_a_partition() -> None:
    assert width(AGE) == timedelta(days=7.5)
    assert width(timedelta(days=3650)) == width("never") == timedelta(days=30)
