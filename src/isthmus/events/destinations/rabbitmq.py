"""RabbitMQ: a durable topic exchange, routed by type, confirmed by the broker.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md is for
AMQP 1.0; its content type and its `cloudEvents:` properties are a content type and headers here.
A message that no queue takes is given back, so that nothing is lost where nobody listens yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, HeadersType
from aio_pika.exceptions import (
    AMQPError,
    AuthenticationError,
    DeliveryError,
    ProbableAuthenticationError,
    PublishError,
)

from isthmus.connect import Unauthorized, Unavailable
from isthmus.connect.outbound import Guard, host_of
from isthmus.events.destinations.addresses import ensure_leads
from isthmus.events.envelope import wire_type
from isthmus.events.message import CONTENT_TYPE, Message
from isthmus.landscape.destinations import Destination

ANSWERS_WITHIN = 10.0


def headers_of(message: Message) -> HeadersType:
    return {
        "cloudEvents:specversion": "1.0",
        "cloudEvents:id": message.id,
        "cloudEvents:type": wire_type(message.type),
        "cloudEvents:subject": message.subject,
    }


class RabbitOut:
    def __init__(
        self, name: str, connection: AbstractConnection, exchange: AbstractExchange
    ) -> None:
        self._name, self._connection, self._exchange = name, connection, exchange

    async def send(self, message: Message) -> None:
        outgoing = aio_pika.Message(
            message.body, message_id=message.id, type=wire_type(message.type),
            content_type=CONTENT_TYPE, headers=headers_of(message), app_id="isthmus",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT, timestamp=datetime.now(UTC),
        )  # fmt: skip
        try:
            await self._exchange.publish(
                outgoing, routing_key=message.type, mandatory=True, timeout=ANSWERS_WITHIN
            )
        except PublishError as error:
            raise Unavailable(
                self._name,
                f"no queue of exchange {self._exchange.name} takes {message.type}: bind one, or "
                "leave the type out of `types`",
            ) from error
        except DeliveryError as error:
            raise Unavailable(self._name, "the broker did not confirm a message") from error
        except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
            raise _gone(self._name, error) from error

    async def close(self) -> None:
        await self._connection.close()


async def connect(name: str, destination: Destination) -> RabbitOut:
    url = destination.url.get_secret_value()
    host = host_of(url)
    try:
        await ensure_leads(Guard(name, [host]), host)
        connection = await aio_pika.connect(
            url, timeout=ANSWERS_WITHIN,
            client_properties={"connection_name": f"isthmus {name}"},
        )  # fmt: skip
    except (AuthenticationError, ProbableAuthenticationError) as error:
        raise Unauthorized(name, "the broker refuses the user or password") from error
    except (AMQPError, OSError, TimeoutError) as error:
        raise _gone(name, error) from error
    try:
        _ensure_confirms(name, connection)
        channel: AbstractChannel = await connection.channel(
            publisher_confirms=True, on_return_raises=True
        )
        exchange = await channel.declare_exchange(
            destination.into, aio_pika.ExchangeType.TOPIC, durable=True, timeout=ANSWERS_WITHIN
        )
    except Unavailable:
        await connection.close()
        raise
    except (AMQPError, OSError, TimeoutError, RuntimeError) as error:
        await connection.close()
        raise _gone(name, error) from error
    return RabbitOut(name, connection, exchange)


def _ensure_confirms(name: str, connection: AbstractConnection) -> None:
    """A broker tells what it is capable of, or nothing at all, and the client takes it for granted
    that it does. Raises Unavailable.
    """
    transport = connection.transport
    told = transport.connection.server_properties.get("capabilities") if transport else None
    if not (isinstance(told, Mapping) and told.get("publisher_confirms")):
        raise Unavailable(
            name,
            "the broker at `url` announces no publisher confirms, without which nothing tells that "
            "it has stored an event; let `url` name a RabbitMQ, which announces them",
            code="no_confirms",
        )


def _gone(name: str, error: Exception) -> Unavailable:
    return Unavailable(name, str(error) or type(error).__name__, outcome_unknown=True)
