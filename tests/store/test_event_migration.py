"""A database of the release before, with events in it, gets its log in partitions and keeps it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from alembic import command

from isthmus.events.envelope import Event
from isthmus.events.feed import Feed
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import new_id
from isthmus.store.database import Database
from isthmus.store.migrate import _config, upgrade

pytestmark = pytest.mark.anyio
NOW = datetime.now(UTC)
OLD = [
    ("customer.changed", timedelta(weeks=80)),
    ("customer.changed", timedelta(days=100)),
    ("invoice.drafted", timedelta(days=100)),
    ("contract.terms_changed", timedelta(days=50)),
    ("time.batched", timedelta(days=9)),
    ("hold.severity_changed", timedelta(days=9)),
    ("customer.drifted", timedelta(hours=1)),
]


async def at(database: Database, release: str) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda c: command.upgrade(_config(c), release))


async def back_to(database: Database, release: str) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(lambda c: command.downgrade(_config(c), release))


def log_of(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select position, id, type, source, subject, occurred_at, correlation_id,"
            " causation_id, data from event order by position"
        ).fetchall()


def fill(url: str) -> None:
    with psycopg.connect(url) as connection:
        for type, age in OLD:
            connection.execute(
                "insert into event (id, type, source, subject, occurred_at, correlation_id, data)"
                " values (%s, %s, 'here', 'it', %s, 'story', '{\"version\": 1}')",
                (new_id(), type, NOW - age),
            )


def partitions_of(url: str) -> list[tuple[str, int]]:
    """(partition, rows) of those that have some."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select tableoid::regclass::text, count(*)::int from event group by 1 order by 1"
        ).fetchall()
    return [(str(name), int(rows)) for name, rows in found]


async def test_rows_come_over_and_numbers_go_on(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await at(database, "0011")
    fill(empty_database_url)
    before = log_of(empty_database_url)
    assert [row[0] for row in before] == [1, 2, 3, 4, 5, 6, 7]

    assert await upgrade(database.engine)
    assert log_of(empty_database_url) == before
    held = partitions_of(empty_database_url)
    assert [rows for name, rows in held if name == "event_lasting"] == [3]
    assert [rows for name, rows in held if name == "event_passing_rest"] == [1], "80 weeks ago"
    assert [rows for name, rows in held if name.startswith("event_passing_2")] == [1, 1, 1]

    again = Event(type="customer.changed", source="here", subject="it", correlation_id="story")
    async with database.begin() as tx:
        await Outbox().emit(tx, again)
    page = await Feed(database).page(6, 10)
    assert [(row.position, row.type) for row in page.rows] == [
        (7, "customer.drifted"), (8, "customer.changed"),
    ]  # fmt: skip
    assert dict(partitions_of(empty_database_url))["event_passing_rest"] == 1, "there was room"
    await database.close()


async def test_a_process_of_the_release_before_goes_on(empty_database_url: str) -> None:
    """It does not know the new column; what it writes is kept for good, and read in its place."""
    database = Database(empty_database_url)
    await at(database, "0011")
    await upgrade(database.engine)
    fill(empty_database_url)
    assert partitions_of(empty_database_url) == [("event_lasting", 7)]
    assert [row.position for row in (await Feed(database).page(0, 10)).rows] == [*range(1, 8)]
    await database.close()


async def test_back_to_the_release_before(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    await at(database, "0011")
    fill(empty_database_url)
    before = log_of(empty_database_url)
    await upgrade(database.engine)
    await back_to(database, "0011")
    assert log_of(empty_database_url) == before
    fill(empty_database_url)
    assert [row[0] for row in log_of(empty_database_url)] == [*range(1, 15)]
    await database.close()
