"""A firm in the simulated account and the connector that talks to it over a socket."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from isthmus.connect import ConnectionContext
from isthmus.connectors.netsuite import CONNECTOR
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.serve import serving

CLIENT_ID, CERTIFICATE_ID = "fake-client", "fake-certificate"
KEY = ec.generate_private_key(ec.SECP256R1())
PRIVATE_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

FIRM: dict[str, list[dict[str, Any]]] = {
    "currency": [
        {"externalId": "EUR", "name": "Euro", "symbol": "EUR", "currencyPrecision": 2},
        {"externalId": "USD", "name": "Dollar", "symbol": "USD", "currencyPrecision": 2},
    ],
    "subsidiary": [
        {"externalId": "NL", "name": "Firm NL", "country": "NL", "currency": {"externalId": "EUR"}},
        {"externalId": "US", "name": "Firm US", "country": "US", "currency": {"externalId": "USD"}},
    ],
    "term": [
        {"externalId": "net30", "name": "Net 30", "daysUntilNetDue": 30},
        {"externalId": "net60", "name": "Net 60", "daysUntilNetDue": 60},
    ],
    "serviceSaleItem": [
        {"externalId": "consulting", "itemId": "Consulting"},
        {"externalId": "fixed", "itemId": "Fixed fee"},
    ],
    "department": [{"externalId": "advisory", "name": "Advisory"}],
    "classification": [{"externalId": "banking", "name": "Banking"}],
    "accountingPeriod": [
        {
            "externalId": f"2026-{month:02d}",
            "periodName": f"{name} 2026",
            "startDate": f"2026-{month:02d}-01",
            "endDate": f"2026-{month:02d}-{last}",
        }
        for month, name, last in ((1, "Jan", 31), (2, "Feb", 28), (3, "Mar", 31))
    ],
    "employee": [
        {
            "externalId": "E-100",
            "entityId": "Consultant One",
            "firstName": "Con",
            "lastName": "Sultant",
            "subsidiary": {"externalId": "NL"},
        }
    ],
}


class Sandbox:
    """The account's screens: what an accountant does, and what only a sandbox can."""

    def __init__(self, client: httpx2.AsyncClient, url: str) -> None:
        self._client = client
        self.url = url

    async def control(self, name: str, body: Any) -> Any:
        answer = await self._client.post(f"/__control/{name}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def rows(self, record: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self._client.get(f"/__control/rows/{record}")).json()[
            "rows"
        ]
        return found

    async def id(self, record: str, external_id: str) -> str:
        (row,) = [r for r in await self.rows(record) if r.get("externalId") == external_id]
        return str(row["id"])

    async def stats(self) -> Any:
        return (await self._client.get("/__control/stats")).json()

    async def settings(self, **values: Any) -> None:
        answer = await self._client.patch("/__control/settings", json=values)
        assert answer.is_success, answer.text

    async def faults(self, **rule: Any) -> None:
        await self.control("faults", rule)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    account = NetSuiteAccount()
    async with (
        serving(account.app) as url,
        httpx2.AsyncClient(base_url=url, timeout=10) as client,
    ):
        firm = Sandbox(client, url)
        await firm.control(
            "integrations",
            {
                "client_id": CLIENT_ID,
                "certificate_id": CERTIFICATE_ID,
                "public_key": PUBLIC_PEM,
            },
        )
        await firm.control("seed", FIRM)
        await firm.control("settings", {"tax_rates": {"NL": "21"}})
        yield firm
    account.close()


Opener = Callable[..., NetSuite]


def config(address: str, **more: Any) -> dict[str, Any]:
    return {
        "vendor": "netsuite",
        "url": address,
        "auth": {
            "client_id": CLIENT_ID,
            "certificate_id": CERTIFICATE_ID,
            "private_key": PRIVATE_PEM,
            "algorithm": "ES256",
        },
        "items": {"time": "consulting", "milestone": "fixed"},
        "poll_seconds": "0.01",
    } | more


@pytest.fixture
async def opener(sandbox: Sandbox) -> AsyncIterator[Opener]:
    opened: list[NetSuite] = []

    def connect(overlays: dict[str, Any] | None = None, **more: Any) -> NetSuite:
        checked = CONNECTOR.config.model_validate(config(sandbox.url, **more))
        system = NetSuite(ConnectionContext("erp", overlays or {}), checked)  # type: ignore[arg-type] # validated by the connector's own model
        opened.append(system)
        return system

    yield connect
    for system in opened:
        await system.close()


@pytest.fixture
async def erp(opener: Opener) -> NetSuite:
    return opener()
