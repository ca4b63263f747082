"""The Kafka binding, as far as it goes without a server: what is sent, and to whom."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)
from tests.events.out.log import destination, write

from isthmus.connect import Refused, Unauthorized, Unavailable
from isthmus.events.destinations import connect
from isthmus.events.destinations.kafka import producer_options, record_of, translated
from isthmus.events.feed import Feed
from isthmus.events.message import message_of
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio


async def test_the_subject_is_the_key(database: Database) -> None:
    [id] = await write(database, subjects=1, each=1)
    [row] = (await Feed(database).page(0, 1)).rows
    record = record_of(message_of(row))
    assert record.key == derived_id("invoice 0").encode()
    assert record.headers == [
        ("content-type", b"application/cloudevents+json; charset=UTF-8"), ("ce_id", id.encode()),
    ]  # fmt: skip
    assert json.loads(record.value)["data"] == {"number": "INV-1", "total": "100.00 EUR"}


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("kafka://one:9092,two:9092", {
            "bootstrap_servers": "one:9092,two:9092", "security_protocol": "PLAINTEXT",
        }),
        ("kafka://app:not%40real@one:9092", {
            "bootstrap_servers": "one:9092", "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "PLAIN", "sasl_plain_username": "app",
            "sasl_plain_password": "not@real",
        }),
    ],
)  # fmt: skip
async def test_an_address_says_how_to_log_in(url: str, options: Mapping[str, str]) -> None:
    assert producer_options(url) == {"acks": "all", "enable_idempotence": True, **options}


async def test_tls_checks_the_certificate() -> None:
    options = producer_options("kafka+ssl://one:9093")
    assert options["security_protocol"] == "SSL"
    assert options["ssl_context"].check_hostname is True


async def test_errors_are_named_by_what_happens_next() -> None:
    assert isinstance(translated("lake", MessageSizeTooLargeError()), Refused)
    assert isinstance(translated("lake", TopicAuthorizationFailedError()), Unauthorized)
    assert isinstance(translated("lake", KafkaConnectionError()), Unavailable)


async def test_a_server_that_is_not_there(unused_port: int) -> None:
    with pytest.raises(Unavailable, match="lake: "):
        await connect("lake", destination(url=f"kafka://127.0.0.1:{unused_port}"))
