"""Webhooks out: signed, repeated, held after repeated failure, and nothing missed afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from tests.events.out.log import (
    QUICK,
    an_event,
    behind,
    destination,
    ids,
    numbers_of,
    relaying,
    state,
    write,
)
from tests.events.out.receiver import SECRET, Receiver, receiving
from tests.waiting import until

from isthmus.events.destination_acts import resume
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import derived_id
from isthmus.landscape.destinations import Destination
from isthmus.store.database import Database
from isthmus.store.holds import HoldRow

pytestmark = pytest.mark.anyio
IN_ORDER = {derived_id(f"invoice {s}"): list(range(1, 11)) for s in range(4)}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


def to(receiver: Receiver, **keys: object) -> Destination:
    return destination(url=receiver.url, secret=SECRET, owner="finance", **keys)


async def test_signed_and_in_order(database: Database, receiver: Receiver) -> None:
    sent = await write(database, subjects=4, each=10)
    async with relaying(database, to(receiver)):
        await until(lambda: _caught_up(database))
    assert receiver.answers == {200: 40}
    assert sorted(ids(receiver.arrived)) == sorted(sent)
    assert numbers_of(receiver.arrived) == IN_ORDER
    assert receiver.content_types == {"application/cloudevents+json; charset=UTF-8"}


async def test_a_receiver_that_fails_and_recovers(database: Database, receiver: Receiver) -> None:
    receiver.failing = 5
    sent = await write(database, subjects=1, each=10)
    async with relaying(database, to(receiver, attempts=6)):
        await until(lambda: _caught_up(database))
    assert receiver.answers == {500: 5, 200: 10}
    assert ids(receiver.arrived) == sent
    assert await _holds(database) == []
    row = await state(database)
    assert (row.failures, row.error, row.sent) == (0, None, 10)


async def test_held_after_repeated_failure_then_resumed(
    database: Database, receiver: Receiver
) -> None:
    first = await write(database, subjects=1, each=3)
    async with relaying(database, to(receiver, attempts=4)):
        await until(lambda: _caught_up(database))
        receiver.failing = -1
        missed = await write(database, subjects=4, each=7, first=4)
        await until(lambda: _held(database))
        tried = receiver.answers[500]
        [hold] = await _holds(database)
        assert (hold.state, hold.code, hold.owner) == ("held", "destination_unreachable", "finance")
        assert hold.reason == (
            f"{receiver.url.removesuffix('/hooks/isthmus')} takes no events "
            "(4 failures in a row): out: the receiver answered 500"
        )
        assert hold.fix == (
            "Mend the receiver or its address, then: isthmus destination resume out. "
            "What it missed is sent then."
        )
        later = await write(database, subjects=1, each=1, first=11)
        assert await behind(database) == 29
        receiver.failing = 0
        assert await _resumed(database)
        await until(lambda: _caught_up(database))
        assert receiver.answers[500] == tried, "nothing was sent while it was held"
    [told] = [a for a in receiver.arrived if a.event["type"] == "isthmus.destination.resumed.v1"]
    assert told.event["data"] == {
        "by": "controller", "position": 3, "error": "out: the receiver answered 500",
    }  # fmt: skip
    posted = [a for a in receiver.arrived if a is not told]
    assert sorted(ids(posted)) == sorted([*first, *missed, *later])
    assert numbers_of(posted) == {
        derived_id("invoice 0"): list(range(1, 12)),
        **{derived_id(f"invoice {s}"): list(range(4, 11)) for s in (1, 2, 3)},
    }
    [hold] = await _holds(database, open_only=False)
    assert (hold.state, hold.resolution, hold.resolved_by) == ("resolved", "resumed", "controller")


async def test_resumed_without_being_mended_is_held_again(
    database: Database, receiver: Receiver
) -> None:
    receiver.failing = -1
    await write(database, subjects=1, each=1)
    async with relaying(database, to(receiver, attempts=2, types=["invoice.*"])):
        await until(lambda: _held(database))
        assert await _resumed(database)
        await until(lambda: _held(database))
    assert receiver.answers == {500: 4}
    assert [h.state for h in await _holds(database, open_only=False)] == ["resolved", "held"]


async def test_resuming_ends_a_long_pause(database: Database, receiver: Receiver) -> None:
    """A person who mended the receiver does not wait for the next attempt."""
    receiver.failing = 1
    [id] = await write(database, subjects=1, each=1)
    slow = replace(QUICK, first=3600.0, longest_webhook=3600.0)
    async with relaying(database, to(receiver), pace=slow):
        await until(lambda: _failed(database))
        assert await _resumed(database)
        await until(lambda: _caught_up(database))
    assert ids(receiver.arrived)[0] == id


async def test_a_receiver_that_wants_no_more_is_held_at_once(
    database: Database, receiver: Receiver
) -> None:
    receiver.failing, receiver.status = -1, 410
    await write(database, subjects=1, each=3)
    async with relaying(database, to(receiver)):
        await until(lambda: _held(database))
    assert receiver.answers == {410: 1}
    [hold] = await _holds(database)
    assert hold.code == "destination_refuses"
    assert "answered 410: it wants no more events" in hold.reason


async def test_asked_to_wait_it_waits(database: Database, receiver: Receiver) -> None:
    """By `Retry-After`: 0 seconds here, where our own pause would be an hour."""
    receiver.failing, receiver.status, receiver.headers = 2, 429, {"Retry-After": "0"}
    sent = await write(database, subjects=1, each=3)
    slow = replace(QUICK, first=3600.0, longest_webhook=3600.0)
    async with relaying(database, to(receiver), pace=slow):
        await until(lambda: _caught_up(database))
    assert receiver.answers == {429: 2, 200: 3}
    assert ids(receiver.arrived) == sent


async def test_one_bad_event_is_not_sent_around_its_neighbours_again(
    database: Database, receiver: Receiver
) -> None:
    """What got through while another event failed is not repeated."""
    receiver.failing = 1
    sent = await write(database, subjects=4, each=10)
    async with relaying(database, to(receiver)):
        await until(lambda: _caught_up(database))
    assert receiver.answers == {500: 1, 200: 40}
    assert sorted(ids(receiver.arrived)) == sorted(sent)


async def test_nobody_listens(database: Database, unused_port: int) -> None:
    """The address may hold a token: it is neither in the hold nor beside the position."""
    url = f"http://127.0.0.1:{unused_port}/hooks/not-a-real-token?key=not-a-real-key"
    await write(database, subjects=1, each=1)
    async with relaying(database, destination(url=url, secret=SECRET, attempts=2)):
        await until(lambda: _held(database))
    [hold] = await _holds(database)
    assert hold.reason == (
        f"http://127.0.0.1:{unused_port} takes no events (2 failures in a row): "
        "out: no answer: ConnectError"
    )
    assert (await state(database)).error == "out: no answer: ConnectError"


async def test_another_secret_is_not_taken(database: Database, receiver: Receiver) -> None:
    other = destination(url=receiver.url, attempts=1, secret=SECRET.replace("bm90", "bm91"))
    async with database.begin() as tx:
        await Outbox().emit(tx, an_event("invoice 0", 1))
    async with relaying(database, other):
        await until(lambda: _held(database))
    assert (receiver.answers, receiver.arrived) == ({401: 1}, [])


async def _caught_up(database: Database) -> bool:
    return await behind(database) == 0


async def _failed(database: Database) -> bool:
    async with database.begin() as tx:
        row = await tx.destinations.find("out")
    return row is not None and row.failures > 0


async def _held(database: Database) -> bool:
    return [hold.state for hold in await _holds(database)] == ["held"]


async def _holds(database: Database, *, open_only: bool = True) -> list[HoldRow]:
    async with database.begin() as tx:
        return await tx.holds.list(open_only=open_only)


async def _resumed(database: Database) -> bool:
    async with database.begin() as tx:
        row = await tx.destinations.find("out")
        assert row is not None
        return await resume(tx, Outbox(), row, "controller")
