"""What of the API is on its way out, since when, until when, and what takes its place.

`Deprecation` is https://www.rfc-editor.org/rfc/rfc9745, `Sunset` .../rfc8594.
The first part of a path's version, `v1`, is the major version of what it answers with. Where the
schema of one kind has a new major version, the kind alone moves: `/system/v2` serves every kind in
its newest major version, `/system/v1` as before until the sunset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime

from starlette.types import ASGIApp, Receive, Scope, Send

from isthmus.web.correlation import add_header


@dataclass(frozen=True)
class Deprecated:
    """`successor` is a template that the pattern's groups fill."""

    what: str
    pattern: re.Pattern[str]
    since: date
    sunset: date
    successor: str
    why: str


DEPRECATED: tuple[Deprecated, ...] = (
    Deprecated(
        "project 1.0", re.compile(r"/system/v1/(?P<role>[a-z]+)/project(?P<rest>/.*)?"),
        date(2026, 12, 1), date(2027, 12, 1), "/system/v2/{role}/project{rest}",
        "`legal_entity` is the code of the company; in all other objects it is its canonical id.",
    ),
)  # fmt: skip


def deprecation_of(path: str) -> Deprecated | None:
    return next((d for d in DEPRECATED if d.pattern.fullmatch(path)), None)


class Versioned:
    """Tells who still uses what is on its way out, in the answer itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            tell(scope)
        await self._app(scope, receive, send)


def tell(scope: Scope) -> None:
    for known in DEPRECATED:
        if found := known.pattern.fullmatch(scope["path"]):
            parts = {key: value or "" for key, value in found.groupdict().items()}
            add_header(scope, "Deprecation", f"@{int(_midnight(known.since).timestamp())}")
            add_header(scope, "Sunset", format_datetime(_midnight(known.sunset), usegmt=True))
            successor = known.successor.format(**parts)
            add_header(scope, "Link", f'<{successor}>; rel="successor-version"')


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
