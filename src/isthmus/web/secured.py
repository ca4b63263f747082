"""Headers that every answer carries, and the one that only an answer by https may carry."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from isthmus.web.correlation import add_header

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""For answers that are no pages; pages have stricter or other ones of their own, which win."""
HSTS = "max-age=31536000"
"""A year in which a browser asks by https alone: https://www.rfc-editor.org/rfc/rfc6797. It says
nothing of hosts below ours, which are not ours to speak for.
"""


class Secured:
    """Https is what uvicorn says: what it listens by, or what a trusted proxy tells of itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for name, value in ALWAYS.items():
                add_header(scope, name, value)
            if scope["scheme"] == "https":
                add_header(scope, "Strict-Transport-Security", HSTS)
        await self._app(scope, receive, send)
