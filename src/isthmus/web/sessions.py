"""The cookie of a session, and the proof that an act was sent by a page of ours."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from fastapi import HTTPException, Request, Response

from isthmus.access.log_in import Lasts
from isthmus.access.secret import csrf_of

if TYPE_CHECKING:
    from isthmus.settings import Settings

SAFE = ("GET", "HEAD", "OPTIONS")
CSRF_HEADER, CSRF_FIELD = "x-csrf-token", "csrf_token"
SESSION, AT_PROVIDER = "isthmus_session", "isthmus_sign_in"
"""Who is logged in; who was sent to a provider and is not back."""
_FORM = "application/x-www-form-urlencoded"


def lasts_of(settings: Settings) -> Lasts:
    return Lasts(settings.session_idle, settings.session_lifetime)


def is_https(request: Request) -> bool:
    return request.url.scheme == "https"


def named(request: Request, cookie: str) -> str:
    """Under https only the cookie that no other host can set counts."""
    return f"__Host-{cookie}" if is_https(request) else cookie


def secret_in(request: Request) -> str | None:
    return request.cookies.get(named(request, SESSION))


def give(request: Request, response: Response, secret: str) -> None:
    set_cookie(request, response, SESSION, secret)


def take_away(request: Request, response: Response) -> None:
    unset_cookie(request, response, SESSION)


def set_cookie(
    request: Request, response: Response, cookie: str, value: str, lasts: int | None = None
) -> None:
    """`lasts` is in seconds; None: until the browser is closed."""
    response.set_cookie(
        named(request, cookie), value, max_age=lasts, path="/", httponly=True,
        secure=is_https(request), samesite="lax",
    )  # fmt: skip


def unset_cookie(request: Request, response: Response, cookie: str) -> None:
    response.delete_cookie(named(request, cookie), path="/", secure=is_https(request),
                           httponly=True, samesite="lax")  # fmt: skip


def ensure_own(request: Request, secret: str, body: bytes) -> None:
    """Raises 403 for an act that no page of this session sent."""
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.headers.get("content-type", "").partition(";")[0] == _FORM:
        given = parse_qs(body.decode("utf-8", "replace")).get(CSRF_FIELD, [""])[-1]
    if not hmac.compare_digest(given.encode(), csrf_of(secret).encode()):
        raise HTTPException(
            403, "the form is of another session or none; load the page again and send it from "
            "there",
        )  # fmt: skip
