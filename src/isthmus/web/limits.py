"""What one request and one client may ask for: bytes, encodings, requests in a minute.

Requests are counted by each process for itself, without a call of the database: behind N processes
a client may ask N times as often.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.access import Principal
from isthmus.web.caller import caller
from isthmus.web.context import MAX_BODY
from isthmus.web.correlation import add_header
from isthmus.web.problem import Refusal, answer_problem, kind_of

WINDOW = 60.0
"""Seconds in which a client that was quiet may ask as often as its limit says."""
MOST_CLIENTS = 10_000
BY_THEMSELVES = ("/webhooks/", "/desks/", "/process/v1/time-entries")
"""Routes that bound their bodies themselves, before and after unpacking."""


class Buckets:
    """A token bucket for each client; the one that was quiet longest is forgotten first."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute, self._clock = per_minute, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> tuple[bool, int, int]:
        """(whether it may, requests left, seconds until there is one or all are back)."""
        now, rate = self._clock(), self.per_minute / WINDOW
        left, at = self._left.pop(client, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - at) * rate)
        allowed = left >= 1
        left -= allowed
        self._left[client] = (left, now)
        if len(self._left) > MOST_CLIENTS:
            self._left.popitem(last=False)
        wanted = (self.per_minute - left) if allowed else (1 - left)
        return allowed, int(left), max(1, math.ceil(wanted / rate))


async def within_rate(request: Request, who: Annotated[Principal, Depends(caller)]) -> None:
    """Raises 429. Behind `caller`, so that nobody spends another one's requests."""
    buckets: Buckets = request.app.state.buckets
    allowed, left, seconds = buckets.take(who.id)
    add_header(request.scope, "RateLimit-Policy", f'"client";q={buckets.per_minute};w={WINDOW:.0f}')
    add_header(request.scope, "RateLimit", f'"client";r={left};t={seconds}')
    if not allowed:
        raise Refusal(
            429, "too_many_requests",
            f"{who.name} has asked {buckets.per_minute} times in a minute", kind_of(429).remedy,
            headers={"Retry-After": str(seconds)},
        )  # fmt: skip


class Bounded:
    """Refuses a body that is too large before it is in memory, and one that is packed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(BY_THEMSELVES):
            await self._app(scope, receive, send)
            return
        refusal = _at_once(scope)
        if refusal is not None:
            await answer_problem(Request(scope), refusal)(scope, receive, send)
            return
        await self._app(scope, _counted(receive), send)


def _at_once(scope: Scope) -> Refusal | None:
    """What the headers alone say."""
    headers = {key: value.decode("latin-1") for key, value in scope["headers"]}
    length = headers.get(b"content-length", "0")
    if not (length.isascii() and length.isdigit()):
        return Refusal(400, "bad_request", "Content-Length is no number", kind_of(400).remedy)
    if int(length) > MAX_BODY:
        return _too_large()
    encoding = headers.get(b"content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        return Refusal(
            415, "media_type", f"a body with Content-Encoding {encoding} is not read here",
            "Send the body plain.",
        )  # fmt: skip
    return None


def _counted(receive: Receive) -> Receive:
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise _too_large()
        return message

    return counted


def _too_large() -> Refusal:
    return Refusal(
        413, "too_large", f"a body of more than {MAX_BODY:,} bytes is refused", kind_of(413).remedy
    )
