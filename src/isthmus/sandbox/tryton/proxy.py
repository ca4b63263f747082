"""A TCP proxy that lets a chosen call reach the server and loses its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Proxy:
    """Between a client and Tryton. The server has finished what it was asked when an answer is
    lost; a request to confirm is no answer.
    """

    def __init__(self, upstream: str) -> None:
        split = urlsplit(upstream)
        self._host, self._port = split.hostname, split.port
        self.url = ""
        self.lose: str | None = None
        """The method whose next `times` answers are lost."""
        self.times = 1
        self.lost = 0
        self.cut_at: str | None = None
        """The method whose next answer is lost, and every call from then on."""
        self.is_cut = False
        self.calls: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._one_call(reader, writer)
        finally:
            writer.close()

    async def _one_call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        lengths = [h for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")]
        body = await reader.readexactly(int(lengths[0].split(b":")[1]))
        if self.is_cut:
            writer.transport.abort()
            return
        method = body.split(b'"method": "')[1].split(b'"')[0].decode()
        self.calls.append(method)
        answer = await self._ask(head + body)
        if b'"UserWarning"' not in answer and self._is_lost(method):
            writer.transport.abort()
            return
        writer.write(answer)
        await writer.drain()

    async def _ask(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        writer.write(request)
        await writer.drain()
        answer = await reader.read()
        writer.close()
        return answer

    def _is_lost(self, method: str) -> bool:
        if method == self.cut_at:
            self.cut_at, self.is_cut = None, True
        elif method == self.lose:
            self.times -= 1
            if not self.times:
                self.lose, self.times = None, 1
        else:
            return False
        self.lost += 1
        return True


@asynccontextmanager
async def proxy(upstream: str) -> AsyncIterator[Proxy]:
    between = Proxy(upstream)
    server = await asyncio.start_server(between.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    between.url = f"http://127.0.0.1:{port}"
    try:
        yield between
    finally:
        server.close()
        await server.wait_closed()
