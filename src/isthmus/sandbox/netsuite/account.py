"""One NetSuite account as an HTTP server."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from isthmus.sandbox.faults import CONTROL, FaultInjection, Faults
from isthmus.sandbox.netsuite.auth import Auth
from isthmus.sandbox.netsuite.batch import Batches
from isthmus.sandbox.netsuite.books import Books
from isthmus.sandbox.netsuite.control import Control, plant
from isthmus.sandbox.netsuite.resources import Resources
from isthmus.sandbox.netsuite.settings import Settings
from isthmus.sandbox.netsuite.suiteql import SuiteQL
from isthmus.sandbox.netsuite.traffic import Traffic
from isthmus.sandbox.netsuite.wire import (
    LIMITS,
    TOKEN,
    NetSuiteError,
    answer,
    decode_object,
    encode,
    fault_body,
)


def utc_now() -> datetime:
    return datetime.now(UTC)


class NetSuiteAccount:
    """`data` is the file that keeps the account (`None`: in memory); `now` its clock. A killed
    account reopens on its file with every request it had answered.
    """

    def __init__(self, data: Path | None = None, now: Callable[[], datetime] = utc_now) -> None:
        self.books = Books(data, now)
        self.auth = Auth(self.books)
        self.batches = Batches(self.books)
        self.faults = Faults(fault_body)
        self.traffic = Traffic(FaultInjection(self._inner(), self.faults), self.books)
        self.app: ASGIApp = self.traffic

    def seed(self, rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
        """As POST /__control/seed, for a program that holds the account itself."""
        return plant(self.books, decode_object(encode(rows).encode()))

    def register(self, client_id: str, certificate_id: str, public_key: str) -> None:
        """As POST /__control/integrations; `public_key` is PEM, a key or a certificate."""
        self.auth.register(client_id, certificate_id, public_key)

    def close(self) -> None:
        self.books.store.close()

    def reset(self) -> None:
        """An empty account: no rows, integrations, tokens, settings or faults."""
        self.books.touch_all()
        stale = self.books.fresh
        self.books.store.reset()
        self.books.fresh = stale
        self.books.set_settings(Settings())
        self.faults.clear()
        self.traffic.counts.clear()

    def _inner(self) -> ASGIApp:
        control = Control(self.books, self.auth, lambda: self.traffic, self.reset)
        routes = [
            *self.auth.routes(),
            *Resources(self.books, self.batches).routes(),
            *self.batches.routes(),
            *SuiteQL(self.books).routes(),
            Route(LIMITS, self._limits, methods=["GET"]),
            *control.routes(),
            *self.faults.routes(),
        ]
        application = Starlette(
            routes=routes,
            exception_handlers={NetSuiteError: _vendor_error, HTTPException: _http_error},
        )
        return _Door(application, self.auth, self.batches)

    async def _limits(self, request: Request) -> Response:
        limit = self.books.settings.concurrency_limit
        return answer(
            {
                "accountConcurrencyLimit": limit,
                "accountUnallocatedConcurrencyLimit": limit,
                "integrations": [],
            }
        )


class _Door:
    """Before any request: batches that are due, then the bearer token."""

    def __init__(self, app: ASGIApp, auth: Auth, batches: Batches) -> None:
        self.app = app
        self.auth = auth
        self.batches = batches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.batches.run_due()
        request = Request(scope)
        if scope["path"] != TOKEN and not scope["path"].startswith(CONTROL):
            try:
                self.auth.check_bearer(request.headers.get("Authorization", ""))
            except NetSuiteError as error:
                await error.response()(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def _vendor_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, NetSuiteError):
        raise error
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    code = {404: "NOT_FOUND", 405: "INVALID_METHOD"}.get(error.status_code, "UNEXPECTED_ERROR")
    refusal = NetSuiteError(code, str(error.detail), status=error.status_code)
    return refusal.response()
