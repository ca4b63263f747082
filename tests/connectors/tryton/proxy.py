"""A TCP proxy that lets a chosen call reach the server and loses its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Proxy:
    """`lose` names the method whose next answer is lost; the server has finished it by then.

    `cut_at` loses an answer too, though not a request to confirm, and every call from then on
    until `is_cut` is taken back.
    """

    def __init__(self, upstream: str) -> None:
        split = urlsplit(upstream)
        self._host, self._port = split.hostname, split.port
        self.url = ""
        self.lose: str | None = None
        self.cut_at: str | None = None
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
        upstream_reader, upstream_writer = await asyncio.open_connection(self._host, self._port)
        upstream_writer.write(head + body)
        await upstream_writer.drain()
        answer = await upstream_reader.read()
        upstream_writer.close()
        if method == self.cut_at and b'"UserWarning"' not in answer:
            self.cut_at, self.is_cut = None, True
            self.lose = method
        if method == self.lose:
            self.lose = None
            writer.transport.abort()
            return
        writer.write(answer)
        await writer.drain()


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
