"""A simulated org with our custom fields, and connections into it over loopback HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from isthmus.canonical import CanonicalObject
from isthmus.connect import Change, ConnectionContext, System, Watermark
from isthmus.connect.http import dump_json
from isthmus.connectors.certinia import CONNECTOR as CERTINIA
from isthmus.connectors.salesforce import CONNECTOR as SALESFORCE
from isthmus.platforms.salesforce import package_files
from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving

CLIENT = {"client_id": "3MVG9-example-key", "client_secret": "not-a-real-secret"}


@dataclass
class World:
    """`seed` and `update` go past the API: what people do in the org."""

    url: str
    org: SalesforceOrg
    crm: System
    psa: System

    async def control(self, name: str, body: dict[str, Any]) -> Any:
        async with httpx2.AsyncClient(base_url=self.url) as http:
            answer = await http.post(f"/__control/{name}", content=dump_json(body))
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def seed(self, sobject: str, *rows: dict[str, Any]) -> list[str]:
        records = [{"attributes": {"type": sobject}, **row} for row in rows]
        return list((await self.control("seed", {"records": records}))["ids"])

    async def update(self, sobject: str, record_id: str, **values: Any) -> None:
        record = {"attributes": {"type": sobject}, "Id": record_id, **values}
        await self.control("update", {"records": [record]})

    def rows(self, sobject: str) -> list[dict[str, Any]]:
        return [row for row in self.org.rows(sobject) if not row["IsDeleted"]]

    def row(self, sobject: str, record_id: str) -> dict[str, Any]:
        [row] = [r for r in self.rows(sobject) if r["Id"] == record_id]
        return row


def org_config(url: str, **more: Any) -> dict[str, Any]:
    return {
        "url": url,
        "auth": {"flow": "client_credentials", **CLIENT},
        "retry_pause": 0,
        **more,
    }


def open_crm(url: str, **more: Any) -> System:
    config = SALESFORCE.config.model_validate(org_config(url, **more))
    return SALESFORCE.open(ConnectionContext("crm"), config)


@asynccontextmanager
async def a_world() -> AsyncIterator[World]:
    org = SalesforceOrg()
    org.register_app({**CLIENT, "username": "isthmus@firm.example"})
    async with serving(org.app) as url:
        crm = open_crm(url)
        psa = CERTINIA.open(
            ConnectionContext("psa", transport=crm.transport),
            CERTINIA.config.model_validate({"platform": "crm"}),
        )
        world = World(url, org, crm, psa)
        await world.control("deploy", {"files": package_files()})
        yield world
        await psa.close()
        await crm.close()
    org.close()


async def read_all(
    system: System, model: type[CanonicalObject], since: Watermark
) -> tuple[list[Change], Watermark]:
    """Every change since, and the watermark to go on from."""
    changes: list[Change] = []
    async for page in system.changes(model, since):
        changes += page.changes
        since = page.watermark
    return changes, since
