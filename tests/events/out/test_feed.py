"""Nobody's position passes an event that is still to be committed."""

from __future__ import annotations

import asyncio

import pytest
from tests.events.out.log import an_event, write

from isthmus.events.feed import Feed
from isthmus.events.filter import Filter
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio


async def test_a_slow_transaction_is_waited_for(database: Database) -> None:
    """It took position 1 first and commits last; a reader at 2 would never see it."""
    feed = Feed(database)
    slow, quick = an_event("invoice slow", 1), an_event("invoice quick", 2)
    async with database.begin() as tx:
        await Outbox().emit(tx, slow)
        async with database.begin() as other:
            await Outbox().emit(other, quick)
        async with database.begin() as reader:
            assert [r.id for r in await reader.events.between(0, 9, 10)] == [quick.id]
        asked = asyncio.create_task(feed.page(0, 10))
        done, _ = await asyncio.wait([asked], timeout=0.3)
        assert not done
    page = await asked
    assert [row.id for row in page.rows] == [slow.id, quick.id]
    assert page.position == 2


async def test_a_transaction_that_is_rolled_back_leaves_a_gap(database: Database) -> None:
    feed = Feed(database)
    first = await write(database, subjects=1, each=1)
    async with database.begin() as tx:
        await Outbox().emit(tx, an_event("invoice undone", 9))
        await tx.connection.rollback()
    last = await write(database, subjects=1, each=1, first=2)
    page = await feed.page(0, 10)
    assert [(row.position, row.id) for row in page.rows] == [(1, *first), (3, *last)]


async def test_later_writers_are_not_waited_for(database: Database) -> None:
    """A log that is written to all the time is read all the same."""
    feed = Feed(database)
    sent = await write(database, subjects=1, each=3)
    assert await feed.settled() == 3
    async with database.begin() as tx:
        await Outbox().emit(tx, an_event("invoice open", 4))
        page = await feed.page(0, 10)
    assert [row.id for row in page.rows] == sent


async def test_writers_at_the_same_time_lose_nothing(database: Database) -> None:
    """Eight writers, one reader that goes on from its position all the while."""
    feed, seen, position = Feed(database), list[str](), 0
    writers = [asyncio.create_task(_writer(database, number)) for number in range(8)]
    while len(seen) < 8 * 25:
        page = await feed.page(position, 7)
        seen += [row.id for row in page.rows]
        position = page.position
    written = [id for writer in writers for id in await writer]
    assert len(seen) == len(set(seen)) == 200
    assert set(seen) == set(written)


async def _writer(database: Database, number: int) -> list[str]:
    sent = []
    for count in range(25):
        event = an_event(f"invoice {number}", count)
        async with database.begin() as tx:
            await Outbox().emit(tx, event)
            await asyncio.sleep(0.001 * (number % 4))
        sent.append(event.id)
    return sent


async def test_a_filter_moves_the_position_past_what_it_leaves_out(database: Database) -> None:
    feed = Feed(database)
    await write(database, subjects=3, each=4)
    one = Filter(subject=derived_id("invoice 1"))
    page = await feed.page(0, 2, one)
    assert ([row.position for row in page.rows], page.position) == ([2, 5], 5)
    page = await feed.page(page.position, 10, one)
    assert ([row.position for row in page.rows], page.position) == ([8, 11], 12)
    assert await feed.page(0, 10, Filter(types=["invoice.drafted"])) == (await feed.page(12, 1)), (
        "nothing of that type, and the whole log is passed"
    )
