"""A service desk on a socket: keeps every request, and answers, refuses or hangs up as it is told.

It opens one ticket for each idempotency key, and hands out its numbers in order.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Request:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ServiceDesk:
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    tickets: dict[str, str] = field(default_factory=dict)
    """Idempotency key to the ticket's number."""
    moods: deque[str] = field(default_factory=deque)
    """What becomes of the next calls: a status, or `hang up` once the ticket is open."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _read(reader)
        self.requests.append(request)
        mood = self.moods.popleft() if self.moods else "201"
        if mood in ("201", "hang up"):
            key = request.headers.get("idempotency-key", f"none {len(self.requests)}")
            number = self.tickets.setdefault(key, f"INC{len(self.tickets) + 1:04}")
            answer = json.dumps({"result": {"number": number}}).encode()
        else:
            answer = b"{}"
        if mood != "hang up":
            head = (
                f"HTTP/1.1 {mood} x\r\nContent-Length: {len(answer)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(head.encode() + answer)
            await writer.drain()
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(first.split()[1], headers, body)


@asynccontextmanager
async def a_service_desk() -> AsyncIterator[ServiceDesk]:
    desk = ServiceDesk()
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    desk.url = f"http://{host}:{port}"
    async with server:
        yield desk
