"""The org over HTTP: OAuth, REST, control, faults, and the lifespan that delivers messages."""

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from isthmus.sandbox.faults import FaultInjection, Faults
from isthmus.sandbox.rows import Row, RowStore
from isthmus.sandbox.salesforce import (
    bulk,
    composite,
    crm,
    cursors,
    limits,
    metadata,
    psa,
    sobject_collections,
    sobjects,
)
from isthmus.sandbox.salesforce.api import DATA, VERSIONS, Call, Reply, Routes, versions
from isthmus.sandbox.salesforce.change import Behaviour, Writer
from isthmus.sandbox.salesforce.errors import SalesforceError, not_found
from isthmus.sandbox.salesforce.oauth import OAuth
from isthmus.sandbox.salesforce.org import Clock, Org, wall_clock
from isthmus.sandbox.salesforce.outbound import Knobs, OutboundMessages
from isthmus.sandbox.salesforce.schema import Schema

_VERSIONED = re.compile(r"/services/data/v(\d+)\.0(/.*|)")
_SESSION_EXPIRED = SalesforceError("INVALID_SESSION_ID", "Session expired or invalid", status=401)
_VERBS = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]


class SalesforceOrg:
    """One org with Sales Cloud and Certinia PSA. `data` is a SQLite file, None keeps it in memory.

    `instance_url` is what tokens and messages name; by default the URL the caller used.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        clock: Clock = wall_clock,
        token_seconds: float = 7200,
        daily_limit: int = 100_000,
        instance_url: str = "",
    ) -> None:
        behaviour = Behaviour()
        crm.install(behaviour)
        psa.install(behaviour)
        self.store = RowStore(data)
        self.org = Org(self.store, behaviour, clock)
        self.oauth = OAuth(self.org, token_seconds)
        self.cursors = cursors.Cursors()
        self.usage = limits.Usage(daily_limit)
        self.stats: Counter[str] = Counter()
        self.instance_url = instance_url
        self.outbound = OutboundMessages(self.org, instance_url or "https://sandbox.invalid")
        self.faults = Faults(answer=_fault_body)
        self.routes = _routes(self.usage)
        metadata.redeploy(self.org)
        self._furnish()
        self.app: ASGIApp = FaultInjection(self._starlette(), self.faults)

    def close(self) -> None:
        self.store.close()

    def seed(self, records: list[Row]) -> list[str]:
        """Insert rows (`attributes.type` names the object) with read-only fields allowed."""
        writer = Writer(self.org.user_id, "seed")
        with self.org.all_or_nothing():
            return [self.org.insert(self._sobject(one), one, writer) for one in records]

    def update(self, records: list[Row]) -> list[str]:
        """What a person in the org does to rows (`Id`), through every rule of the org."""
        writer = Writer(self.org.user_id)
        with self.org.all_or_nothing():
            return [self._update(one, writer) for one in records]

    def rows(self, object_name: str) -> list[Row]:
        """Stored rows, deleted ones too."""
        return self.store.all(self.org.schema.get(object_name).name)

    def deploy(self, files: dict[str, str]) -> list[str]:
        return metadata.deploy(self.org, files)

    def register_app(self, app: Row) -> None:
        """Register a connected app; the user it runs as is made when there is none."""
        self.oauth.register(app)
        if not any(row["Username"] == app["username"] for row in self.org.live("User")):
            user = {"attributes": {"type": "User"}, "Username": app["username"]}
            self.seed([{**user, "LastName": "Integration", "Email": "integration@example.com"}])

    def reset(self) -> None:
        """A new, empty org: no rows, metadata, apps, tokens, messages or statistics."""
        self.store.reset()
        self.org.schema = Schema()
        self.org.index_schema()
        self.stats.clear()
        self.usage.used = 0
        self.outbound.knobs = Knobs()
        self._furnish()

    def _update(self, given: Row, writer: Writer) -> str:
        values = dict(given)
        record_id = str(values.pop("Id"))
        return self.org.save(self._sobject(given), values, record_id, writer)

    def _sobject(self, given: Row) -> Any:
        return self.org.schema.get(given["attributes"]["type"])

    def _furnish(self) -> None:
        """What a new org has on its first day."""
        if self.store.all("User"):
            return
        first = {"attributes": {"type": "User"}, "Id": self.org.user_id, "LastName": "Admin"}
        user = {**first, "Username": "admin@sandbox.invalid", "Email": "admin@example.com"}
        book = {"attributes": {"type": "Pricebook2"}, "Name": "Standard Price Book"}
        stages = [{"attributes": {"type": "OpportunityStage"}, **row} for row in crm.stage_rows()]
        self.seed([user, {**book, "IsActive": True, "IsStandard": True}, *stages])

    def _starlette(self) -> Starlette:
        from isthmus.sandbox.salesforce.control import control_routes

        return Starlette(
            routes=[
                *control_routes(self),
                *self.faults.routes(),
                Route("/services/oauth2/token", self._token, methods=["POST"]),
                Route(DATA, self._versions, methods=["GET"]),
                Route(DATA + "/", self._versions, methods=["GET"]),
                Route(DATA + "/{rest:path}", self._rest, methods=_VERBS),
            ],
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        delivering = asyncio.create_task(self.outbound.deliver_for_ever())
        yield
        delivering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await delivering

    async def _token(self, request: Request) -> Response:
        self.stats["POST /services/oauth2/token"] += 1
        authorization = request.headers.get("authorization", "")
        url = self.instance_url or str(request.base_url).rstrip("/")
        return self.oauth.token(await request.body(), authorization, url).as_response({})

    async def _versions(self, request: Request) -> Response:
        return JSONResponse(versions())

    async def _rest(self, request: Request) -> Response:
        """Nothing is awaited between reading the body and the answer: requests are serial."""
        body = await request.body()
        path = request.scope["raw_path"].decode("ascii").partition("?")[0]
        matched = _VERSIONED.fullmatch(path)
        if matched is None or int(matched[1]) not in VERSIONS:
            return self._refused(not_found())
        self._count(request.method, matched[2])
        writer = self.oauth.writer(request.headers.get("authorization", ""))
        if writer is None:
            return self._refused(_SESSION_EXPIRED)
        try:
            self.usage.spend()
        except SalesforceError as error:
            return self._refused(error)
        call = Call(
            org=self.org,
            cursors=self.cursors,
            writer=writer,
            base=f"{DATA}/v{matched[1]}.0",
            method=request.method,
            path=matched[2],
            query=request.query_params,
            headers=request.headers,
            body=body,
        )
        return self.routes.answer(call).as_response(self.usage.header())

    def _count(self, method: str, path: str) -> None:
        try:
            template = self.routes.match(method, path)[0].template
        except SalesforceError:
            template = "(no such resource)"
        self.stats[f"{method} {template}"] += 1

    def _refused(self, error: SalesforceError) -> Response:
        return Reply([error.as_rest()], error.status).as_response(self.usage.header())


def _routes(usage: limits.Usage) -> Routes:
    routes = Routes()
    for room in (cursors, sobjects, composite, sobject_collections, bulk):
        room.add_routes(routes)
    usage.add_routes(routes)
    return routes


def _fault_body(status: int) -> list[dict[str, str]]:
    code, message = {
        400: ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
        401: ("INVALID_SESSION_ID", "Session expired or invalid"),
        403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        429: (
            "REQUEST_LIMIT_EXCEEDED",
            "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        ),
        503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable. Please try again."),
    }.get(status, ("UNKNOWN_EXCEPTION", "An unexpected error occurred."))
    return [{"message": message, "errorCode": code}]
