"""`POST /backchannel/{provider}`: an OpenID Connect provider says who logged out there.

Answers are those of https://openid.net/specs/openid-connect-backchannel-1_0.html#BCResponse.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import structlog
from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response

from isthmus.access.back_channel import log_out
from isthmus.access.providers import KnownProvider
from isthmus.access.sign_in_refused import SignInRefused
from isthmus.web.context import app_of, bounded_body

log = structlog.get_logger()
router = APIRouter(include_in_schema=False)
HEADERS = {"Cache-Control": "no-store"}
MOST = 20_000
"""Bytes."""


@router.post("/backchannel/{name}")
async def logged_out(request: Request, name: str) -> Response:
    provider: KnownProvider | None = request.app.state.providers.get(name)
    if provider is None:
        raise HTTPException(404, f"no provider is called {name}")
    sent = parse_qs((await bounded_body(request, "a log-out", MOST)).decode("utf-8", "replace"))
    try:
        ended = await log_out(app_of(request).database, provider, sent.get("logout_token", [""])[0])
    except SignInRefused as refused:
        log.warning("back_channel.refused", provider=name, reason=refused.why)
        body = {"error": "invalid_request", "error_description": refused.why}
        return JSONResponse(body, 400, HEADERS)
    log.info("back_channel.logged_out", provider=name, sessions=ended)
    return Response(status_code=200, headers=HEADERS)
