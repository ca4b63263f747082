"""How long each route takes to answer, counted by the route's template and the class of status."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from isthmus.observe.telemetry import Telemetry

UNKNOWN = "no such route"


class Timed:
    """ASGI; a response that is streamed is timed to its end."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self._app, self._telemetry = app, telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._telemetry.answered(_route(scope), status, time.monotonic() - began)


def _route(scope: dict[str, Any] | Scope) -> str:
    """The router leaves the route that it chose in the scope."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    return UNKNOWN if path is None else f"{scope['method']} {path}"
