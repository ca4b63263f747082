"""A small firm in the simulated systems, and the application that joins them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import httpx2
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from isthmus.app import App, connector_configs
from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.connect.http import dump_json, trusted
from isthmus.engine import RetryPolicy
from isthmus.engine import replay as replay_run
from isthmus.landscape import load
from isthmus.platforms.salesforce import package_files
from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving
from isthmus.settings import Settings
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.holds import HoldRow
from isthmus.store.tables import event

KEY = ec.generate_private_key(ec.SECP256R1())
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ORG = {"client_id": "fake-org-client", "client_secret": "fake-org-secret"}
ACCOUNT = {"client_id": "fake-ns-client", "certificate_id": "fake-certificate"}

REVENUE_ACCOUNTS = {
    "revenue": "4000", "unbilled_receivable": "1250", "contract_asset": "1260",
    "contract_liability": "2400",
}  # fmt: skip

LANDSCAPE = """\
firm:
  name: Example Advisory
  legal_entities:
    EA-NL: {{country: NL, currency: EUR}}
    EA-US: {{country: US, currency: USD}}
connections:
  salesforce:
    vendor: salesforce
    url: {salesforce}
    auth: {{flow: client_credentials, client_id: env:ORG_ID, client_secret: env:ORG_SECRET}}
    retry_pause: 0
  certinia: {{vendor: certinia, platform: salesforce}}
  netsuite:
    vendor: netsuite
    url: {netsuite}
    auth: {{client_id: env:NS_ID, certificate_id: env:NS_CERT, private_key: env:NS_KEY,
            algorithm: ES256}}
    items: {{time: consulting, milestone: fixed, expense: expenses, adjustment: retention}}
    accounts: {accounts}
    poll_seconds: "0.01"
roles:
  crm: [{{connection: salesforce}}]
  psa: [{{connection: certinia}}]
  erp: [{{connection: netsuite}}]
{more}
"""

ACQUIRED = """\
firm:
  name: Example Advisory
  legal_entities:
    EA-NL: {{country: NL, currency: EUR}}
    EA-US: {{country: US, currency: USD}}
connections:
  salesforce: {{vendor: salesforce, url: {salesforce}, retry_pause: 0, auth: {org_login}}}
  certinia: {{vendor: certinia, platform: salesforce}}
  acquired: {{vendor: salesforce, url: {acquired}, retry_pause: 0, auth: {org_login}}}
  acquired_psa: {{vendor: certinia, platform: acquired}}
  netsuite: {{vendor: netsuite, url: {netsuite}, auth: {books_login}, items: {items},
             accounts: {accounts}, poll_seconds: "0.01"}}
  netsuite_us: {{vendor: netsuite, url: {netsuite_us}, auth: {books_login}, items: {items},
                accounts: {accounts}, poll_seconds: "0.01"}}
roles:
  crm:
    - {{connection: salesforce, legal_entities: [EA-NL]}}
    - {{connection: acquired, legal_entities: [EA-US]}}
  psa:
    - {{connection: certinia, legal_entities: [EA-NL]}}
    - {{connection: acquired_psa, legal_entities: [EA-US]}}
  erp: {erp}
{more}
"""
"""A firm that bought another one: two orgs, each with its PSA, and two sets of books."""

BOTH_BOOKS = (
    "[{connection: netsuite, legal_entities: [EA-NL]}, "
    "{connection: netsuite_us, legal_entities: [EA-US]}]"
)
LOGINS = {
    "org_login": "{flow: client_credentials, client_id: env:ORG_ID, client_secret: env:ORG_SECRET}",
    "books_login": "{client_id: env:NS_ID, certificate_id: env:NS_CERT, private_key: env:NS_KEY, "
    "algorithm: ES256}",
    "items": "{time: consulting, milestone: fixed, expense: expenses}",
}

BOOKS: dict[str, list[dict[str, Any]]] = {
    "currency": [
        {"externalId": c, "name": c, "symbol": c, "currencyPrecision": 2}
        for c in ("EUR", "USD", "GBP")
    ],
    "subsidiary": [
        {"externalId": "EA-NL", "name": "Example NL", "country": "NL",
         "currency": {"externalId": "EUR"}},
        {"externalId": "EA-US", "name": "Example US", "country": "US",
         "currency": {"externalId": "USD"}},
    ],
    "term": [{"externalId": "net30", "name": "Net 30", "daysUntilNetDue": 30}],
    "serviceSaleItem": [
        {"externalId": "consulting", "itemId": "Consulting"},
        {"externalId": "fixed", "itemId": "Fixed fee"},
        {"externalId": "expenses", "itemId": "Expenses"},
        {"externalId": "retention", "itemId": "Retention"},
    ],
    "account": [
        {"externalId": number, "acctNumber": number, "acctName": name}
        for number, name in (("4000", "Revenue"), ("1250", "Unbilled receivables"),
                             ("1260", "Contract assets"), ("2400", "Deferred revenue"))
    ],
    "department": [{"externalId": "CC-10", "name": "Consulting"}],
    "classification": [{"externalId": "PC-A", "name": "Advisory"}],
    "accountingPeriod": [
        {"externalId": f"2026-{m:02d}", "periodName": f"{name} 2026",
         "startDate": f"2026-{m:02d}-01", "endDate": f"2026-{m:02d}-{last}"}
        for m, name, last in ((7, "Jul", 31), (8, "Aug", 31), (9, "Sep", 30))
    ],
}  # fmt: skip


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


def landscape_text(
    salesforce: str, netsuite: str, more: str = "", accounts: Mapping[str, str] | None = None
) -> str:
    """`accounts` are those that journal entries post to."""
    return LANDSCAPE.format(
        salesforce=salesforce,
        netsuite=netsuite,
        more=more,
        accounts=json.dumps(accounts or REVENUE_ACCOUNTS),
    )


ENVIRONMENT = {
    "ORG_ID": ORG["client_id"],
    "ORG_SECRET": ORG["client_secret"],
    "NS_ID": ACCOUNT["client_id"],
    "NS_CERT": ACCOUNT["certificate_id"],
    "NS_KEY": PRIVATE,
}


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
) -> AsyncIterator[Firm]:
    async with AsyncExitStack() as stack:
        org, books = await stack.enter_async_context(simulators())
        text = landscape_text(org.url, books.url, more, accounts)
        yield await _opened(stack, org, books, database_url, folder, text, works=works)


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
) -> AsyncIterator[tuple[Firm, Firm]]:
    """One application; the acquired firm's own org and books are the second view of it."""
    async with AsyncExitStack() as stack:
        org, books = await stack.enter_async_context(simulators())
        other_org, other_books = await stack.enter_async_context(simulators(101))
        other_org.ids["E001"] = other_org.ids["E101"]
        text = ACQUIRED.format(
            salesforce=org.url, acquired=other_org.url, netsuite=books.url,
            netsuite_us=other_books.url, erp=erp, more=more,
            accounts=json.dumps(accounts or {}), **LOGINS,
        )  # fmt: skip
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
    landscape = load(path, connector_configs(), ENVIRONMENT)
    settings = Settings(DATABASE_URL=database_url, home=folder, port=0, worker_concurrency=8)
    app = await App.open(
        settings, landscape, retry=RetryPolicy(attempts=2, first=0.01, longest=0.02)
    )
    stack.push_async_callback(app.close)
    await app.start(worker=works, readers=False)
    return Firm(org, books, path, ENVIRONMENT, app)
