"""The relay between two processes cuts, delays and refuses as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from chaos.proxy import Relay, to_port

pytestmark = pytest.mark.anyio
DELAY = 0.05


@asynccontextmanager
async def relayed() -> AsyncIterator[Relay]:
    """To somebody who says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                writer.write(line)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    relay = Relay(to_port(server.sockets[0].getsockname()[1]))
    await relay.listen()
    yield relay
    await relay.close()
    server.close()
    await asyncio.sleep(DELAY)  # what was aborted is closed in the loop's next turns


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"hello\n")
    return await reader.readline()


async def test_what_is_said_comes_through() -> None:
    async with relayed() as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        assert await said(reader, writer) == b"hello\n"
        relay.delay, began = DELAY, time.monotonic()
        assert await said(reader, writer) == b"hello\n"
        assert time.monotonic() - began >= 2 * DELAY
        writer.close()


async def test_a_cut_connection_is_over() -> None:
    async with relayed() as relay:
        ends = [await asyncio.open_connection("127.0.0.1", relay.port) for _ in range(2)]
        for reader, writer in ends:
            assert await said(reader, writer) == b"hello\n"
        assert relay.cut() == 2
        for reader, writer in ends:
            assert await reader.read() == b""
            writer.close()


async def test_who_vanished_is_back_on_the_same_port() -> None:
    async with relayed() as relay:
        port = relay.port
        assert await relay.vanish() == 0
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await relay.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await said(reader, writer) == b"hello\n"
        writer.close()


async def test_the_other_side_learns_that_a_client_was_killed() -> None:
    """A reset, as of a process that is killed with answers unread, and not only a good end."""
    left = asyncio.Event()

    async def until_left(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        left.set()
        writer.close()

    server = await asyncio.start_server(until_left, "127.0.0.1", 0)
    relay = Relay(to_port(server.sockets[0].getsockname()[1]))
    await relay.listen()
    _, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()
    assert await asyncio.wait_for(left.wait(), 5)
    await relay.close()
    server.close()
    await asyncio.sleep(DELAY)
