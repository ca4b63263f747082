"""Where events are sent: brokers and webhooks, told apart by the scheme of the URL."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from isthmus.landscape.firm import Part
from isthmus.landscape.keys import wrong
from isthmus.rules.problems import Owner

BROKERS = {
    "nats": "nats", "tls": "nats",
    "amqp": "rabbitmq", "amqps": "rabbitmq",
    "kafka": "kafka", "kafka+ssl": "kafka",
}  # fmt: skip
"""Scheme -> broker, which is also the name of the extra that installs its client."""
WEBHOOKS = ("http", "https")
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SECRET_PREFIX = "whsec_"
SHORTEST_SECRET = 24
"""Bytes; Standard Webhooks asks for 24 to 64."""


def _address(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in (*BROKERS, *WEBHOOKS):
        raise wrong(
            "it starts with no scheme that events can be sent by",
            "Write nats://, tls://, amqp://, amqps://, kafka://, kafka+ssl:// or https://.",
        )
    if not parts.hostname:
        raise wrong("it names no host", "Write it as scheme://host:port.")
    if not parts.scheme.startswith("kafka") and not _has_good_port(parts):
        raise wrong("its port is no number up to 65535", "Write it as scheme://host:port.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise wrong("anyone on the way can read http", "Write https.")
    return url


def _has_good_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _signing(secret: SecretStr) -> SecretStr:
    try:
        key = signing_key(secret)
    except binascii.Error:
        key = b""
    if len(key) < SHORTEST_SECRET:
        raise wrong(
            f"it is not {SECRET_PREFIX} with the base64 of at least {SHORTEST_SECRET} bytes",
            f"Make one: echo {SECRET_PREFIX}$(openssl rand -base64 32)",
        )
    return secret


def signing_key(secret: SecretStr) -> bytes:
    text = secret.get_secret_value().removeprefix(SECRET_PREFIX)
    return base64.b64decode(text, validate=True)


class Destination(Part):
    url: Annotated[SecretStr, AfterValidator(_address)] = Field(
        description="`nats://`, `tls://` (NATS over TLS), `amqp://`, `amqps://` (RabbitMQ), "
        "`kafka://`, `kafka+ssl://`, or the `https://` address of a webhook. With a password in "
        "it, `env:NAME` or `file:/path`.",
    )
    into: str = Field(
        default="isthmus",
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*$",
        description="JetStream stream, RabbitMQ exchange or Kafka topic. A webhook has none.",
    )
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Further hosts that a Kafka cluster may name as its brokers, such as "
        "`b-1.kafka.example.com` or `*.kafka.example.com`; besides those of `url` no other is "
        "called.",
    )
    region: str | None = Field(
        default=None, description="Region in which it, and who reads from it, keeps data."
    )
    types: tuple[str, ...] = Field(
        default=(),
        description="Types of the events to send, such as `invoice.posted` or `invoice.*`. None: "
        "all of them.",
    )
    start: Literal["first", "now"] = Field(
        default="now",
        description="A new destination begins with the first event of the log, or with the next.",
    )
    secret: Annotated[SecretStr, AfterValidator(_signing)] | None = Field(
        default=None,
        description="Key that signs a webhook: `whsec_` and the base64 of at least 24 bytes.",
    )
    owner: Owner = Field(
        default="integration", description="Who is told when it cannot be reached."
    )
    attempts: int = Field(
        default=16,
        ge=1,
        le=100,
        description="Failures in a row after which a webhook is held. The pause between them "
        "doubles from 1 second to 1 hour; 16 take about 5 hours.",
    )

    @field_validator("types", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _secret_fits(self) -> Destination:
        if self.is_webhook and self.secret is None:
            raise wrong("a webhook without a secret cannot be told from a forged one",
                        f"Add secret: make one with echo {SECRET_PREFIX}$(openssl rand -base64 32)"
                        )  # fmt: skip
        if not self.is_webhook and self.secret is not None:
            raise wrong("a broker signs nothing", "Remove secret.")
        if self.is_webhook and "into" in self.model_fields_set:
            raise wrong("a webhook has no stream, exchange or topic", "Remove into.")
        return self

    @property
    def scheme(self) -> str:
        return urlsplit(self.url.get_secret_value()).scheme

    @property
    def is_webhook(self) -> bool:
        return self.scheme in WEBHOOKS

    @property
    def broker(self) -> str:
        return BROKERS[self.scheme]

    @property
    def shown(self) -> str:
        """Scheme and host alone: user, path and query may be secret."""
        parts = urlsplit(self.url.get_secret_value())
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
