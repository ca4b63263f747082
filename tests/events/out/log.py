"""A log of events about a few invoices, and relays that send it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from tests.events.out.sides import Arrived

from isthmus.events.envelope import Event
from isthmus.events.feed import Feed
from isthmus.events.outbox import Outbox
from isthmus.events.relay import Pace, Relay
from isthmus.kit.ids import derived_id
from isthmus.landscape.destinations import Destination
from isthmus.store.database import Database
from isthmus.store.destinations import DestinationRow

QUICK = Pace(first=0.02, longest_broker=0.1, longest_webhook=0.1, idle=0.02, page=20)


def an_event(subject: str, number: int, type: str = "invoice.posted") -> Event:
    return Event(
        type=type, source="time_to_invoice", subject=derived_id(subject), correlation_id="deal-1",
        data={"number": f"INV-{number}", "total": "100.00 EUR"},
    )  # fmt: skip


async def write(database: Database, subjects: int, each: int, first: int = 1) -> list[str]:
    """`each` events about every subject, by turns; their ids in the order of the log."""
    events = [
        an_event(f"invoice {s}", n) for n in range(first, first + each) for s in range(subjects)
    ]
    async with database.begin() as tx:
        for event in events:
            await Outbox().emit(tx, event)
    return [event.id for event in events]


def destination(**keys: object) -> Destination:
    return Destination.model_validate({"start": "first", **keys})


@asynccontextmanager
async def relaying(
    database: Database, to: Destination, *, name: str = "out", pace: Pace = QUICK,
    lease: float = 15.0,
) -> AsyncIterator[Relay]:  # fmt: skip
    relay = Relay(name, to, database, Feed(database), lease_seconds=lease, pace=pace)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def state(database: Database, name: str = "out") -> DestinationRow:
    async with database.begin() as tx:
        row = await tx.destinations.find(name)
    assert row is not None
    return row


async def behind(database: Database, name: str = "out") -> int:
    """Events of the log that the destination has not been sent."""
    async with database.begin() as tx:
        end, row = await tx.events.end(), await tx.destinations.find(name)
    return end if row is None else end - row.position


def ids(arrived: Sequence[Arrived]) -> list[str]:
    return [a.id for a in arrived]


def numbers_of(arrived: Sequence[Arrived]) -> dict[str, list[int]]:
    """Subject -> the numbers of its events, each where it first arrived."""
    found: dict[str, list[int]] = {}
    for event in (a.event for a in arrived):
        number = int(event["data"]["number"].removeprefix("INV-"))
        of_subject = found.setdefault(event["subject"], [])
        if number not in of_subject:
            of_subject.append(number)
    return found
