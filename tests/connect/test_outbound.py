"""H5: nothing is sent to a host that is not configured, by whatever way a call gets there."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import httpx2
import pytest
from tests.connect.test_http import Handler, answering, listening

from isthmus.connect import HostRefused
from isthmus.connect import outbound as made
from isthmus.connect.auth import Token, TokenAuth
from isthmus.connect.errors import ERRORS
from isthmus.connect.http import Http
from isthmus.connect.outbound import Guard, outbound

pytestmark = pytest.mark.anyio
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
SOURCE = Path(__file__).parents[2] / "src" / "isthmus"


def counting(asked: list[bytes]) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(10_000))
        writer.write(OK)
        await writer.drain()
        writer.close()

    return handler


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/", "https://erp.example.evil.example/", "https://example.com/",
        "http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/", "http://127.0.0.1/", "http://localhost/",
        "https://erp.example@evil.example/", "https://xerp.example/",
    ],
)  # fmt: skip
def test_another_host_is_refused(url: str) -> None:
    guard = Guard("erp", ["ERP.example", "*.example.com"])
    with pytest.raises(HostRefused) as refused:
        guard.ensure(httpx2.URL(url))
    assert refused.value.code == "host_not_configured"
    assert refused.value.host == httpx2.URL(url).host
    assert "add the host where the landscape configures it" in refused.value.remedy
    again = ERRORS["HostRefused"].restore(refused.value.state())
    assert str(again) == str(refused.value)


def test_a_configured_host_is_called_and_so_are_those_below_a_star() -> None:
    guard = Guard("erp", ["ERP.example", "*.example.com", "169.254.169.254"])
    refused = list[str]()
    for url in ("https://erp.example:8443/x", "https://a.b.example.com", "http://169.254.169.254",
                "https://example.com", "https://another.example"):  # fmt: skip
        try:
            guard.ensure(httpx2.URL(url))
        except HostRefused as error:
            refused.append(error.host)
    assert refused == ["example.com", "another.example"]


async def test_neither_a_redirect_nor_a_token_leads_to_another_host() -> None:
    asked: list[bytes] = []
    async with listening(counting(asked)) as other:
        elsewhere = other.replace("127.0.0.1", "localhost")
        moved = f"HTTP/1.1 307 Moved\r\nLocation: {elsewhere}/x\r\nContent-Length: 0\r\n\r\n"
        async with (
            listening(answering(moved.encode())) as url,
            outbound("erp", ["127.0.0.1"], follow_redirects=True) as http,
        ):
            with pytest.raises(HostRefused, match="localhost is not a host") as refused:
                await http.post(url, content=b"an invoice")
        assert refused.value.system == "erp"

        renews = TokenAuth(lambda: httpx2.Request("POST", elsewhere), lambda _: Token("t"))
        client = Http("crm", other, auth=renews)
        with pytest.raises(HostRefused, match="localhost is not a host"):
            await client.request("GET", "/")
        await client.close()
        told = Http("crm", other, auth=renews, hosts=["localhost"])
        assert (await told.request("GET", "/")).status_code == 200
        await told.close()
    assert [sent.split(b" ")[0] for sent in asked] == [b"POST", b"GET"], "of the last alone"


async def test_a_name_that_leads_to_a_link_local_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connected, and left before anything is sent. Loopback stands for link-local here."""
    asked: list[bytes] = []
    monkeypatch.setattr(made, "METADATA", (ip_network("127.0.0.0/8"), ip_network("::1/128")))
    async with listening(counting(asked)) as url:
        named = url.replace("127.0.0.1", "localhost")
        async with outbound("erp", ["localhost"]) as http:
            with pytest.raises(HostRefused, match=r"its name leads to 127\.0\.0\.1"):
                await http.get(named)
        async with outbound("erp", ["127.0.0.1"]) as http:
            assert (await http.get(url)).status_code == 200, "configured as the address that it is"
    assert [sent.split(b" ")[0] for sent in asked if sent] == [b"GET"]


def clients_made() -> Iterator[str]:
    """Where the product makes a client of its own."""
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = ast.unparse(node.func)
                if called in ("httpx2.AsyncClient", "httpx2.Client"):
                    yield str(file.relative_to(SOURCE))


def test_every_client_is_made_in_one_place() -> None:
    """Simulators and the demo's, which play vendors, aside."""
    places = {place for place in clients_made() if not place.startswith(("sandbox/", "demo/"))}
    assert places == {"connect/outbound.py"}
