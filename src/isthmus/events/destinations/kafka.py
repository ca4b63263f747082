"""Kafka: one topic, keyed by the subject, so that a partition keeps the order of each object.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md:
structured mode is told by the `content-type` header. An idempotent producer with `acks=all`; by
itself it would try for ever, so the time that it is given for a message is ours.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx2
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.cluster import ClusterMetadata
from aiokafka.conn import create_conn
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaConnectionError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from isthmus.connect import ConnectError, HostRefused, Refused, Unauthorized, Unavailable
from isthmus.connect.outbound import Guard
from isthmus.events.destinations.addresses import ensure_leads
from isthmus.events.message import CONTENT_TYPE, Message
from isthmus.landscape.destinations import Destination

log = structlog.get_logger()
ANSWERS_WITHIN = 30.0
"""Seconds in which a message is confirmed, over as many attempts as the client makes."""
ONE_ANSWER_WITHIN = 10.0
"""Seconds of one attempt, and in which a topic is found."""
NOT_ALLOWED = (
    ClusterAuthorizationFailedError, SaslAuthenticationFailed, TopicAuthorizationFailedError,
)  # fmt: skip
"""The first: older brokers ask idempotent producers for a right of their own, `IdempotentWrite`."""


@dataclass(frozen=True)
class Record:
    key: bytes
    value: bytes
    headers: list[tuple[str, bytes]]


def record_of(message: Message) -> Record:
    headers = [("content-type", CONTENT_TYPE.encode()), ("ce_id", message.id.encode())]
    return Record(message.subject.encode(), message.body, headers)


def producer_options(url: str) -> dict[str, Any]:
    """`kafka+ssl://user:password@one:9093,two:9093`: SASL PLAIN where a user is named."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    secure = parts.scheme == "kafka+ssl"
    options: dict[str, Any] = {
        "bootstrap_servers": hosts,
        "security_protocol": ("SASL_" if at else "") + ("SSL" if secure else "PLAINTEXT"),
        "acks": "all",
        "enable_idempotence": True,
        "request_timeout_ms": int(ONE_ANSWER_WITHIN * 1000),
    }
    if secure:
        options["ssl_context"] = ssl.create_default_context()
    if at:
        name, _, password = user.partition(":")
        options |= {
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": unquote(name),
            "sasl_plain_password": unquote(password),
        }
    return options


class KafkaOut:
    def __init__(self, name: str, into: str, producer: AIOKafkaProducer) -> None:
        self._name, self._into, self._producer = name, into, producer

    async def send(self, message: Message) -> None:
        record = record_of(message)
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                await self._producer.send_and_wait(
                    self._into, record.value, key=record.key, headers=record.headers
                )
        except UnknownTopicOrPartitionError as error:
            raise Unavailable(
                self._name, f"the cluster has no topic {self._into} and makes none; make it"
            ) from error
        except TimeoutError as error:
            why = f"no broker confirmed an event within {ANSWERS_WITHIN:.0f} seconds"
            raise Unavailable(self._name, why, outcome_unknown=True) from error
        except (KafkaError, OSError) as error:
            raise translated(self._name, error) from error

    async def close(self) -> None:
        """What is on its way is given up. The client's `stop` would wait for it, and it is tried
        until a broker takes it; whoever sent it has been told, or has gone.
        """
        self._producer._closed = True
        await self._producer._sender.close()
        await self._producer.client.close()


async def connect(name: str, destination: Destination) -> KafkaOut:
    options = producer_options(destination.url.get_secret_value())
    producer = AIOKafkaProducer(client_id=f"isthmus-{name}", **options)
    guard = Guard(name, [*_hosts(options["bootstrap_servers"]), *destination.hosts])
    _restrict(producer.client.cluster, guard)
    try:
        await _start(producer, guard)
    except BaseException as error:  # also when cancelled: the client has tasks of its own
        await producer.stop()
        if isinstance(error, KafkaConnectionError):
            error = await _told_of_user(producer.client.hosts, options) or error
        if isinstance(error, KafkaError | OSError):
            raise translated(name, error) from error
        raise
    return KafkaOut(name, destination.into, producer)


async def _start(producer: AIOKafkaProducer, guard: Guard) -> None:
    """Raises HostRefused; a start goes on until one broker that may be called answers."""
    async with asyncio.timeout(ANSWERS_WITHIN):
        for host, _, _ in producer.client.hosts:
            await ensure_leads(guard, host)
        await producer.client.bootstrap()
        for broker in producer.client.cluster.brokers():
            guard.ensure_host(broker.host)
            await ensure_leads(guard, broker.host)
        await producer.start()


async def _told_of_user(
    hosts: list[tuple[str, int, int]], options: dict[str, Any]
) -> KafkaError | None:
    """What a broker says against the user: the client itself tells nobody but its log."""
    if "sasl_mechanism" not in options:
        return None
    how = {k: v for k, v in options.items() if k.startswith(("sasl", "security", "ssl", "request"))}
    for host, port, _ in hosts:
        try:
            (await create_conn(host, port, **how)).close()
        except (KafkaConnectionError, OSError):
            continue
        except KafkaError as refused:
            return refused
    return None


def _hosts(servers: str) -> list[str]:
    return [str(httpx2.URL(f"kafka://{server}").host) for server in servers.split(",")]


def _restrict(cluster: ClusterMetadata, guard: Guard) -> None:
    """A broker that the cluster names on another host is as if it were not there: the client looks
    each up by its number before it dials.
    """
    named = cluster.broker_metadata

    def known(number: int) -> Any:
        broker = named(number)
        if broker is None:
            return None
        try:
            guard.ensure_host(broker.host)
        except HostRefused as refused:
            log.warning("kafka.broker_not_called", reason=str(refused))
            return None
        return broker

    cluster.broker_metadata = known


def translated(name: str, error: Exception) -> ConnectError:
    if isinstance(error, MessageSizeTooLargeError | RecordTooLargeError):
        return Refused(name, "an event is larger than the broker takes")
    if isinstance(error, NOT_ALLOWED):
        return Unauthorized(name, "the broker refuses the user, or the user may not write there")
    return Unavailable(name, str(error) or type(error).__name__, outcome_unknown=True)
