"""Webhooks out, signed as Standard Webhooks: HMAC-SHA256 of id, time and body.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md; the body
is a CloudEvent as the HTTP binding's structured mode has it. Any answer but 2xx is a failure. The
address may hold a token, so no message and no log repeats it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import httpx2

from isthmus.connect import Refused, Throttled, Unavailable
from isthmus.connect.outbound import host_of, outbound
from isthmus.events.message import CONTENT_TYPE, Message
from isthmus.landscape.destinations import Destination, signing_key

TIMEOUT = httpx2.Timeout(15.0, connect=5.0)
GONE, TOO_MANY, BUSY = 410, 429, 503


def signature(key: bytes, id: str, at: int, body: bytes) -> str:
    """`at` is in seconds since 1970."""
    digest = hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def headers_of(key: bytes, message: Message, at: int) -> dict[str, str]:
    return {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": message.id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(key, message.id, at, message.body),
    }


class WebhookOut:
    def __init__(self, name: str, destination: Destination) -> None:
        if destination.secret is None:
            raise ValueError(f"destination {name} has no secret")
        self._name, self._url = name, destination.url.get_secret_value()
        self._key = signing_key(destination.secret)
        self._client = outbound(name, {host_of(self._url)}, timeout=TIMEOUT)

    async def send(self, message: Message) -> None:
        headers = headers_of(self._key, message, int(time.time()))
        try:
            answer = await self._client.post(self._url, headers=headers, content=message.body)
        except httpx2.TransportError as error:
            raise Unavailable(
                self._name, f"no answer: {type(error).__name__}", outcome_unknown=True
            ) from error
        if answer.is_success:
            return
        if answer.status_code == GONE:
            raise Refused(self._name, "the receiver answered 410: it wants no more events")
        if answer.status_code in (TOO_MANY, BUSY):
            wait = _seconds(answer.headers.get("retry-after"))
            raise Throttled(
                self._name, f"the receiver answered {answer.status_code}", retry_after=wait
            )
        raise Unavailable(self._name, f"the receiver answered {answer.status_code}")

    async def close(self) -> None:
        await self._client.aclose()


def _seconds(retry_after: str | None) -> float | None:
    """The form in seconds; a date is passed over, and the usual pause holds."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None
