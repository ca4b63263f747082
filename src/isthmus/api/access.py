"""Who may use the API: the bearer of the token; without one, only this machine."""

from __future__ import annotations

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from isthmus.api.context import running_app

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def ensure_allowed(request: Request) -> None:
    """Raises 401 for a wrong token, 403 for another machine where no token is set."""
    token = running_app(request).settings.api_token
    if token is None:
        _ensure_local(request)
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    good = hmac.compare_digest(given.encode(), token.get_secret_value().encode())
    if scheme.lower() != "bearer" or not good:
        raise HTTPException(
            401,
            "the bearer token is missing or wrong; send `Authorization: Bearer` and the value of "
            "ISTHMUS_API_TOKEN",
            headers={"WWW-Authenticate": 'Bearer realm="isthmus"'},
        )


def _ensure_local(request: Request) -> None:
    """A proxy on this machine speaks for others, and a page in a browser on it may use a name of
    its own for the loopback address; neither is this machine.
    """
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname
    forwarded = any(name in request.headers for name in _FORWARDED)
    if not _is_loopback(request) or forwarded or host not in _LOOPBACK_NAMES:
        raise HTTPException(
            403, "only this machine may ask without a token; set ISTHMUS_API_TOKEN and send it"
        )


def _is_loopback(request: Request) -> bool:
    if request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
