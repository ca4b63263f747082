"""NATS JetStream. One subject per type and object, so that consumers can choose both.

https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md (a
working draft): structured mode is told by the `Content-Type` header. `Nats-Msg-Id` is the id of
the event, by which the stream drops what it has within its duplicate window:
https://docs.nats.io/using-nats/developer/develop_jetstream/model_deep_dive#message-deduplication
"""

from __future__ import annotations

import re

import structlog
from nats.aio.client import Client
from nats.errors import AuthorizationError, Error, MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import APIError, BadRequestError, NoStreamResponseError, NotFoundError

from isthmus.connect import Refused, Unauthorized, Unavailable
from isthmus.connect.outbound import Guard, host_of
from isthmus.events.destinations.addresses import ensure_leads
from isthmus.events.message import CONTENT_TYPE, Message
from isthmus.landscape.destinations import Destination

log = structlog.get_logger()
DUPLICATE_WINDOW = 600.0
"""Seconds during which a stream that we make knows the ids it has."""
ANSWERS_WITHIN = 5.0
NAME_IN_USE = 10058


def subject_of(into: str, message: Message) -> str:
    """`isthmus.invoice.posted.<canonical id>`; what a token cannot hold becomes `_`."""
    return f"{into}.{message.type}.{re.sub(r'[^A-Za-z0-9_-]', '_', message.subject)}"


def headers_of(message: Message) -> dict[str, str]:
    return {"Content-Type": CONTENT_TYPE, "Nats-Msg-Id": message.id}


class NatsOut:
    def __init__(self, name: str, into: str, client: Client) -> None:
        self._name, self._into, self._client = name, into, client
        self._stream: JetStreamContext = client.jetstream(timeout=ANSWERS_WITHIN)

    async def prepare(self) -> None:
        """Make the stream where there is none; one that is there is left as it is."""
        try:
            await self._stream.stream_info(self._into)
        except NotFoundError:
            config = StreamConfig(
                name=self._into, subjects=[f"{self._into}.>"], duplicate_window=DUPLICATE_WINDOW
            )
            try:
                await self._stream.add_stream(config)
            except BadRequestError as error:
                if error.err_code != NAME_IN_USE:
                    raise

    async def send(self, message: Message) -> None:
        try:
            await self._stream.publish(
                subject_of(self._into, message), message.body, stream=self._into,
                headers=headers_of(message),
            )  # fmt: skip
        except MaxPayloadError as error:
            raise Refused(self._name, f"event {message.id} is larger than the server takes") from (
                error
            )
        except NoStreamResponseError as error:
            raise Unavailable(
                self._name, f"no stream takes {self._into}.>; add it to the stream's subjects"
            ) from error
        except (Error, OSError) as error:
            raise translated(self._name, error) from error

    async def close(self) -> None:
        await self._client.close()


async def connect(name: str, destination: Destination) -> NatsOut:
    """The client does not reconnect by itself: the relay opens another one, after a pause."""

    async def told(error: Exception) -> None:
        log.debug("nats.error", destination=name, reason=str(error) or type(error).__name__)

    url = destination.url.get_secret_value()
    client, host = Client(), host_of(url)
    try:
        await ensure_leads(Guard(name, [host]), host)
        await client.connect(
            url, name=f"isthmus {name}", allow_reconnect=False,
            connect_timeout=int(ANSWERS_WITHIN), max_reconnect_attempts=1, error_cb=told,
        )  # fmt: skip
        opened = NatsOut(name, destination.into, client)
        await opened.prepare()
    except (Error, OSError) as error:
        await client.close()
        raise translated(name, error) from error
    return opened


def translated(name: str, error: Exception) -> Unavailable | Unauthorized:
    """JetStream's refusals (no space, no leader, wrong stream) may pass; credentials do not."""
    if isinstance(error, AuthorizationError) or "authorization" in str(error).lower():
        return Unauthorized(name, "the server refuses the user, password or token")
    if isinstance(error, APIError):
        code = None if error.err_code is None else str(error.err_code)
        return Unavailable(name, str(error.description), code=code)
    return Unavailable(name, str(error) or type(error).__name__, outcome_unknown=True)
