"""A small firm in a simulated account, reached over a real socket."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.serve import serving

RECORD = "/services/rest/record/v1"
TOKEN = "/services/rest/auth/oauth2/v1/token"
CLIENT_ID, CERTIFICATE_ID = "fake-client", "fake-certificate"
PRIVATE = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

FIRM: dict[str, list[dict[str, Any]]] = {
    "currency": [
        {"externalId": "EUR", "name": "Euro", "symbol": "EUR", "currencyPrecision": 2},
        {
            "externalId": "JPY",
            "name": "Yen",
            "symbol": "JPY",
            "currencyPrecision": 0,
            "exchangeRate": 0.00625,
        },
        {"externalId": "USD", "name": "Dollar", "symbol": "USD", "currencyPrecision": 2},
    ],
    "subsidiary": [
        {
            "externalId": "NL",
            "name": "Firm NL",
            "country": "NL",
            "currency": {"externalId": "EUR"},
        },
        {
            "externalId": "US",
            "name": "Firm US",
            "country": "US",
            "currency": {"externalId": "USD"},
        },
    ],
    "term": [{"externalId": "net30", "name": "Net 30", "daysUntilNetDue": 30}],
    "serviceSaleItem": [{"externalId": "consulting", "itemId": "Consulting"}],
    "department": [{"externalId": "advisory", "name": "Advisory"}],
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
            "externalId": "emp-1",
            "entityId": "Consultant One",
            "subsidiary": {"externalId": "NL"},
        }
    ],
    "customer": [
        {
            "externalId": "cust-nl",
            "companyName": "Client NL",
            "subsidiary": {"externalId": "NL"},
            "terms": {"externalId": "net30"},
            "currencyList": {"items": [{"currency": {"externalId": "JPY"}}]},
            "addressBook": {
                "items": [{"defaultBilling": True, "addressBookAddress": {"country": "NL"}}]
            },
        },
        {
            "externalId": "cust-de",
            "companyName": "Client DE",
            "subsidiary": {"externalId": "NL"},
            "taxRegistration": {
                "items": [{"nexusCountry": "DE", "taxRegistrationNumber": "DE136695976"}]
            },
        },
    ],
    "job": [
        {
            "externalId": "proj-1",
            "companyName": "Project One",
            "parent": {"externalId": "cust-nl"},
        }
    ],
}


class Api:
    """A signed-in caller; `control` needs no token."""

    def __init__(self, client: httpx2.AsyncClient, account: NetSuiteAccount) -> None:
        self.client = client
        self.account = account
        self.token = ""

    def assertion(self, key: Any = None, header: Any = None, **claims: Any) -> str:
        now = int(time.time())
        base = {
            "iss": CLIENT_ID,
            "scope": ["rest_webservices"],
            "aud": f"{self.client.base_url}".rstrip("/") + TOKEN,
            "iat": now,
            "exp": now + 300,
        }
        head = {"typ": "JWT", "alg": "ES256", "kid": CERTIFICATE_ID} | (header or {})
        key = key or ECKey.import_key(PRIVATE)
        return jwt.encode(head, base | claims, key, algorithms=[head["alg"]])

    async def ask_token(self, assertion: str, **form: str) -> httpx2.Response:
        fields = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        return await self.client.post(TOKEN, data=fields | form)

    async def sign_in(self) -> None:
        answer = await self.ask_token(self.assertion())
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]

    async def send(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return await self.client.request(method, path, json=body, headers=headers, **more)

    async def control(self, name: str, body: Any) -> Any:
        answer = await self.client.post(f"/__control/{name}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def create(self, record: str, **body: Any) -> str:
        answer = await self.send("POST", f"{RECORD}/{record}", body)
        assert answer.status_code == 204, answer.text
        return str(answer.headers["location"]).rsplit("/", 1)[1]

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Status and the single error detail of a refusal."""
        answer = await self.send(method, path, body, **more)
        assert answer.status_code >= 400, answer.text
        (detail,) = answer.json()["o:errorDetails"]
        return answer.status_code, detail["o:errorCode"], detail.get("o:errorPath")

    async def get(self, record: str, key: str, **query: str) -> Any:
        answer = await self.send("GET", f"{RECORD}/{record}/{key}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def rows(self, record: str) -> Any:
        return (await self.client.get(f"/__control/rows/{record}")).json()["rows"]

    async def query(self, sql: str, **page: int) -> httpx2.Response:
        return await self.send(
            "POST",
            "/services/rest/query/v1/suiteql",
            {"q": sql},
            params=page,
            headers={"Prefer": "transient"},
        )

    async def select(self, sql: str) -> Any:
        answer = await self.query(sql)
        assert answer.status_code == 200, answer.text
        items = answer.json()["items"]
        return [{key: value for key, value in item.items() if key != "links"} for item in items]


@pytest.fixture
def account() -> NetSuiteAccount:
    return NetSuiteAccount()


@pytest.fixture
async def bare(account: NetSuiteAccount) -> AsyncIterator[Api]:
    """Registered, not signed in, no rows."""
    async with (
        serving(account.app) as url,
        httpx2.AsyncClient(base_url=url, timeout=10) as client,
    ):
        api = Api(client, account)
        await api.control(
            "integrations",
            {
                "client_id": CLIENT_ID,
                "certificate_id": CERTIFICATE_ID,
                "public_key": PUBLIC_PEM.decode(),
            },
        )
        yield api
    account.close()


@pytest.fixture
async def api(bare: Api) -> Api:
    await bare.control("seed", FIRM)
    await bare.control("settings", {"tax_rates": {"NL": "21", "US-NY": "8.875"}})
    await bare.sign_in()
    return bare


def line(quantity: float = 10, rate: float = 100, **more: Any) -> dict[str, Any]:
    return {"item": {"externalId": "consulting"}, "quantity": quantity, "rate": rate} | more


def invoice(customer: str = "cust-nl", *lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {
        "entity": {"externalId": customer},
        "tranDate": "2026-02-10",
        "item": {"items": list(lines) or [line()]},
    }
    return body | more
