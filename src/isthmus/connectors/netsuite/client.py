"""The calls that NetSuite takes. The only place that meets its statuses and headers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx2

from isthmus.connect.errors import Duplicate, Throttled, Unavailable
from isthmus.connect.gate import Gate
from isthmus.connect.http import Http, parse_json
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.auth import token_auth
from isthmus.connectors.netsuite.config import NetSuiteConfig
from isthmus.connectors.netsuite.limits import read_limits
from isthmus.connectors.netsuite.refusals import refusal, with_values

RECORDS = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
PAGE = 1000
"""Most rows that SuiteQL gives at once (section_157909186990)."""
STRICT = {
    "X-NetSuite-PropertyNameValidation": "Error",
    "X-NetSuite-PropertyValueValidation": "Error",
}
"""Without these a misspelt field is dropped with a warning that nobody reads."""
PAUSES = (0.3, 0.9)
"""Seconds before the second and third try when too many calls run; the engine waits longer."""


class NetSuiteClient:
    def __init__(self, system: str, config: NetSuiteConfig, gate: Gate | None = None) -> None:
        self.system = system
        self._http = Http(
            system,
            config.base_url,
            auth=token_auth(system, config.base_url, config.auth),
            concurrency=config.concurrency,
            gate=gate,
            signals=read_limits,
        )

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
        wrote: bool = False,
        accept: Sequence[int] = (),
    ) -> httpx2.Response:
        """A success, or a status in `accept`; everything else is raised as a typed error."""
        for pause in (*PAUSES, None):
            response = await self._http.request(
                method, path, params=params, headers=headers, body=body
            )
            if response.is_success:
                return response
            error = refusal(self.system, response, _record(path), wrote=wrote)
            if isinstance(error, Throttled) and pause is not None:
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))
                continue
            if response.status_code in accept and not isinstance(error, Throttled):
                return response
            raise with_values(error, body)
        raise AssertionError("the last try returns or raises")

    def json(self, response: httpx2.Response) -> Any:
        return parse_json(self.system, response)

    async def record(self, kind: str, key: str, **params: str) -> dict[str, Any] | None:
        """One record by internal id or `eid:…`; None when it does not exist."""
        response = await self.send(
            "GET", f"{RECORDS}/{kind}/{key}", params=params or None, accept=(404,)
        )
        if response.status_code == 404:
            return None
        found: dict[str, Any] = self.json(response)
        return found

    async def upsert(
        self, kind: str, external_id: str, body: Mapping[str, Any], *, replace: Sequence[str] = ()
    ) -> str:
        """Write under our key and return the internal id.

        A call without an answer is resolved by asking for the key. The write itself is repeated
        then, unless the record is there now and was not before: that was us.
        """
        key = wire.eid(external_id)
        known = await self.record(kind, key)
        return await self.write_known(kind, key, body, known, replace=replace)

    async def write_known(
        self,
        kind: str,
        key: str,
        body: Mapping[str, Any],
        known: Mapping[str, Any] | None,
        *,
        replace: Sequence[str] = (),
    ) -> str:
        try:
            response = await self._put(kind, key, body, replace)
        except Unavailable as lost:
            if not lost.outcome_unknown:
                raise
            found = await self.record(kind, key)
            if found is not None and known is None:
                return str(found["id"])
            return await self._put_again(kind, key, body, replace)
        if known is not None:
            return str(known["id"])
        return await self._id_of(kind, key, response)

    async def _put_again(
        self, kind: str, key: str, body: Mapping[str, Any], replace: Sequence[str]
    ) -> str:
        """The first write may end while this one runs; NetSuite then says duplicate to one."""
        try:
            response = await self._put(kind, key, body, replace)
        except Duplicate:
            found = await self.record(kind, key)
            if found is None:
                raise
            return str(found["id"])
        return await self._id_of(kind, key, response)

    async def patch(
        self, kind: str, internal_id: str, body: Mapping[str, Any], *, replace: Sequence[str] = ()
    ) -> None:
        """Update a record that does not carry our key: one that a person made in NetSuite."""
        await self._write("PATCH", kind, wire.number(internal_id), body, replace)

    async def _put(
        self, kind: str, key: str, body: Mapping[str, Any], replace: Sequence[str]
    ) -> httpx2.Response:
        return await self._write("PUT", kind, key, body, replace)

    async def _write(
        self, method: str, kind: str, key: str, body: Mapping[str, Any], replace: Sequence[str]
    ) -> httpx2.Response:
        """Lines are merged into a sublist unless `replace` names it."""
        return await self.send(
            method,
            f"{RECORDS}/{kind}/{key}",
            params={"replace": ",".join(replace)} if replace else None,
            headers=STRICT,
            body=body,
            wrote=True,
        )

    async def _id_of(self, kind: str, key: str, response: httpx2.Response) -> str:
        """204 has no body; the id is in Location, else the record is asked for it."""
        internal_id = wire.id_at(response.headers.get("Location"))
        if internal_id is not None:
            return internal_id
        found = await self.record(kind, key)
        if found is None:
            raise Unavailable(
                self.system, f"{kind} {key} was written but is not found", outcome_unknown=True
            )
        return str(found["id"])

    async def suiteql(self, query: str, *, limit: int = PAGE) -> list[dict[str, Any]]:
        """The first `limit` rows. Further ones are asked for by key, never by offset."""
        response = await self.send(
            "POST",
            SUITEQL,
            params={"limit": limit},
            headers={"Prefer": "transient"},
            body={"q": query},
        )
        rows = self.json(response).get("items") or []
        return [{k.lower(): v for k, v in row.items() if k != "links"} for row in rows]

    def path_of(self, link: str) -> str:
        """The path of a link into this account; its host may be the account's public one."""
        parts = urlsplit(link)
        return parts.path + (f"?{parts.query}" if parts.query else "")

    async def close(self) -> None:
        await self._http.close()


def _record(path: str) -> str:
    if not path.startswith(RECORDS):
        return ""
    return path.removeprefix(RECORDS + "/").split("/", 1)[0]
