"""One org's API, shared by everything that lives in the org.

The only place that turns Salesforce's failures into ours. Row locks and 429 are tried three times
here; every longer wait belongs to the engine.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Protocol

import httpx2

from isthmus.connect.errors import Conflict, ConnectError, QuotaSpent, Throttled, Unavailable
from isthmus.connect.gate import Gate
from isthmus.connect.http import Http, parse_json
from isthmus.platforms.salesforce.auth import OrgAuth
from isthmus.platforms.salesforce.errors import LOCK, error_of_response
from isthmus.platforms.salesforce.limits import ApiUsage, read_limits

TRIES = 3
QUERY_BATCH = 2000
CURRENCY = "CurrencyIsoCode"


class Settings(Protocol):
    """The part of OrgConfig that the transport itself reads."""

    @property
    def api_version(self) -> str: ...
    @property
    def bulk_over(self) -> int: ...
    @property
    def bulk_timeout(self) -> float: ...
    @property
    def max_concurrent(self) -> int: ...
    @property
    def retry_pause(self) -> float: ...
    @property
    def single_currency(self) -> str | None: ...


class SalesforceTransport:
    """`api_usage` is what the last reply said of the org's daily calls."""

    def __init__(
        self,
        name: str,
        url: str,
        auth: OrgAuth,
        settings: Settings,
        gate: Gate | None = None,
        hosts: Iterable[str] = (),
    ) -> None:
        self.name = name
        self.settings = settings
        self._usage: list[ApiUsage] = []
        self._auth = auth
        self._http = Http(
            name,
            url.rstrip("/"),
            auth=auth,
            concurrency=settings.max_concurrent,
            gate=gate,
            signals=read_limits,
            hosts=hosts,
        )
        self._described: dict[str, dict[str, Any]] = {}

    def seen_by(self, name: str) -> SalesforceTransport:
        """The same org, client and limits for another connection, whose name its errors carry."""
        view = copy.copy(self)
        view.name = name
        return view

    @property
    def api_usage(self) -> ApiUsage | None:
        return self._usage[0] if self._usage else None

    @property
    def organization_id(self) -> str | None:
        """The org that we are signed in to; None before the first call."""
        return self._auth.organization_id

    def path(self, rest: str) -> str:
        return f"/services/data/v{self.settings.api_version}/{rest}"

    async def call(
        self,
        method: str,
        path: str,
        *,
        sobject: str = "",
        sent: Mapping[str, Any] | None = None,
        repeatable: bool = False,
        **request: Any,
    ) -> httpx2.Response:
        """Send and raise what the answer means. `repeatable` calls have the same effect twice, so
        one whose outcome is unknown is settled by asking again.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return await self._once(method, path, sobject, sent or {}, request)
            except (Conflict, Throttled, Unavailable) as error:
                if attempt == TRIES or not _again(error, repeatable):
                    raise
                asked = error.retry_after if isinstance(error, Throttled) else None
            await self.pause(attempt, at_least=asked or 0)
        raise AssertionError("the last attempt returns or raises")

    async def pause(self, attempt: int, at_least: float = 0) -> None:
        """Longer after each attempt, with jitter, so that two writers do not meet again."""
        wait = self.settings.retry_pause * attempt * random.uniform(0.5, 1.5)
        await asyncio.sleep(max(wait, at_least))

    async def _once(
        self,
        method: str,
        path: str,
        sobject: str,
        sent: Mapping[str, Any],
        request: Mapping[str, Any],
    ) -> httpx2.Response:
        try:
            response = await self._http.request(method, path, **request)
        except (Unavailable, QuotaSpent) as error:
            raise error.seen_by(self.name) from error
        usage = ApiUsage.parse(response.headers.get("Sforce-Limit-Info"))
        if usage is not None:
            self._usage[:] = [usage]
        if response.is_success:
            return response
        raise error_of_response(self.name, response, sobject, sent)

    def columns(self, fields: Iterable[str]) -> str:
        """A SELECT list, once each; an org with one currency has no CurrencyIsoCode to ask for."""
        single = self.settings.single_currency is not None
        return ", ".join(f for f in dict.fromkeys(fields) if not (single and f == CURRENCY))

    def with_currency(self, row: dict[str, Any]) -> dict[str, Any]:
        single = self.settings.single_currency
        return row if single is None else {**row, CURRENCY: single}

    def json(self, response: httpx2.Response) -> Any:
        return parse_json(self.name, response)

    async def query(self, soql: str, *, deleted: bool = False) -> AsyncIterator[dict[str, Any]]:
        """Rows of a query, following `nextRecordsUrl`. `deleted` asks for deleted rows as well."""
        path = self.path("queryAll" if deleted else "query")
        response = await self._ask(path, params={"q": soql})
        while True:
            page = self.json(response)
            for row in page["records"]:
                yield _plain(row)
            if page["done"]:
                return
            response = await self._ask(page["nextRecordsUrl"])

    async def _ask(self, path: str, **request: Any) -> httpx2.Response:
        headers = {"Sforce-Query-Options": f"batchSize={QUERY_BATCH}"}
        return await self.call("GET", path, repeatable=True, headers=headers, **request)

    async def rows(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        return [row async for row in self.query(soql, deleted=deleted)]

    async def count(self, soql: str) -> int:
        """Answer of a `SELECT COUNT()`."""
        return int(self.json(await self._ask(self.path("query"), params={"q": soql}))["totalSize"])

    async def describe(self, sobject: str) -> dict[str, Any]:
        """The org's own description of an object, read once per connection."""
        if sobject not in self._described:
            path = self.path(f"sobjects/{sobject}/describe")
            response = await self.call("GET", path, sobject=sobject, repeatable=True)
            self._described[sobject] = self.json(response)
        return self._described[sobject]

    async def limits(self) -> dict[str, Any]:
        limits: dict[str, Any] = self.json(
            await self.call("GET", self.path("limits"), repeatable=True)
        )
        return limits

    async def close(self) -> None:
        await self._http.close()


def _again(error: ConnectError, repeatable: bool) -> bool:
    if isinstance(error, Conflict):
        return error.code == LOCK
    if isinstance(error, Throttled):
        return error.code is None and (error.retry_after or 0) <= 1
    return repeatable and isinstance(error, Unavailable) and error.outcome_unknown


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without the `attributes` that REST adds to every record, related ones too."""
    return {
        field: _plain(value) if isinstance(value, Mapping) else value
        for field, value in row.items()
        if field != "attributes"
    }
