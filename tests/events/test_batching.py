"""What waits is put into batches, and what comes in meanwhile is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import pytest

from isthmus.canonical import TimeEntry
from isthmus.events.batching import batch_time
from isthmus.events.envelope import Event
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database, Transaction

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


async def store(database: Database, number: int) -> None:
    entry = TimeEntry(
        id=derived_id("test", str(number)), resource=derived_id("test", "one"),
        project=derived_id("test", "project"), worked_on=date(2026, 7, 6), hours=Decimal(8),
        approval="approved", currency="EUR",
    )  # fmt: skip
    async with database.begin() as tx:
        await tx.entries.upsert("certinia", {f"TC-{number}": entry})


async def test_a_steady_stream_makes_few_batches(database: Database) -> None:
    """An entry that comes in while a batch is announced gathers for the next one."""
    outbox, announced = Outbox(), list[int]()

    async def another(tx: Transaction, event: Event) -> None:
        announced.append(event.data["entries"])
        await store(database, 10 + len(announced))

    outbox.subscribe(another)
    for number in range(3):
        await store(database, number)
    assert await batch_time(database, outbox) == 3
    assert announced == [3]
    assert await batch_time(database, outbox) == 1
    assert announced == [3, 1]
