"""A network failure becomes a typed error, and decimals keep their digits both ways."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from isthmus.connect import Unavailable
from isthmus.connect.http import Http, dump_json, parse_json

pytestmark = pytest.mark.anyio
Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(handler: Handler) -> AsyncIterator[str]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.close()
        await server.wait_closed()


def answering(raw: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    return handler


async def test_nobody_listens_nothing_was_sent() -> None:
    http = Http("erp", "http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="erp: no connection") as told:
        await http.request("GET", "/")
    assert not told.value.outcome_unknown
    await http.close()


async def test_a_cut_answer_leaves_the_outcome_unknown() -> None:
    async with listening(answering(b"")) as url:
        http = Http("erp", url)
        with pytest.raises(Unavailable, match="POST /invoice got no answer") as told:
            await http.request("POST", "/invoice", body={"amount": Decimal("0.10")})
        assert told.value.outcome_unknown
        await http.close()


async def test_a_body_that_is_no_json_is_an_outage() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"
    async with listening(answering(raw)) as url:
        http = Http("erp", url)
        answer = await http.request("GET", "/")
        with pytest.raises(Unavailable, match="answered 200 with a body that is not JSON"):
            parse_json("erp", answer)
        await http.close()


async def test_an_answer_keeps_exact_decimals() -> None:
    body = b'{"rate": 0.1000, "total": 12345678901234567.89}'
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    async with listening(answering(head + body)) as url:
        http = Http("erp", url)
        answer = parse_json("erp", await http.request("GET", "/"))
        await http.close()
    assert answer == {"rate": Decimal("0.1000"), "total": Decimal("12345678901234567.89")}
    assert str(answer["rate"]) == "0.1000"


def test_decimals_leave_with_their_own_digits() -> None:
    sent = dump_json({"rate": Decimal("150.10"), "big": Decimal("12345678901234567.89"), "n": 1})
    assert sent == b'{"rate": 150.10, "big": 12345678901234567.89, "n": 1}'
