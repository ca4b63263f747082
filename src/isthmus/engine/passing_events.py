"""Room for the events that pass, and the end of those that are old and sent everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from isthmus.store.database import Database
from isthmus.store.event_partitions import Partition

log = structlog.get_logger()
AHEAD = timedelta(days=14)
"""Room is made for so long at least: nobody may be there to make it."""
PARTS = 12
"""Partitions in which the events of their age lie. An event may outlive its age by one of them."""
WIDEST = timedelta(days=30)
REST_AT_ONCE = 1000


def width(age: timedelta | str) -> timedelta:
    """Of a partition, by the age of what is dropped."""
    return min(age / PARTS, WIDEST) if isinstance(age, timedelta) else WIDEST


async def make_room(database: Database, now: datetime, age: timedelta | str) -> int:
    """Partitions for what comes; the number of new ones."""
    wide = width(age)
    async with database.begin() as tx:
        return await tx.event_partitions.make_ahead(now + max(wide, min(AHEAD, 3 * wide)), wide)


async def count_events(database: Database, before: datetime) -> int:
    """Events that are old, whether or not a destination still waits for them."""
    async with database.begin() as tx:
        return await tx.event_partitions.count(before)


async def drop_events(database: Database, before: datetime) -> int:
    """Drop every partition that ends before an instant; the number of events in them."""
    async with database.begin() as tx:
        partitions = await tx.event_partitions.list()
    dropped = 0
    for partition in partitions:
        if partition.ends_at is not None and partition.ends_at <= before:
            events = await _drop(database, partition)
            if events is None:
                break
            dropped += events
    return dropped + await _empty_rest(database, before)


async def _drop(database: Database, partition: Partition) -> int | None:
    async with database.begin() as tx:
        behind = await tx.event_partitions.slowest()
        events = await tx.event_partitions.drop(partition, behind)
    if events is None:
        log.warning("events.kept", partition=partition.name, sent_up_to=behind)
    return events


async def _empty_rest(database: Database, before: datetime) -> int:
    removed = 0
    while True:
        async with database.begin() as tx:
            behind = await tx.event_partitions.slowest()
            found = await tx.event_partitions.empty_rest(before, behind, REST_AT_ONCE)
        removed += found
        if found < REST_AT_ONCE:
            return removed
