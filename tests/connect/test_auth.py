"""Token flow as a dance of requests and answers, with no network."""

from datetime import timedelta

import httpx2
import pytest

from isthmus.connect import Unauthorized
from isthmus.connect.auth import Token, TokenAuth
from isthmus.kit.clock import utc_now

pytestmark = pytest.mark.anyio


class Vendor:
    """Hands out numbered tokens and accepts only the last one, unless it is revoked."""

    def __init__(self, *, lifetime: timedelta | None = None, refuses: bool = False) -> None:
        self.minted, self.valid, self.calls = 0, "", 0
        self._lifetime, self._refuses = lifetime, refuses

    def mint(self) -> httpx2.Request:
        return httpx2.Request("POST", "https://vendor.example/token")

    def read(self, response: httpx2.Response) -> Token:
        if response.status_code != 200:
            raise Unauthorized("crm", "the token was refused")
        until = utc_now() + self._lifetime if self._lifetime else None
        return Token(response.json()["token"], until)

    async def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/token":
            if self._refuses:
                return httpx2.Response(400, json={"error": "invalid_grant"})
            self.minted += 1
            self.valid = f"token-{self.minted}"
            return httpx2.Response(200, json={"token": self.valid})
        self.calls += 1
        good = request.headers.get("Authorization") == f"Bearer {self.valid}"
        return httpx2.Response(200 if good else 401)

    def client(self) -> httpx2.AsyncClient:
        auth = TokenAuth(self.mint, self.read)
        transport = httpx2.MockTransport(self.answer)
        return httpx2.AsyncClient(auth=auth, transport=transport, base_url="https://vendor.example")


async def test_one_token_serves_many_calls() -> None:
    vendor = Vendor()
    async with vendor.client() as client:
        statuses = [(await client.get("/deals")).status_code for _ in range(3)]
    assert statuses == [200, 200, 200]
    assert (vendor.minted, vendor.calls) == (1, 3)


async def test_a_revoked_token_is_renewed_once_and_the_call_repeated() -> None:
    vendor = Vendor()
    async with vendor.client() as client:
        await client.get("/deals")
        vendor.valid = "revoked"
        assert (await client.get("/deals")).status_code == 200
    assert (vendor.minted, vendor.calls) == (2, 3)


async def test_a_token_about_to_end_is_renewed_before_the_call() -> None:
    vendor = Vendor(lifetime=timedelta(seconds=30))
    async with vendor.client() as client:
        await client.get("/deals")
        await client.get("/deals")
    assert (vendor.minted, vendor.calls) == (2, 2)


async def test_a_refused_log_in_is_told_as_such() -> None:
    vendor = Vendor(refuses=True)
    async with vendor.client() as client:
        with pytest.raises(Unauthorized, match="crm: the token was refused"):
            await client.get("/deals")
    assert vendor.calls == 0
