"""Every address of the console: failures become pages, and acts come from our own pages only."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import structlog
from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as AnyHTTPException

from isthmus.access import Forbidden
from isthmus.console.errors import failed
from isthmus.engine.outages import BROKEN_OFF
from isthmus.web.context import bounded_body

log = structlog.get_logger()
_READS = ("GET", "HEAD", "OPTIONS")
MAX_FORM = 200_000


class ConsoleRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                _ensure_own(request)
                return await inner(request)
            except AnyHTTPException as error:
                return failed(request, error.status_code, str(error.detail), error.headers)
            except Forbidden as error:
                return failed(request, 403, str(error))
            except BROKEN_OFF as error:
                log.warning("console.not_answered", path=request.url.path, reason=_first(error))
                return failed(request, 503, _first(error))
            except Exception as error:
                # The edge of a request: whoever asked learns what is safe, the log has the rest.
                log.exception("console.defect", path=request.url.path)
                return failed(request, 500, type(error).__name__)

        return answer


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _ensure_own(request: Request) -> None:
    """A page of another site may not act here in the name of whoever has both open."""
    if request.method in _READS:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign = site not in (None, "same-origin", "none")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        foreign = True
    if foreign:
        raise HTTPException(403, "the form was sent from another site")


async def form(request: Request) -> dict[str, str]:
    """The fields of a form; of those given twice the last. Raises 413."""
    body = await bounded_body(request, "a form", MAX_FORM)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
