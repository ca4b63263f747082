"""A client of the vendor's API, signed in, with a way to the control endpoints."""

from dataclasses import dataclass
from typing import Any

import httpx2

from isthmus.sandbox.salesforce import SalesforceOrg

V = "/services/data/v66.0"
CLIENT = ("3MVG9-example-key", "not-a-real-secret")


@dataclass
class Client:
    http: httpx2.AsyncClient
    org: SalesforceOrg
    url: str

    async def sign_in(self) -> None:
        form = {"grant_type": "client_credentials"}
        answer = await self.http.post("/services/oauth2/token", data=form, auth=CLIENT)
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    async def control(self, name: str, body: Any = None) -> Any:
        return (await self.http.post(f"/__control/{name}", json=body or {})).json()

    async def query(self, soql: str, **headers: str) -> Any:
        answer = await self.http.get(f"{V}/query", params={"q": soql}, headers=headers)
        return answer.json()

    async def create(self, kind: str, **values: Any) -> str:
        answer = await self.http.post(f"{V}/sobjects/{kind}", json=values)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def patch(self, kind: str, record_id: str, **values: Any) -> httpx2.Response:
        return await self.http.patch(f"{V}/sobjects/{kind}/{record_id}", json=values)

    async def read(self, kind: str, record_id: str) -> Any:
        return (await self.http.get(f"{V}/sobjects/{kind}/{record_id}")).json()

    async def seed(self, kind: str, *rows: dict[str, Any]) -> list[str]:
        records = [{"attributes": {"type": kind}, **row} for row in rows]
        answer = await self.control("seed", {"records": records})
        assert "ids" in answer, answer
        return list(answer["ids"])


def register(org: SalesforceOrg) -> None:
    key, secret = CLIENT
    org.register_app(
        {"client_id": key, "client_secret": secret, "username": "isthmus@firm.example"}
    )


FIELD = """<?xml version="1.0" encoding="UTF-8"?>
<CustomField xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Isthmus_Id__c</fullName>
    <caseSensitive>true</caseSensitive>
    <externalId>true</externalId>
    <label>Isthmus Id</label>
    <length>80</length>
    <type>Text</type>
    <unique>true</unique>
</CustomField>
"""


def external_id_files(*objects: str) -> dict[str, str]:
    return {f"objects/{name}/fields/Isthmus_Id__c.field-meta.xml": FIELD for name in objects}
