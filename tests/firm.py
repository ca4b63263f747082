"""A small firm in the simulated systems, and the application that joins them."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import httpx2
import sqlalchemy as sa
from tests.landscapes import (
    ACCOUNT,
    ACQUIRED,
    BOOKS,
    BOTH_BOOKS,
    ENVIRONMENT,
    LOGINS,
    ORG,
    PUBLIC,
    landscape_text,
)
from tests.recorded.recording import record

from isthmus.app import App
from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.connect.http import dump_json, trusted
from isthmus.engine import RetryPolicy, Waker
from isthmus.engine import replay as replay_run
from isthmus.installed import connector_configs, secret_stores
from isthmus.landscape import load
from isthmus.platforms.salesforce import package_files
from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving
from isthmus.settings import Settings
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.event_tables import event
from isthmus.store.holds import HoldRow

HOUR = 3600.0
"""Between the waker's own rounds: a test says when what waits goes on."""


@dataclass
class Org:
    """What people do in the Salesforce org: sales, project managers, consultants."""

    simulator: SalesforceOrg
    url: str
    ids: dict[str, str] = field(default_factory=dict)

    async def control(self, name: str, body: Mapping[str, Any]) -> Any:
        async with httpx2.AsyncClient(base_url=self.url, verify=trusted()) as http:
            answer = await http.post(f"/__control/{name}", content=dump_json(body))
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def seed(self, sobject: str, **values: Any) -> str:
        record = {"attributes": {"type": sobject}, **values}
        [id] = (await self.control("seed", {"records": [record]}))["ids"]
        return str(id)

    async def update(self, sobject: str, id: str, **values: Any) -> None:
        record = {"attributes": {"type": sobject}, "Id": id, **values}
        await self.control("update", {"records": [record]})

    def rows(self, sobject: str) -> list[dict[str, Any]]:
        return [r for r in self.simulator.rows(sobject) if not r.get("IsDeleted")]

    def row(self, sobject: str, id: str) -> dict[str, Any]:
        [row] = [r for r in self.rows(sobject) if r["Id"] == id]
        return row


@dataclass
class Books:
    """What accountants do in NetSuite."""

    simulator: NetSuiteAccount
    url: str

    async def control(self, name: str, body: Mapping[str, Any] | None = None) -> Any:
        async with httpx2.AsyncClient(base_url=self.url, verify=trusted()) as http:
            answer = await http.post(f"/__control/{name}", content=dump_json(body or {}))
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def settings(self, **values: Any) -> None:
        async with httpx2.AsyncClient(base_url=self.url, verify=trusted()) as http:
            assert (await http.patch("/__control/settings", json=values)).is_success

    async def clear_faults(self) -> None:
        async with httpx2.AsyncClient(base_url=self.url, verify=trusted()) as http:
            assert (await http.delete("/__control/faults")).is_success

    async def rows(self, record: str) -> list[dict[str, Any]]:
        async with httpx2.AsyncClient(base_url=self.url, verify=trusted()) as http:
            answer = await http.get(f"/__control/rows/{record}")
        found: list[dict[str, Any]] = json.loads(answer.content, parse_float=Decimal)["rows"]
        return found


@dataclass
class Firm:
    org: Org
    books: Books
    landscape_path: Path
    environment: dict[str, str]
    app: App

    async def settle(self, seconds: float = 30.0, *, with_messages: bool = True) -> None:
        """Until no run is queued or at work, and no message waits."""
        counts: dict[tuple[str, str], int] = {}
        for _ in range(int(seconds / 0.05)):
            async with self.app.database.begin() as tx:
                counts = await tx.runs.counts()
                _, _, unread = await tx.inbox.counts()
            busy = sum(n for (_, state), n in counts.items() if state in ("queued", "running"))
            if not busy and not (unread and with_messages):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"runs still at work after {seconds} s: {counts}")

    async def settle_runs(self) -> None:
        """As `settle`, for a test that reads the messages itself."""
        await self.settle(with_messages=False)

    async def read(self, *connections: str) -> None:
        """Read every system once and let what follows run to its end."""
        await self.app.read(list(connections) or None)
        await self.settle()

    async def wake(self) -> None:
        """Let go on what waits for a system or a period, wave after wave, to its end."""
        while await self.app.waker.wake():
            await self.settle()
        await self.settle()

    async def open_holds(self) -> list[HoldRow]:
        async with self.app.database.begin() as tx:
            return await tx.holds.list()

    async def hold(self) -> HoldRow:
        """The one open hold."""
        [hold] = await self.open_holds()
        return hold

    async def replay(self, hold: HoldRow) -> None:
        """A person replays the run that stopped, and waits for its end."""
        async with self.app.database.begin() as tx:
            run = await tx.runs.get(hold.run_id or "")
        assert run is not None
        assert (await replay_run(self.app.engine, run, "person@firm.example")).resumed
        await self.settle()

    async def correct(self, hold: HoldRow, **values: Any) -> None:
        """A person corrects attributes of what is held, here and not in its system."""
        kind, id = hold.object_kind or "", hold.object_id or ""
        async with self.app.database.begin() as tx:
            if kind in ENTRY_KINDS:
                obj: CanonicalObject = (await tx.entries_of(kind).many([id]))[id].entry
                await tx.entries_of(kind).revise(id)
            else:
                obj = await tx.records.get(BY_KIND[kind], id)
            raw = obj.model_dump(mode="json")
            for attribute, value in values.items():
                await tx.edits.add(
                    hold.number, kind, id, attribute=attribute, original=raw[attribute],
                    value=value, by="person@firm.example",
                )  # fmt: skip

    async def events(self, type: str) -> list[dict[str, Any]]:
        """Events of one type, in order."""
        async with self.app.database.begin() as tx:
            rows = await tx.connection.execute(
                sa.select(event).where(event.c.type == type).order_by(event.c.position)
            )
            return [dict(row._mapping) for row in rows]

    async def runs(self, flow: str) -> list[tuple[str, int]]:
        """(state, attempts) of every run of a flow, oldest first."""
        async with self.app.database.begin() as tx:
            rows = await tx.runs.list(flow=flow)
        return [(r.state, r.attempts) for r in reversed(rows)]

    async def holds(self) -> list[tuple[str, str, str]]:
        """(state, code, owner) of every open hold."""
        async with self.app.database.begin() as tx:
            return [(h.state, h.code, h.owner) for h in await tx.holds.list()]


@asynccontextmanager
async def simulators(first_number: int = 1) -> AsyncIterator[tuple[Org, Books]]:
    """Of one firm; its consultants are numbered from `first_number` on."""
    salesforce, netsuite = SalesforceOrg(), NetSuiteAccount()
    salesforce.register_app({**ORG, "username": "isthmus@firm.example"})
    async with serving(salesforce.app) as org_url, serving(netsuite.app) as books_url:
        org, books = Org(salesforce, org_url), Books(netsuite, books_url)
        await org.control("deploy", {"files": package_files()})
        await books.control("integrations", {**ACCOUNT, "public_key": PUBLIC})
        await books.control("seed", {**BOOKS, "employee": _employees(first_number)})
        await books.settings(tax_rates={"NL": "21"})
        await _people(org, first_number)
        yield org, books
    salesforce.close()
    netsuite.close()


def _employees(first: int) -> list[dict[str, Any]]:
    return [
        {"externalId": f"E{number:03}", "entityId": f"Consultant {name}",
         "firstName": "Consultant", "lastName": name, "subsidiary": {"externalId": "EA-NL"}}
        for number, name in ((first, "One"), (first + 1, "Two"))
    ]  # fmt: skip


async def _people(org: Org, first: int) -> None:
    """A template, two consultants and the company's rate cards."""
    template = await org.seed(
        "pse__Proj__c", Name="Advisory template", pse__Is_Template__c=True,
        pse__Is_Active__c=True, pse__Start_Date__c="2026-01-01", CurrencyIsoCode="EUR",
    )  # fmt: skip
    await org.seed(
        "pse__Project_Phase__c", Name="Delivery", pse__Project__c=template,
        pse__Start_Date__c="2026-01-01", pse__End_Date__c="2026-12-31",
    )  # fmt: skip
    for number, name in ((first, "One"), (first + 1, "Two")):
        org.ids[f"E{number:03}"] = await org.seed(
            "Contact", FirstName="Consultant", LastName=name, pse__Is_Resource__c=True,
            pse__Is_Resource_Active__c=True, Employee_Number__c=f"E{number:03}",
            Cost_Centre__c="CC-10", Legal_Entity__c="EA-NL", Practice_Role__c="Consultant",
        )  # fmt: skip
    for currency, rate in (("EUR", "150"), ("USD", "165")):
        org.ids[f"card_{currency}"] = await org.seed(
            "pse__Rate_Card__c", pse__Role__c="Consultant", CurrencyIsoCode=currency,
            pse__Suggested_Bill_Rate__c=Decimal(rate), pse__Average_Cost_Rate__c=Decimal(80),
            pse__Start_Date__c="2026-01-01",
        )  # fmt: skip


@asynccontextmanager
async def a_firm(
    database_url: str,
    folder: Path,
    *,
    more: str = "",
    accounts: Mapping[str, str] | None = None,
    works: bool = True,
    instead: Mapping[str, str] | None = None,
) -> AsyncIterator[Firm]:
    """`instead`: other texts of the landscape for some of its own."""
    async with AsyncExitStack() as stack:
        org, books = await stack.enter_async_context(simulators())
        text = _with(landscape_text(org.url, books.url, more, accounts), instead or {})
        yield await _opened(stack, org, books, database_url, folder, text, works=works)


def _with(text: str, instead: Mapping[str, str]) -> str:
    for old, new in instead.items():
        text = text.replace(old, new)
    return text


@asynccontextmanager
async def at_work(
    org: Org, books: Books, database_url: str, folder: Path, *, works: bool = True
) -> AsyncIterator[Firm]:
    """The application on a database, joined to systems that outlive it."""
    await anyio.Path(folder).mkdir(exist_ok=True)
    async with AsyncExitStack() as stack:
        text = landscape_text(org.url, books.url)
        yield await _opened(stack, org, books, database_url, folder, text, works=works)


@asynccontextmanager
async def two_firms(
    database_url: str,
    folder: Path,
    *,
    erp: str = BOTH_BOOKS,
    more: str = "",
    accounts: Mapping[str, str] | None = None,
    instead: Mapping[str, str] | None = None,
) -> AsyncIterator[tuple[Firm, Firm]]:
    """One application; the acquired firm's own org and books are the second view of it.
    `instead`: as of `a_firm`.
    """
    async with AsyncExitStack() as stack:
        org, books = await stack.enter_async_context(simulators())
        other_org, other_books = await stack.enter_async_context(simulators(101))
        other_org.ids["E001"] = other_org.ids["E101"]
        text = ACQUIRED.format(
            salesforce=org.url, acquired=other_org.url, netsuite=books.url,
            netsuite_us=other_books.url, erp=erp, more=more,
            accounts=json.dumps(accounts or {}), **LOGINS,
        )  # fmt: skip
        text = _with(text, instead or {})
        firm = await _opened(stack, org, books, database_url, folder, text)
        yield firm, replace(firm, org=other_org, books=other_books)


async def _opened(
    stack: AsyncExitStack,
    org: Org,
    books: Books,
    database_url: str,
    folder: Path,
    text: str,
    *,
    works: bool = True,
) -> Firm:
    path = folder / "isthmus.yaml"
    path.write_text(text)
    landscape = load(path, connector_configs(), ENVIRONMENT, stores=secret_stores())
    settings = Settings(DATABASE_URL=database_url, home=folder, port=0, worker_concurrency=8)
    app = await App.open(
        settings, landscape, retry=RetryPolicy(attempts=2, first=0.01, longest=0.02)
    )
    app.waker = Waker(app.engine, every=HOUR)
    stack.push_async_callback(app.close)
    if recording := os.environ.get("ISTHMUS_RECORD"):
        stack.callback(record, database_url, Path(recording))
    await app.start(worker=works, readers=False)
    return Firm(org, books, path, ENVIRONMENT, app)
