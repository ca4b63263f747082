"""`/login`, `/logout`, `/password`: the only pages that are served to whoever comes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from isthmus.access import Principal
from isthmus.access.log_in import LogInRefused, change_password, log_in, log_out
from isthmus.access.passwords import WeakPassword
from isthmus.access.sign_in import leave
from isthmus.console.errors import LOGIN
from isthmus.console.route import ConsoleRoute, form
from isthmus.console.view import HEADERS, show
from isthmus.web.caller import caller
from isthmus.web.context import app_of, public_url
from isthmus.web.sessions import give, lasts_of, secret_in, take_away

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
PASSWORD = "/password"
LoggedIn = Annotated[Principal, Depends(caller)]


def local_path(path: str) -> str:
    """Where to go on to; never to another site."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain else "/"


def ask(
    request: Request, status: int = 200, error: str = "", next: str = "/", remedy: str = ""
) -> Response:
    access = app_of(request).landscape.access
    return show(request, None, "login.html", status, title="Log in", error=error, remedy=remedy,
                next=local_path(next), local=access.local_accounts,
                providers=request.app.state.providers.values())  # fmt: skip


def _on(path: str) -> Response:
    return RedirectResponse(path, 303, headers=HEADERS)


@router.get(LOGIN)
async def login_page(request: Request) -> Response:
    return ask(request, next=request.query_params.get("next", "/"))


@router.post(LOGIN)
async def logged_in(request: Request) -> Response:
    sent, app = await form(request), app_of(request)
    next = local_path(sent.get("next", "/"))
    if not app.landscape.access.local_accounts:
        return ask(request, 403, "nobody logs in with a password here", next)
    try:
        secret, must_change = await log_in(
            app.database, sent.get("name", ""), sent.get("password", ""), address_of(request),
            lasts_of(app.settings),
        )  # fmt: skip
    except LogInRefused as refused:
        answer = ask(request, 429 if refused.after else 401, str(refused), next)
        if refused.after:
            answer.headers["Retry-After"] = str(int(refused.after.total_seconds()) + 1)
        return answer
    answer = _on(PASSWORD if must_change else next)
    give(request, answer, secret)
    return answer


@router.post("/logout")
async def logged_out(request: Request, who: LoggedIn) -> Response:
    """There as well where a provider knew the person: from a page of ours, because a form may not
    lead to another site.
    """
    there = None
    if secret := secret_in(request):
        ended = await log_out(app_of(request).database, secret, who)
        provider = request.app.state.providers.get(ended.provider) if ended else None
        if ended and provider:
            there = await leave(provider, ended, public_url(request) + LOGIN)
    answer = _on(LOGIN)
    if there:
        answer = show(request, None, "leaving.html", title="Log out", there=there)
    take_away(request, answer)
    return answer


@router.get(PASSWORD)
async def password_page(request: Request, who: LoggedIn) -> Response:
    return show(request, who, "password.html", title="Change the password", error="")


@router.post(PASSWORD)
async def password_changed(request: Request, who: LoggedIn) -> Response:
    sent, app = await form(request), app_of(request)
    try:
        secret = await change_password(
            app.database, who, sent.get("old", ""), sent.get("new", ""), address_of(request),
            lasts_of(app.settings),
        )  # fmt: skip
    except (LogInRefused, WeakPassword) as refused:
        return show(request, who, "password.html", 422, title="Change the password",
                    error=str(refused))  # fmt: skip
    answer = _on("/")
    give(request, answer, secret)
    return answer


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"
