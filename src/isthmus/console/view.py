"""How a page is made from a template: what every page shows, and the headers it goes out with."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, unquote

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from isthmus.access import Principal
from isthmus.console import words
from isthmus.console.assets import Assets
from isthmus.console.page import Page
from isthmus.kit.clock import utc_now
from isthmus.web.caller import unnamed

TEMPLATES = Path(__file__).parent / "templates"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "HX-Request",
}
TOLD = "isthmus_told"
FILTERS = (
    words.amount, words.whole, words.span, words.instant, words.day, words.words, words.sentence,
    words.plural, words.plain, words.money_parts, words.map_words, words.map_same, words.shown,
)  # fmt: skip


class Console:
    """What the pages of one process share."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.pages = tuple(pages)
        self.assets = Assets()
        self.templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self.templates.globals |= {
            "asset": self.assets.url,
            "icon": _icon,
        }
        self.templates.filters |= {each.__name__: each for each in FILTERS}
        self.templates.filters["sentence"] = _sentence

    def open_to(self, who: Principal | None) -> list[Page]:
        return [page for page in self.pages if who is not None and page.is_open_to(who)]


def _icon(name: str) -> Markup:
    """Of sprite.html; it says nothing to a screen reader, so a word stands beside it."""
    return Markup('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>').format(name)


@pass_context
def _sentence(context: Context, text: str) -> str:
    """Without whom the reader may not see named: a page may cut it short, and a name with it."""
    unnamed_ = context.get("unnamed")
    return words.sentence(unnamed_(text) if callable(unnamed_) else text)


def console_of(request: Request) -> Console:
    return cast(Console, request.app.state.console)


def csrf_token(request: Request) -> str:
    """What forms send back; empty where nobody has logged in."""
    return str(request.scope.get("isthmus.csrf", ""))


def is_fragment(request: Request) -> bool:
    """Does htmx ask for a part of a page that is open?"""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def show(
    request: Request, who: Principal | None, template: str, status: int = 200, **values: Any
) -> HTMLResponse:
    """`template` is below templates/; it gets `now`, `who`, `path` beside the values."""
    console, now = console_of(request), utc_now()
    path, told = request.url.path, None if is_fragment(request) else _told(request)
    made = console.templates.get_template(template).render(
        {
            "who": who, "now": now, "path": path, "csrf": csrf_token(request),
            "pages": console.open_to(who), "query": request.query_params,
            "ago": lambda at: words.ago(at, now), "told_before": told,
            "unnamed": lambda text: unnamed(request, text), **values,
        }
    )  # fmt: skip
    answer = HTMLResponse(unnamed(request, made), status, headers=HEADERS)
    if told is not None:
        answer.delete_cookie(TOLD)
    return answer


def go(path: str, told: str, tone: str = "good") -> Response:
    """To another page after an act, where it is told once what came of it."""
    answer = RedirectResponse(path, 303, headers=HEADERS)
    answer.set_cookie(TOLD, quote(f"{tone}:{told}"[:3000]), max_age=60, httponly=True,
                      samesite="strict")  # fmt: skip
    return answer


def _told(request: Request) -> tuple[str, str] | None:
    """(tone, text) that the act before left."""
    tone, colon, text = unquote(request.cookies.get(TOLD, "")).partition(":")
    return (tone, text) if colon and tone in ("good", "warn", "bad") else None


def live(
    request: Request, who: Principal, template: str, values: Mapping[str, Any], **more: Any
) -> Response:
    """A part that asks for itself again and again: 204, and so nothing moves, while it is the same.

    The template puts `seen` into the address that it asks next. `more` does not count as a change.
    """
    seen = hashlib.sha256(repr(sorted(values.items())).encode()).hexdigest()[:16]
    if request.query_params.get("seen") == seen:
        return Response(status_code=204, headers=HEADERS)
    return show(request, who, template, seen=seen, **values, **more)
