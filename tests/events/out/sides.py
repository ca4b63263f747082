"""What a test sees of a broker: the events that arrived, and a line to it that can be cut."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import aio_pika
import nats
import pytest
from aio_pika.abc import AbstractQueue
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from tests.events.out.kafka_cluster import MockCluster, mock_cluster

from isthmus.kit.ids import new_id


@dataclass(frozen=True)
class Arrived:
    """One delivery; the same event may arrive twice, under the same id."""

    id: str
    address: str
    headers: Mapping[str, Any]
    event: dict[str, Any]


class Outage(Protocol):
    """A way to the broker that can be cut and mended."""

    url: str

    def cut(self) -> None: ...

    def mend(self) -> None: ...


class Side(Protocol):
    url: str
    into: str

    async def arrived(self) -> list[Arrived]: ...

    def line(self) -> AbstractAsyncContextManager[Outage]: ...


def _named(variable: str) -> str:
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} names no server to test against")
    return url


@dataclass
class NatsSide:
    url: str
    into: str
    client: Client

    async def arrived(self) -> list[Arrived]:
        stream = self.client.jetstream()
        try:
            state = (await stream.stream_info(self.into)).state
        except NotFoundError:
            return []
        found = []
        for number in range(state.first_seq, state.last_seq + 1):
            message = await stream.get_msg(self.into, number)
            headers = message.headers or {}
            found.append(Arrived(headers["Nats-Msg-Id"], str(message.subject), headers,
                                 json.loads(message.data or b"")))  # fmt: skip
        return found

    def line(self) -> AbstractAsyncContextManager[Outage]:
        return line_to(self.url)


@dataclass
class RabbitSide:
    url: str
    into: str
    queue: AbstractQueue
    _seen: list[Arrived] = field(default_factory=list)

    async def arrived(self) -> list[Arrived]:
        while (message := await self.queue.get(fail=False, no_ack=True)) is not None:
            headers = {"content-type": message.content_type, "type": message.type,
                       "persistent": message.delivery_mode == 2, **message.headers}  # fmt: skip
            self._seen.append(Arrived(str(message.message_id), str(message.routing_key), headers,
                                      json.loads(message.body)))  # fmt: skip
        return list(self._seen)

    def line(self) -> AbstractAsyncContextManager[Outage]:
        return line_to(self.url)


@dataclass
class KafkaSide:
    """Read by Confluent's own consumer; what arrived is in order within each partition."""

    into: str
    cluster: MockCluster
    partitions: int

    @property
    def url(self) -> str:
        return self.cluster.url

    async def arrived(self) -> list[Arrived]:
        return [_of_kafka(message) for message in await self.messages()]

    async def messages(self) -> list[Any]:
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[Any]:
        from confluent_kafka import Consumer, TopicPartition

        consumer = Consumer({"bootstrap.servers": self.cluster.servers, "group.id": "test"})
        try:
            topic = [TopicPartition(self.into, number, 0) for number in range(self.partitions)]
            end = sum(consumer.get_watermark_offsets(part, timeout=10)[1] for part in topic)
            consumer.assign(topic)
            return [_good(consumer.poll(10)) for _ in range(end)]
        finally:
            consumer.close()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Outage]:
        """Brokers are called where they say that they are, so no line is put between."""
        yield self.cluster


def _good(message: Any) -> Any:
    assert message is not None
    assert message.error() is None
    return message


def _of_kafka(message: Any) -> Arrived:
    headers = {name: value.decode() for name, value in message.headers()}
    return Arrived(headers["ce_id"], message.key().decode(), headers, json.loads(message.value()))


@asynccontextmanager
async def nats_side() -> AsyncIterator[NatsSide]:
    url, into = _named("ISTHMUS_TEST_NATS_URL"), f"t{new_id().replace('-', '')}"
    client = await nats.connect(url)
    try:
        yield NatsSide(url, into, client)
    finally:
        with suppress(NotFoundError):
            await client.jetstream().delete_stream(into)
        await client.close()


@asynccontextmanager
async def rabbit_side() -> AsyncIterator[RabbitSide]:
    url, into = _named("ISTHMUS_TEST_AMQP_URL"), f"t{new_id().replace('-', '')}"
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange(into, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(into, durable=True)
        await queue.bind(exchange, "#")
        try:
            yield RabbitSide(url, into, queue)
        finally:
            await queue.delete(if_unused=False, if_empty=False)
            await exchange.delete(if_unused=False)


@asynccontextmanager
async def kafka_side(partitions: int = 3) -> AsyncIterator[KafkaSide]:
    into = f"t{new_id().replace('-', '')}"
    with mock_cluster() as cluster:
        cluster.make_topic(into, partitions=partitions)
        yield KafkaSide(into, cluster, partitions)


SIDES: dict[str, Callable[[], Any]] = {
    "kafka": kafka_side, "nats": nats_side, "rabbitmq": rabbit_side,
}  # fmt: skip


@dataclass
class Line:
    """A relay of bytes to a server that can be cut and mended, for a broker that goes away."""

    url: str
    """The server's, through this line."""
    _host: str
    _port: int
    _up: bool = True
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    refused: int = 0

    def cut(self) -> None:
        self._up = False
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        self._up = True

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._up:
            self.refused += 1
            writer.transport.abort()
            return
        away_reader, away_writer = await asyncio.open_connection(self._host, self._port)
        self._open |= {writer, away_writer}
        await asyncio.gather(_pump(reader, away_writer), _pump(away_reader, writer))
        self._open -= {writer, away_writer}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    parts = urlsplit(url)
    line = Line("", str(parts.hostname), int(parts.port or 0))
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    line.url = f"{parts.scheme}://{user}127.0.0.1:{server.sockets[0].getsockname()[1]}{parts.path}"
    try:
        yield line
    finally:
        line.cut()
        server.close()
        await server.wait_closed()
