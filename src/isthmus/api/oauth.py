"""`POST /oauth/token`, the keys that its tokens are signed with, and where to find both.

Errors are those of https://www.rfc-editor.org/rfc/rfc6749#section-5.2, not problem details: it is
their shape that OAuth clients read.
"""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from isthmus.access import Permission
from isthmus.access.signing import LIFETIME, Signing
from isthmus.access.tokens import TokenRefused, issue
from isthmus.web.context import app_of, bounded_body, public_url

router = APIRouter(include_in_schema=False)
TOKEN, KEYS = "/oauth/token", "/oauth/jwks"
LARGEST = 20_000
NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
FORM = "application/x-www-form-urlencoded"


@router.post(TOKEN)
async def token(request: Request) -> Response:
    try:
        return await _issued(request)
    except TokenRefused as refused:
        return _refusal(refused)


async def _issued(request: Request) -> Response:
    form = await _form(request)
    client, secret = _client(request, form)
    grant = form.get("grant_type")
    if grant != "client_credentials":
        error = "unsupported_grant_type" if grant else "invalid_request"
        raise TokenRefused(error, "grant_type must be client_credentials")
    address = request.client.host if request.client else "unknown"
    _ensure_rate(request, f"{client} {address}")
    made = await issue(
        app_of(request).database, signing_of(request), client, secret,
        form.get("scope", "").split(), issuer=public_url(request), address=address,
    )  # fmt: skip
    said = {
        "access_token": made.token, "token_type": "Bearer",
        "expires_in": int(LIFETIME.total_seconds()), "scope": " ".join(made.scopes),
    }  # fmt: skip
    return JSONResponse(said, headers=NOT_STORED)


@router.get(KEYS)
async def keys(request: Request) -> Response:
    return JSONResponse(
        await signing_of(request).published(), media_type="application/jwk-set+json"
    )


@router.get("/.well-known/oauth-authorization-server")
async def metadata(request: Request) -> dict[str, Any]:
    """https://www.rfc-editor.org/rfc/rfc8414"""
    where = public_url(request)
    return {
        "issuer": where, "token_endpoint": where + TOKEN, "jwks_uri": where + KEYS,
        "grant_types_supported": ["client_credentials"], "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": sorted(Permission),
    }  # fmt: skip


def signing_of(request: Request) -> Signing:
    signing: Signing = request.app.state.signing
    return signing


async def _form(request: Request) -> dict[str, str]:
    """Raises TokenRefused, also for a parameter that is there twice."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise TokenRefused("invalid_request", f"the body must be {FORM}")
    body = await bounded_body(request, "a token request", LARGEST)
    pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    form = {name: value for name, value in pairs if value}
    if len({name for name, _ in pairs}) < len(pairs):
        raise TokenRefused("invalid_request", "a parameter is there twice")
    return form


def _client(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """By header or by body, and not by both. Raises TokenRefused."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        if not ("client_id" in form and "client_secret" in form):
            raise TokenRefused(
                "invalid_client", "send client id and secret, by Basic or in the body"
            )
        return form["client_id"], form["client_secret"]
    if "client_secret" in form:
        raise TokenRefused("invalid_request", "the client authenticates in two ways")
    try:
        id, colon, secret = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = id = secret = ""
    if scheme.lower() != "basic" or not colon:
        raise TokenRefused("invalid_client", "Authorization is not Basic with id and secret")
    return unquote_plus(id), unquote_plus(secret)


def _ensure_rate(request: Request, client: str) -> None:
    allowed, _, seconds = request.app.state.token_requests.take(client)
    if not allowed:
        raise TokenRefused("temporarily_unavailable", "too many requests",
                           timedelta(seconds=seconds))  # fmt: skip


def _refusal(refused: TokenRefused) -> Response:
    status, headers = 400, dict(NOT_STORED)
    if refused.error == "invalid_client":
        status, headers["WWW-Authenticate"] = 401, 'Basic realm="isthmus"'
    if refused.after is not None:
        status, headers["Retry-After"] = 429, str(int(refused.after.total_seconds()) + 1)
    said = {"error": refused.error, "error_description": refused.why}
    return JSONResponse(said, status, headers)
