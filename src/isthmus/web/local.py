"""Is it this machine that asks, and nobody through it?"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from fastapi import HTTPException, Request

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def ensure_local(request: Request) -> None:
    """A proxy on this machine speaks for others, and a page in a browser on it may use a name of
    its own for the loopback address; neither is this machine. Raises 403.
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
