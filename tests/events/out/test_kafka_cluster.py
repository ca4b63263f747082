"""E2, J1: what only a Kafka cluster does, against librdkafka's mock brokers (not Apache Kafka)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator

import pytest
from tests.events.out.kafka_cluster import DISCONNECT, INIT_PRODUCER_ID, PRODUCE
from tests.events.out.log import (
    behind,
    destination,
    ids,
    numbers_of,
    relaying,
    state,
    write,
)
from tests.events.out.sides import KafkaSide, kafka_side
from tests.waiting import until

from isthmus.connect import Refused, Unauthorized, Unavailable
from isthmus.events.destinations import connect
from isthmus.events.destinations.protocol import Connected
from isthmus.events.feed import Feed
from isthmus.events.message import Message, message_of
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database
from isthmus.store.holds import HoldRow

pytestmark = pytest.mark.anyio
IN_ORDER = {derived_id(f"invoice {s}"): list(range(1, 21)) for s in range(5)}
UNKNOWN_TOPIC, NOT_LEADER, TOO_LARGE, NO_TOPIC_RIGHT, NO_CLUSTER_RIGHT = 3, 6, 10, 29, 31
"""https://kafka.apache.org/protocol#protocol_error_codes."""


@pytest.fixture
async def kafka() -> AsyncIterator[KafkaSide]:
    async with kafka_side() as side:
        yield side


@pytest.fixture
async def open_to(kafka: KafkaSide) -> AsyncIterator[Connected]:
    opened = await connect("lake", destination(url=kafka.url, into=kafka.into))
    yield opened
    await opened.close()


def a_message(body: bytes = b"{}", subject: str = "invoice 0") -> Message:
    return Message(1, "event-1", "invoice.posted", subject, body)


async def test_each_object_has_the_partition_that_other_producers_give_it(
    database: Database, kafka: KafkaSide
) -> None:
    """Where Java's default partitioner puts the key, as librdkafka does under `murmur2_random`."""
    from confluent_kafka import Producer

    await write(database, subjects=12, each=2)
    async with relaying(database, destination(url=kafka.url, into=kafka.into)):
        await until(lambda: _caught_up(database))
    ours = {(m.key(), m.partition()) for m in await kafka.messages()}
    theirs = set()
    producer = Producer(
        {"bootstrap.servers": kafka.cluster.servers, "partitioner": "murmur2_random"}
    )
    for key, _ in ours:
        producer.produce(
            kafka.into, b"", key=key, on_delivery=lambda _, m: theirs.add((m.key(), m.partition()))
        )
    assert producer.flush(10) == 0
    assert len(ours) == 12
    assert {partition for _, partition in ours} == {0, 1, 2}
    assert theirs == ours


async def test_a_topic_that_the_cluster_makes_when_it_is_first_named(
    database: Database, kafka: KafkaSide
) -> None:
    sent = await write(database, subjects=2, each=5)
    named = KafkaSide("made-when-named", kafka.cluster, partitions=4)
    async with relaying(database, destination(url=named.url, into=named.into)):
        await until(lambda: _caught_up(database))
    assert sorted(ids(await named.arrived())) == sorted(sent)


async def test_a_connection_that_breaks_while_events_are_on_their_way(
    database: Database, kafka: KafkaSide
) -> None:
    """The client sends again by itself; nobody has to be told."""
    sent = await write(database, subjects=5, each=20)
    kafka.cluster.answer_next(PRODUCE, *[0, DISCONNECT] * 4)
    async with relaying(database, destination(url=kafka.url, into=kafka.into)):
        await until(lambda: _caught_up(database))
    arrived = await kafka.arrived()
    assert set(ids(arrived)) == set(sent)
    assert numbers_of(arrived) == IN_ORDER
    assert await _holds(database) == []


async def test_another_broker_takes_over_a_partition(database: Database, kafka: KafkaSide) -> None:
    sent = await write(database, subjects=5, each=10)
    async with relaying(database, destination(url=kafka.url, into=kafka.into)):
        await until(lambda: _caught_up(database))
        for partition in range(kafka.partitions):
            kafka.cluster.lead(kafka.into, partition, 2)
        sent += await write(database, subjects=5, each=10, first=11)
        await until(lambda: _caught_up(database))
    arrived = await kafka.arrived()
    assert sorted(ids(arrived)) == sorted(sent)
    assert numbers_of(arrived) == IN_ORDER
    assert (await state(database)).failures == 0


async def test_brokers_that_answer_too_late(database: Database, kafka: KafkaSide) -> None:
    """Whether they stored an event is not known, so it is sent until that is known."""
    sent = await write(database, subjects=5, each=10)
    async with relaying(database, destination(url=kafka.url, into=kafka.into)):
        await until(lambda: _caught_up(database))
        kafka.cluster.answer_after(1.5)
        sent += await write(database, subjects=5, each=10, first=11)
        await until(lambda: _failed(database))
        kafka.cluster.answer_after(0)
        await until(lambda: _caught_up(database))
    arrived = await kafka.arrived()
    assert set(ids(arrived)) == set(sent)
    assert len(arrived) > 100, "what they stored before they answered is there twice"
    assert numbers_of(arrived) == IN_ORDER


async def test_an_event_on_its_way_when_the_brokers_go(
    kafka: KafkaSide, open_to: Connected
) -> None:
    """It is given up in time and told, and closing does not wait for the brokers either."""
    await open_to.send(a_message())
    kafka.cluster.cut()
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"^lake: no broker confirmed an event within") as raised:
        await open_to.send(a_message())
    await open_to.close()
    assert raised.value.outcome_unknown
    assert 2 <= time.monotonic() - began < 6


async def test_a_relay_that_is_told_to_stop_while_the_brokers_are_away(
    database: Database, kafka: KafkaSide
) -> None:
    await write(database, subjects=1, each=1)
    async with relaying(database, destination(url=kafka.url, into=kafka.into)):
        await until(lambda: _caught_up(database))
        kafka.cluster.cut()
        await write(database, subjects=1, each=1, first=2)
        await asyncio.sleep(0.3)
        began = time.monotonic()
    assert time.monotonic() - began < 4
    assert (await state(database)).holder is None
    assert await behind(database) == 1


async def test_an_event_that_is_too_large_for_the_topic(
    database: Database, kafka: KafkaSide
) -> None:
    """It stops the destination, and what comes before it has arrived."""
    sent = await write(database, subjects=1, each=2)
    kafka.cluster.answer_next(PRODUCE, 0, TOO_LARGE)
    async with relaying(database, destination(url=kafka.url, into=kafka.into)):
        await until(lambda: _held(database))
        await asyncio.sleep(0.3)
        assert await behind(database) == 1
    assert ids(await kafka.arrived()) == sent[:1]
    [hold] = await _holds(database)
    assert (hold.state, hold.code, hold.owner) == ("held", "destination_refuses", "integration")
    assert re.fullmatch(
        r"kafka://\S+ takes no events \(1 failures in a row\): "
        r"out: an event is larger than the broker takes",
        hold.reason,
    )


async def test_an_event_that_is_larger_than_the_client_sends(
    kafka: KafkaSide, open_to: Connected
) -> None:
    with pytest.raises(Refused, match=r"^lake: an event is larger than the broker takes$"):
        await open_to.send(a_message(b"x" * 1_048_577))
    assert await kafka.messages() == []


async def test_a_user_who_may_not_write_to_the_topic(kafka: KafkaSide, open_to: Connected) -> None:
    may_not = r"^lake: the broker refuses the user, or the user may not write there$"
    kafka.cluster.answer_next(PRODUCE, NO_TOPIC_RIGHT)
    with pytest.raises(Unauthorized, match=may_not):
        await open_to.send(a_message())
    assert await kafka.messages() == []


async def test_a_user_who_may_not_see_the_topic(kafka: KafkaSide, open_to: Connected) -> None:
    kafka.cluster.hide_topic(kafka.into, NO_TOPIC_RIGHT)
    with pytest.raises(Unauthorized, match=r"^lake: the broker refuses the user"):
        await open_to.send(a_message())


async def test_the_owner_is_told_of_a_right_that_is_missing(
    database: Database, kafka: KafkaSide
) -> None:
    sent = await write(database, subjects=1, each=3)
    kafka.cluster.hide_topic(kafka.into, NO_TOPIC_RIGHT)
    async with relaying(database, destination(url=kafka.url, into=kafka.into)):
        await until(lambda: _waits(database))
        assert await behind(database) == 3
        [hold] = await _holds(database)
        kafka.cluster.hide_topic(kafka.into, 0)
        await until(lambda: _caught_up(database))
    assert hold.reason.endswith("out: the broker refuses the user, or the user may not write there")
    right = "Correct the user in `url`, or give it the right to write; sending goes on by itself."
    assert (hold.code, hold.fix) == ("destination_unreachable", right)
    assert ids(await kafka.arrived()) == sent
    assert await _holds(database) == []


async def test_a_user_who_may_not_be_an_idempotent_producer(kafka: KafkaSide) -> None:
    kafka.cluster.answer_next(INIT_PRODUCER_ID, NO_CLUSTER_RIGHT)
    with pytest.raises(Unauthorized, match=r"^lake: the broker refuses the user"):
        await connect("lake", destination(url=kafka.url, into=kafka.into))


async def test_a_topic_that_is_not_there_and_is_not_made(
    kafka: KafkaSide, open_to: Connected
) -> None:
    kafka.cluster.hide_topic(kafka.into, UNKNOWN_TOPIC)
    missing = rf"^lake: the cluster has no topic {kafka.into} and makes none; make it$"
    with pytest.raises(Unavailable, match=missing):
        await open_to.send(a_message())
    kafka.cluster.hide_topic(kafka.into, 0)
    await open_to.send(a_message())
    assert len(await kafka.messages()) == 1


async def test_an_event_that_was_refused_goes_out_by_the_next_connection(
    database: Database, kafka: KafkaSide
) -> None:
    """After a refusal the numbers of an idempotent producer no longer fit the broker's."""
    [id] = await write(database, subjects=1, each=1)
    [row] = (await Feed(database).page(0, 1)).rows
    kafka.cluster.answer_next(PRODUCE, NOT_LEADER, NO_TOPIC_RIGHT)
    to = destination(url=kafka.url, into=kafka.into)
    first = await connect("lake", to)
    with pytest.raises(Unauthorized):
        await first.send(message_of(row))
    await first.close()
    second = await connect("lake", to)
    await second.send(message_of(row))
    await second.close()
    assert ids(await kafka.arrived()) == [id]


async def _caught_up(database: Database) -> bool:
    return await behind(database) == 0


async def _failed(database: Database) -> bool:
    return (await state(database)).failures > 0


async def _holds(database: Database) -> list[HoldRow]:
    async with database.begin() as tx:
        return list(await tx.holds.list(system="out"))


async def _held(database: Database) -> bool:
    return [hold.state for hold in await _holds(database)] == ["held"]


async def _waits(database: Database) -> bool:
    return [hold.state for hold in await _holds(database)] == ["waiting_system"]
