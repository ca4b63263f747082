"""E2, J1: events reach a broker whole, in order per subject, whatever dies on the way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from tests.events.out.log import (
    an_event,
    behind,
    destination,
    ids,
    numbers_of,
    relaying,
    state,
    write,
)
from tests.events.out.sides import (
    KafkaSide,
    Line,
    NatsSide,
    RabbitSide,
    Side,
    rabbit_side,
)
from tests.waiting import until

from isthmus.connect import Unauthorized, Unavailable
from isthmus.events.destination_acts import rewind
from isthmus.events.destinations import connect
from isthmus.events.envelope import wire_type
from isthmus.events.outbox import Outbox
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio
WORKER = Path(__file__).with_name("worker.py")
IN_ORDER = {derived_id(f"invoice {s}"): list(range(1, 31)) for s in range(5)}


async def test_every_event_once_and_in_order(database: Database, side: Side) -> None:
    sent = await write(database, subjects=5, each=30)
    async with relaying(database, destination(url=side.url, into=side.into)):
        await until(lambda: _caught_up(database))
    arrived = await side.arrived()
    assert sorted(ids(arrived)) == sorted(sent)
    assert numbers_of(arrived) == IN_ORDER
    row = await state(database)
    assert (row.position, row.sent, row.failures, row.holder) == (150, 150, 0, None)


async def test_only_the_types_that_are_asked_for(database: Database, side: Side) -> None:
    async with database.begin() as tx:
        for number, type in enumerate(("invoice.posted", "contract.opened", "invoice.drafted"), 1):
            await Outbox().emit(tx, an_event("invoice 0", number, type))
    to = destination(url=side.url, into=side.into, types=["invoice.*"])
    async with relaying(database, to):
        await until(lambda: _caught_up(database))
    arrived = await side.arrived()
    assert [a.event["type"] for a in arrived] == [
        "isthmus.invoice.posted.v1", "isthmus.invoice.drafted.v1",
    ]  # fmt: skip
    row = await state(database)
    assert (row.position, row.sent) == (3, 2)


async def test_a_new_destination_begins_now(database: Database, side: Side) -> None:
    await write(database, subjects=2, each=2)
    async with relaying(database, destination(url=side.url, into=side.into, start="now")):
        await until(lambda: _caught_up(database))
        later = await write(database, subjects=2, each=1, first=3)
        await until(lambda: _caught_up(database))
    assert sorted(ids(await side.arrived())) == sorted(later)


async def test_a_broker_that_goes_away_and_comes_back(database: Database, side: Side) -> None:
    async with (
        side.line() as line,
        relaying(database, destination(url=line.url, into=side.into)),
    ):
        first = await write(database, subjects=5, each=10)
        await until(lambda: _caught_up(database))
        line.cut()
        second = await write(database, subjects=5, each=20, first=11)
        await until(lambda: _told(database))
        assert await behind(database) == 100
        line.mend()
        await until(lambda: _caught_up(database))
    arrived = await side.arrived()
    assert set(ids(arrived)) == {*first, *second}
    assert numbers_of(arrived) == IN_ORDER
    async with database.begin() as tx:
        [hold] = await tx.holds.list(open_only=False)
    assert (hold.state, hold.code, hold.owner, hold.system) == (
        "resolved", "destination_unreachable", "integration", "out",
    )  # fmt: skip
    assert hold.fix == "Start the broker or correct its address; sending goes on by itself."
    if isinstance(line, Line):
        assert line.refused >= 4


async def test_killed_between_the_broker_and_the_position(database: Database, side: Side) -> None:
    """One process dies with a page sent and its position not moved; another takes over."""
    sent = await write(database, subjects=5, each=30)
    dying = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, str(WORKER), database.url, side.url, side.into],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert dying.returncode == -signal.SIGKILL, dying.stderr
    left = await state(database)
    assert (left.position, left.holder is not None) == (20, True)
    before = await side.arrived()
    assert len(before) == 40
    async with relaying(database, destination(url=side.url, into=side.into)):
        await until(lambda: _caught_up(database))
    arrived = await side.arrived()
    assert set(ids(arrived)) == set(sent)
    assert numbers_of(arrived) == IN_ORDER
    if isinstance(side, NatsSide):
        assert len(arrived) == 150, "the stream drops what it has"
    else:
        assert len(arrived) == 170
        twice = [id for id, times in Counter(ids(arrived)).items() if times == 2]
        assert sorted(twice) == sorted(sent[20:40])


async def test_one_process_at_a_time(database: Database, side: Side) -> None:
    sent = await write(database, subjects=5, each=30)
    to = destination(url=side.url, into=side.into)
    async with relaying(database, to), relaying(database, to), relaying(database, to):
        await until(lambda: _caught_up(database))
        holder = (await state(database)).holder
        more = await write(database, subjects=5, each=30, first=31)
        await until(lambda: _caught_up(database))
        assert (await state(database)).holder == holder
    arrived = await side.arrived()
    assert len(arrived) == 300
    assert set(ids(arrived)) == {*sent, *more}


async def test_sent_again_from_a_position(database: Database) -> None:
    """By a person: RabbitMQ gets them again, under their first ids.

    The news of the rewind itself may come twice: a relay may send it from where it stood before it
    sees that it was sent back.
    """
    async with rabbit_side() as side:
        sent = await write(database, subjects=1, each=10)
        async with relaying(database, destination(url=side.url, into=side.into)):
            await until(lambda: _caught_up(database))
            async with database.begin() as tx:
                row = await tx.destinations.find("out")
                assert row is not None
                await rewind(tx, Outbox(), row, 7, "controller")
            await until(lambda: _caught_up(database))
        arrived = await side.arrived()
    assert ids(arrived)[:10] == sent
    again = [a for a in arrived[10:] if a.event["type"] == "isthmus.invoice.posted.v1"]
    assert ids(again) == sent[7:]
    others = {a.event["id"]: a for a in arrived[10:] if a not in again}
    [told] = others.values()
    assert told.event["type"] == "isthmus.destination.rewound.v1"
    assert told.event["data"] == {"by": "controller", "before": 10, "after": 7}


async def test_as_the_bindings_say(database: Database, side: Side) -> None:
    [id] = await write(database, subjects=1, each=1)
    async with relaying(database, destination(url=side.url, into=side.into)):
        await until(lambda: _caught_up(database))
    [arrived] = await side.arrived()
    subject = derived_id("invoice 0")
    assert arrived.event["specversion"] == "1.0"
    assert arrived.event["id"] == arrived.id == id
    assert arrived.event["type"] == "isthmus.invoice.posted.v1"
    assert arrived.event["subject"] == subject
    assert arrived.event["sequence"] == "0000000000000000001"
    assert arrived.event["data"] == {"number": "INV-1", "total": "100.00 EUR"}
    if isinstance(side, NatsSide):
        assert arrived.address == f"{side.into}.invoice.posted.{subject}"
        assert arrived.headers["Content-Type"] == "application/cloudevents+json; charset=UTF-8"
    elif isinstance(side, RabbitSide):
        assert arrived.address == "invoice.posted"
        assert arrived.headers == {
            "content-type": "application/cloudevents+json; charset=UTF-8",
            "type": wire_type("invoice.posted"), "persistent": True,
            "cloudEvents:specversion": "1.0", "cloudEvents:id": id,
            "cloudEvents:type": "isthmus.invoice.posted.v1", "cloudEvents:subject": subject,
        }  # fmt: skip
    else:
        assert isinstance(side, KafkaSide)
        assert arrived.address == subject
        assert arrived.headers == {
            "content-type": "application/cloudevents+json; charset=UTF-8", "ce_id": id,
        }  # fmt: skip


async def test_a_broker_that_nobody_listens_to_loses_nothing(database: Database) -> None:
    """RabbitMQ drops what no queue takes; it is given back to us instead, and waits."""
    async with rabbit_side() as side:
        await side.queue.unbind(side.into, "#")
        sent = await write(database, subjects=1, each=3)
        async with relaying(database, destination(url=side.url, into=side.into)):
            await until(lambda: _told(database))
            assert (await state(database)).position == 0
            async with database.begin() as tx:
                [hold] = await tx.holds.list(system="out")
            assert "no queue of exchange" in hold.reason
            assert (
                hold.fix == "Correct at the broker what the reason says; sending goes on by itself."
            )
            await side.queue.bind(side.into, "invoice.*")
            await until(lambda: _caught_up(database))
        assert ids(await side.arrived()) == sent


async def _caught_up(database: Database) -> bool:
    return await behind(database) == 0


async def _told(database: Database) -> bool:
    """The owner knows that the broker does not answer."""
    async with database.begin() as tx:
        holds = await tx.holds.list(system="out")
    return [hold.state for hold in holds] == ["waiting_system"]


@pytest.mark.parametrize("scheme", ["nats", "amqp"])
async def test_a_server_that_is_not_there(scheme: str, unused_port: int) -> None:
    with pytest.raises(Unavailable, match=r"^bus: "):
        await connect("bus", destination(url=f"{scheme}://127.0.0.1:{unused_port}"))


async def test_a_wrong_password_is_the_owners_to_mend() -> None:
    async with rabbit_side() as side:
        host = side.url.rpartition("@")[2]
        with pytest.raises(Unauthorized, match=r"^bus: the broker refuses the user or password$"):
            await connect("bus", destination(url=f"amqp://nobody:not-a-real-password@{host}"))
