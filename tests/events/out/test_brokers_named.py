"""H5: a broker's cluster may name further servers; those on other hosts are not called."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.protocol.admin import ApiVersionResponse_v0
from aiokafka.protocol.metadata import MetadataResponse_v0
from aiokafka.protocol.transaction import InitProducerIdResponse_v0
from pamqp.commands import Connection
from pamqp.frame import marshal
from tests.events.out.listening import Talk, listening
from tests.events.out.log import destination

from isthmus.connect import HostRefused, Unavailable
from isthmus.events.destinations import connect

pytestmark = pytest.mark.anyio
VERSIONS, METADATA, PRODUCER = 18, 3, 22


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


def kafka(brokers: list[tuple[int, str, int]]) -> Talk:
    """A cluster that says of itself which versions it speaks and who its brokers are."""
    answers = {
        VERSIONS: ApiVersionResponse_v0(0, [(key, 0, 0) for key in (VERSIONS, METADATA, PRODUCER)]),
        PRODUCER: InitProducerIdResponse_v0(0, 0, 7, 0),
        METADATA: MetadataResponse_v0(brokers, []),
    }

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            size = int.from_bytes(await reader.readexactly(4))
            asked = await reader.readexactly(size)
            body = asked[4:8] + answers[int.from_bytes(asked[:2])].encode()
            writer.write(len(body).to_bytes(4) + body)

    return talk


async def test_a_kafka_broker_on_another_host_is_not_called() -> None:
    async with (
        listening(silent) as (elsewhere, called),
        listening(kafka([(1, "localhost", elsewhere)])) as (port, asked),
    ):
        with pytest.raises(HostRefused, match="lake: not called: localhost is not a host"):
            await connect("lake", destination(url=f"kafka://127.0.0.1:{port}"))
        assert asked.qsize() == 1
        assert called.empty()
        to = destination(url=f"kafka://127.0.0.1:{port}", hosts=["localhost"])
        opening = asyncio.create_task(connect("lake", to))
        await asyncio.wait_for(called.get(), 10)
        opening.cancel()
        await asyncio.wait([opening])


async def test_a_kafka_broker_that_joins_on_another_host_is_not_called() -> None:
    async with listening(silent) as (elsewhere, called):
        brokers: list[tuple[int, str, int]] = []
        async with listening(kafka(brokers)) as (port, _):
            brokers.append((1, "127.0.0.1", port))
            opened = await connect("lake", destination(url=f"kafka://127.0.0.1:{port}"))
            client = opened._producer.client  # type: ignore[attr-defined] # to have it look again
            brokers[:] = [(2, "localhost", elsewhere)]
            await client.force_metadata_update()
            assert [b.host for b in client.cluster.brokers()] == ["localhost"]
            assert not await client.ready(2)
            await opened.close()
        assert called.empty()


async def test_a_nats_server_that_another_one_names_is_not_called() -> None:
    async with listening(silent) as (elsewhere, called):

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            told = {"server_id": "A", "version": "2.10.0", "proto": 1, "max_payload": 1000,
                    "headers": True, "connect_urls": [f"127.0.0.1:{elsewhere}"]}  # fmt: skip
            writer.write(f"INFO {json.dumps(told)}\r\n".encode())
            await reader.readline()
            writer.write(b"PONG\r\n")
            await reader.readline()

        async with listening(talk) as (port, asked):
            with pytest.raises(Unavailable):
                await connect("bus", destination(url=f"nats://127.0.0.1:{port}"))
            await asyncio.sleep(0.2)
            assert asked.qsize() == 1
        assert called.empty()


def redirect(host: str) -> bytes:
    """`connection.redirect` of AMQP 0-9, which 0-9-1 has no more: class 10, method 42, the host and
    the hosts that it knows, as short strings. https://www.rabbitmq.com/resources/specs/amqp0-9.pdf
    """
    names = bytes([len(host)]) + host.encode()
    payload = (10).to_bytes(2) + (42).to_bytes(2) + names + names
    return b"\x01\x00\x00" + len(payload).to_bytes(4) + payload + b"\xce"


def known_hosts(host: str) -> bytes:
    """`connection.open-ok` of AMQP 0-8, with the other servers of the cluster in it."""
    payload = (10).to_bytes(2) + (41).to_bytes(2) + bytes([len(host)]) + host.encode()
    return b"\x01\x00\x00" + len(payload).to_bytes(4) + payload + b"\xce"


def moved(host: str) -> bytes:
    """RabbitMQ closes like this when a node leaves; clients of some vendors follow the text."""
    return marshal(Connection.Close(320, f"CONNECTION_FORCED - moved to {host}", 0, 0), 0)


CONFIRMS: Any = {"capabilities": {"publisher_confirms": True}}


def rabbit(*answers: bytes, told: Any = CONFIRMS) -> Talk:
    """A broker that tells these properties and takes whoever logs in. It has an answer for the host
    that is opened, and for what comes then.
    """

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(b"AMQP\x00\x00\x09\x01"))
        writer.write(marshal(Connection.Start(server_properties=told), 0))
        await _frame(reader)
        writer.write(marshal(Connection.Tune(10, 131072, 60), 0))
        await _frame(reader)
        for answer in answers:
            await _frame(reader)
            writer.write(answer)
        await reader.read(100)

    return talk


async def _frame(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(7)
    return await reader.readexactly(int.from_bytes(head[3:]) + 1)


@pytest.mark.parametrize("says", [redirect, known_hosts, moved])
async def test_a_rabbitmq_broker_that_sends_us_elsewhere_is_not_followed(
    says: Callable[[str], bytes],
) -> None:
    async with listening(silent) as (elsewhere, called):
        answer = says(f"127.0.0.1:{elsewhere}")
        async with listening(rabbit(answer)) as (port, asked):
            with pytest.raises(Unavailable, match="bus: "):
                await connect("bus", destination(url=f"amqp://guest:guest@127.0.0.1:{port}"))
            await asyncio.sleep(0.2)
            assert asked.qsize() == 1, "nor is it asked again by the client itself"
        assert called.empty()
