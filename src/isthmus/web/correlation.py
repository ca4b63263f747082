"""`X-Correlation-Id`: the caller's own or one of ours, in every answer, log line and event."""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from contextlib import ExitStack
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.events.outbox import caused_by
from isthmus.kit.ids import new_id

HEADER = "X-Correlation-Id"
USABLE = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
_KEY, _HEADERS = "isthmus.correlation", "isthmus.headers"


def correlation_of(scope: MutableMapping[str, Any]) -> str:
    id: str = scope.get(_KEY) or ""
    return id


def add_header(scope: MutableMapping[str, Any], name: str, value: str) -> None:
    """To the answer, whatever it turns out to be."""
    scope.setdefault(_HEADERS, {})[name] = value


class Correlated:
    """The outermost layer: what everything inside says of a request carries its id.

    An id that is no short plain text is not taken over: it would go into logs as it is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id = _given(scope) or new_id()
        scope[_KEY], scope[_HEADERS] = id, {HEADER: id}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _joined(message["headers"], scope[_HEADERS])
            await send(message)

        with ExitStack() as bound:
            bound.enter_context(structlog.contextvars.bound_contextvars(correlation_id=id))
            bound.enter_context(caused_by(id))
            await self._app(scope, receive, sending)


def _given(scope: Scope) -> str | None:
    name = HEADER.lower().encode()
    for key, value in scope["headers"]:
        if key == name:
            text: str = value.decode("latin-1")
            return text if USABLE.fullmatch(text) else None
    return None


def _joined(headers: Any, more: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """A `Link` stands beside other ones; of the others the route's own wins."""
    there = {key.lower() for key, _ in headers}
    added = [
        (name.lower().encode(), value.encode("latin-1"))
        for name, value in more.items()
        if name == "Link" or name.lower().encode() not in there
    ]
    return [*headers, *added]
