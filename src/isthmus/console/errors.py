"""Pages for what went wrong: what happened, what is safe, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from isthmus.console.view import HEADERS, is_fragment, show
from isthmus.engine.outages import BROKEN_OFF
from isthmus.web.caller import caller_of


@dataclass(frozen=True)
class Told:
    title: str
    safe: str
    do: str


LOGIN = "/login"
_ASK_AGAIN = "Try again in a minute. If it stays, `isthmus doctor` says what does not answer."
TOLD = {
    401: Told(
        "You are not logged in", "Nothing was changed.",
        "Log in, or open the console on the machine where Isthmus runs.",
    ),
    403: Told(
        "You may not open this", "Nothing was shown or changed.",
        "Ask whoever manages access for the role that this needs, or go to a page of yours.",
    ),
    404: Told(
        "There is nothing here", "Nothing was changed.",
        "Check the address, or search for the id: any system's id is understood.",
    ),
    503: Told(
        "The database does not answer",
        "What was stored before is safe. Messages that systems send are not acknowledged now, so "
        "they send them again; no invoice is posted twice.",
        _ASK_AGAIN,
    ),
    500: Told(
        "This page has a defect",
        "What you asked for was not done, and nothing is half done: each act is one transaction.",
        "Try again once. If it stays, give the time and the address to whoever runs Isthmus; the "
        "log has the rest.",
    ),
}  # fmt: skip
OTHER = Told("This was refused", "Nothing was changed.", "Go back, correct it and send it again.")


def failed(
    request: Request, status: int, why: str, headers: Mapping[str, str] | None = None
) -> Response:
    try:
        who = caller_of(request)
    except (HTTPException, *BROKEN_OFF):
        who = None
    if status == 401:
        return _to_log_in(request)
    told = TOLD.get(status, OTHER if status < 500 else TOLD[500])
    template = "errors/part.html" if is_fragment(request) else "errors/page.html"
    answer = show(request, who, template, status, title=told.title, told=told, why=why)
    answer.headers.update(headers or {})
    return answer


def _to_log_in(request: Request) -> Response:
    """A part of a page that is open cannot be the log-in page: the whole page goes there."""
    if is_fragment(request):
        return Response(status_code=401, headers={**HEADERS, "HX-Redirect": LOGIN})
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    reads = request.method == "GET" and asked != "/"
    address = f"{LOGIN}?{urlencode({'next': asked})}" if reads else LOGIN
    return RedirectResponse(address, 303, headers=HEADERS)


def wants_page(request: Request) -> bool:
    """A browser that goes to an address, not a program that asks the API."""
    return "text/html" in request.headers.get("accept", "")
