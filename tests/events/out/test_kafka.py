"""The Kafka binding, as far as it goes without a cluster: what is sent, to whom, and as whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

import pytest
from aiokafka.errors import (
    KafkaConnectionError,
    MessageSizeTooLargeError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.admin import (
    ApiVersionResponse_v0,
    SaslAuthenticateResponse_v0,
    SaslHandShakeResponse_v1,
)
from tests.events.out.listening import Talk, listening
from tests.events.out.log import destination, write

from isthmus.connect import Refused, Unauthorized, Unavailable
from isthmus.events.destinations import connect
from isthmus.events.destinations.kafka import producer_options, record_of, translated
from isthmus.events.feed import Feed
from isthmus.events.message import message_of
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database

pytestmark = pytest.mark.anyio
HANDSHAKE, VERSIONS, AUTHENTICATE = 17, 18, 36
WRONG_PASSWORD, UNKNOWN_MECHANISM = 58, 33


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
    always = {"acks": "all", "enable_idempotence": True, "request_timeout_ms": 1000}
    assert producer_options(url) == {**always, **options}


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


def asks_who(handshake: tuple[int, list[str]], says: int) -> Talk:
    """A broker that asks for a user. Written by us: the mock cluster asks nobody who they are."""
    answers = {
        VERSIONS: ApiVersionResponse_v0(0, [(VERSIONS, 0, 0), (HANDSHAKE, 1, 1),
                                            (AUTHENTICATE, 0, 0)]),
        HANDSHAKE: SaslHandShakeResponse_v1(*handshake),
        AUTHENTICATE: SaslAuthenticateResponse_v0(says, "who is that?", b""),
    }  # fmt: skip

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = await reader.readexactly(int.from_bytes(await reader.readexactly(4)))
            body = asked[4:8] + answers[int.from_bytes(asked[:2])].encode()
            writer.write(len(body).to_bytes(4) + body)

    return talk


async def test_a_wrong_password_is_the_owners_to_mend() -> None:
    refused = r"^lake: the broker refuses the user, or the user may not write there$"
    async with listening(asks_who((0, ["PLAIN"]), WRONG_PASSWORD)) as (port, _):
        with pytest.raises(Unauthorized, match=refused):
            await connect("lake", destination(url=f"kafka://app:not-real@127.0.0.1:{port}"))


async def test_a_broker_that_takes_no_passwords_is_not_one_with_a_wrong_password() -> None:
    async with listening(asks_who((UNKNOWN_MECHANISM, ["GSSAPI"]), 0)) as (port, _):
        with pytest.raises(Unavailable, match=r"^lake: .*UnsupportedSaslMechanism"):
            await connect("lake", destination(url=f"kafka://app:not-real@127.0.0.1:{port}"))
