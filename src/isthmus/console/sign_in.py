"""`/login/with/...` and `/login/from/...`: to a provider of the firm, and back from it."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from isthmus.access.providers import KnownProvider
from isthmus.access.sign_in import AWAY, let_in, send_there
from isthmus.access.sign_in_refused import SignInRefused
from isthmus.console.login import address_of, ask, local_path
from isthmus.console.route import ConsoleRoute
from isthmus.console.view import HEADERS
from isthmus.web.context import app_of, public_url
from isthmus.web.sessions import AT_PROVIDER, give, lasts_of, named, set_cookie, unset_cookie

router = APIRouter(route_class=ConsoleRoute, include_in_schema=False)
BACK = "/login/from/"


@router.get("/login/with/{name}")
async def gone_to(request: Request, name: str) -> Response:
    provider, app = _provider(request, name), app_of(request)
    next = local_path(request.query_params.get("next", "/"))
    allowed, _, seconds = request.app.state.sign_ins.take(address_of(request))
    if not allowed:
        return ask(request, 429, f"too many log-ins; try again in {seconds} s", next)
    try:
        url, cookie = await send_there(app.database, provider, _back(request, name), next)
    except SignInRefused as refused:
        return _refused(request, refused, next)
    answer = RedirectResponse(url, 303, headers=HEADERS)
    set_cookie(request, answer, AT_PROVIDER, cookie, int(AWAY.total_seconds()))
    return answer


@router.get(BACK + "{name}")
async def back_from(request: Request, name: str) -> Response:
    provider, app = _provider(request, name), app_of(request)
    cookie = request.cookies.get(named(request, AT_PROVIDER))
    try:
        found = await let_in(
            app.database, provider, _back(request, name), cookie, request.query_params,
            address_of(request), lasts_of(app.settings),
        )  # fmt: skip
    except SignInRefused as refused:
        answer = _refused(request, refused)
    else:
        answer = RedirectResponse(found.next, 303, headers=HEADERS)
        give(request, answer, found.secret)
    unset_cookie(request, answer, AT_PROVIDER)
    return answer


def _back(request: Request, name: str) -> str:
    """As it is registered with the provider."""
    return f"{public_url(request)}{BACK}{name}"


def _provider(request: Request, name: str) -> KnownProvider:
    provider: KnownProvider | None = request.app.state.providers.get(name)
    if provider is None:
        raise HTTPException(404, f"no provider is called {name}")
    return provider


def _refused(request: Request, refused: SignInRefused, next: str = "/") -> Response:
    answer = ask(request, refused.status, refused.why, next, refused.remedy)
    if refused.after is not None:
        answer.headers["Retry-After"] = str(int(refused.after.total_seconds()) + 1)
    return answer
