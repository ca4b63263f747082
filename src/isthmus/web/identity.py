"""Who asks, found out once for each request, before anything else looks at it."""

from __future__ import annotations

import hmac
from typing import Any

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from isthmus.access import LOCAL, AccessRole, Grant, Principal
from isthmus.access.keys import PREFIX, bearer_of
from isthmus.access.log_in import known
from isthmus.access.pii import unseen
from isthmus.access.sealing import CannotOpen
from isthmus.access.secret import csrf_of
from isthmus.access.signing import Signing
from isthmus.access.tokens import holder_of
from isthmus.app import App
from isthmus.engine.outages import BROKEN_OFF
from isthmus.web.context import public_url
from isthmus.web.lately import Lately
from isthmus.web.local import ensure_local
from isthmus.web.sessions import SAFE, ensure_own, lasts_of, secret_in

UNSEEN = "isthmus.unseen"
"""People whom the caller may not see named."""
IDENTITY, CSRF, FIRST_CHANGE = "isthmus.identity", "isthmus.csrf", "/password"
PUBLIC = ("/webhooks/", "/desks/", "/healthz", "/static/", "/oauth/",
          "/.well-known/", "/backchannel/")  # fmt: skip
"""Doors that know their callers in another way, or show nothing: nobody is looked up there."""
OF_MACHINES = ("/process/", "/system/", "/events", "/metrics")
"""Doors whose answers quote no text about people; what they show is masked by attribute."""
OF_BURSTS = ("/process/v1/time-entries",)
MAX_FORM = 200_000
_TOKEN = Principal(
    "api-token", "ISTHMUS_API_TOKEN", "machine", frozenset({Grant(AccessRole.ADMIN)})
)
_ASK = {"WWW-Authenticate": 'Bearer realm="isthmus"'}
_WRONG = {"WWW-Authenticate": 'Bearer realm="isthmus", error="invalid_token"'}


class Identify:
    """ASGI middleware: puts the principal, or the error that says why there is none, into the
    scope. A page that needs nobody is so served without one.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(PUBLIC):
            request = Request(scope, receive)
            try:
                body, receive = await _body_of(request, receive)
                who = scope[IDENTITY] = await _lately_or_now(request, body)
                if not scope["path"].startswith(OF_MACHINES):
                    scope[UNSEEN] = await unseen(request.app.state.isthmus.database, who)
            except (HTTPException, CannotOpen, *BROKEN_OFF) as error:
                scope[IDENTITY] = error
        await self._app(scope, receive, send)


async def _lately_or_now(request: Request, body: bytes) -> Principal:
    """At the door of bursts a caller who was let in a moment ago is not looked up again."""
    if request.url.path not in OF_BURSTS or secret_in(request) is not None:
        return await _identify(request, body)
    lately: Lately = request.app.state.lately
    given = request.headers.get("authorization", "")
    who = lately.who(given)
    if who is LOCAL:
        ensure_local(request)
    return who or lately.keep(given, await _identify(request, body))


async def _identify(request: Request, body: bytes) -> Principal:
    app: App = request.app.state.isthmus
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await _of_bearer(request, app, bearer)
    secret = secret_in(request)
    who = await _of_session(request, app, secret, body) if secret else None
    return who or await _without(request, app)


async def _of_bearer(request: Request, app: App, given: str) -> Principal:
    token = app.settings.api_token
    if token and hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        return _TOKEN
    who, regions = None, app.landscape.access.regions
    if given.startswith(PREFIX):
        who = await bearer_of(app.database, given, regions)
    elif given.count(".") == 2:
        signing: Signing = request.app.state.signing
        who = await holder_of(app.database, signing, given, public_url(request), regions)
    if who is None:
        raise HTTPException(
            401,
            "the bearer token is wrong, expired or revoked; send `Authorization: Bearer` and a key "
            "of `isthmus access key add`, a token of POST /oauth/token, or the value of "
            "ISTHMUS_API_TOKEN",
            headers=_WRONG,
        )
    return who


async def _of_session(request: Request, app: App, secret: str, body: bytes) -> Principal | None:
    """None where the session is over. Raises 403, and 303 until a first password is changed."""
    found = await known(app.database, secret, lasts_of(app.settings), app.landscape.access.regions)
    if found is None or (found.provider is None and not app.landscape.access.local_accounts):
        return None
    request.scope[CSRF] = csrf_of(secret)
    if request.method not in SAFE:
        ensure_own(request, secret, body)
    if found.must_change and request.url.path not in (FIRST_CHANGE, "/logout"):
        raise HTTPException(
            303 if request.method in SAFE else 403, "change your first password before anything",
            headers={"Location": FIRST_CHANGE},
        )  # fmt: skip
    return found.who


async def _without(request: Request, app: App) -> Principal:
    """Whoever sits at this machine, as long as there is no token, no provider and no account."""
    closed = app.settings.api_token is not None or bool(app.landscape.access.providers)
    if not closed:
        async with app.database.begin() as tx:
            closed = await tx.accounts.any()
    if not closed:
        ensure_local(request)
        return LOCAL
    raise HTTPException(
        401,
        "nobody is logged in and the bearer token is missing; log in at /login, or send "
        "`Authorization: Bearer` and a key of `isthmus access key add` or the value of "
        "ISTHMUS_API_TOKEN",
        headers=_ASK,
    )


async def _body_of(request: Request, receive: Receive) -> tuple[bytes, Receive]:
    """A form's body, and a `receive` that gives it again; other bodies are left where they are."""
    kind = request.headers.get("content-type", "")
    if (
        secret_in(request) is None
        or request.method in SAFE
        or not kind.startswith("application/x-www-form-urlencoded")
    ):
        return b"", receive
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM:
            raise HTTPException(413, f"a form of more than {MAX_FORM:,} bytes is refused")
    given: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def again() -> Any:
        return given.pop() if given else await receive()

    return bytes(body), again
