"""A TCP relay between a process and what it calls: it can cut, delay and refuse connections."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Awaitable, Callable, Iterator

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Ends = tuple[asyncio.StreamWriter, asyncio.StreamWriter]
HOST = "127.0.0.1"
CHUNK = 65536
AGAIN = 0.1


class Relay:
    """Listens on a port of its own for as long as it exists; `delay` is in seconds a chunk."""

    def __init__(self, connect: Callable[[], Awaitable[Streams]]) -> None:
        self._connect = connect
        self._server: asyncio.Server | None = None
        self._open: set[Ends] = set()
        self._serving: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()
        self.port = 0
        self.delay = 0.0

    async def listen(self) -> None:
        """The same port at every call after the first."""
        async with self._opening:
            while self._server is None:
                try:
                    self._server = await asyncio.start_server(self._accept, HOST, self.port)
                except OSError as error:
                    if error.errno != errno.EADDRINUSE:
                        raise
                    await asyncio.sleep(AGAIN)  # the last listener is not gone yet
            self.port = self._server.sockets[0].getsockname()[1]

    async def vanish(self) -> int:
        """Refuse connections until `listen`; the number of those that broke off."""
        if self._server is not None:
            self._server.close()
            self._server = None
        return self.cut()

    def cut(self) -> int:
        """End every connection in the middle of whatever it carries; how many there were."""
        cut = list(self._open)
        for end in (end for ends in cut for end in ends):
            end.transport.abort()
        return len(cut)

    async def close(self) -> None:
        await self.vanish()
        for serving in list(self._serving):
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with _aborting(writer):
            try:
                there, back = await self._connect()
            except OSError:
                return
            with _aborting(back), self._listed((writer, back)):
                await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    @contextlib.contextmanager
    def _listed(self, ends: Ends) -> Iterator[None]:
        self._open.add(ends)
        try:
            yield
        finally:
            self._open.discard(ends)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """However one side ends, the other learns of it."""
        try:
            with contextlib.suppress(OSError):
                while chunk := await reader.read(CHUNK):
                    if self.delay:
                        await asyncio.sleep(self.delay)
                    if writer.is_closing():
                        break
                    writer.write(chunk)
                    await writer.drain()
        finally:
            writer.close()


@contextlib.contextmanager
def _aborting(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.transport.abort()


def to_port(port: int) -> Callable[[], Awaitable[Streams]]:
    return lambda: asyncio.open_connection(HOST, port)


def to_socket(path: str) -> Callable[[], Awaitable[Streams]]:
    return lambda: asyncio.open_unix_connection(path)
