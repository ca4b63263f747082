"""Serve an ASGI app on the loopback interface, in the event loop that is already running."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C belongs to the program that embeds the server."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """Yield the base URL (no trailing slash) once the app accepts requests; port 0: any free port.

    The app's lifespan runs, so a simulator's background deliveries start and stop with it.
    """
    listener = _listener(port)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        ws="none",
        lifespan="on",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await _until_started(server, running)
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running
        listener.close()


def _listener(port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY only on sockets that name their protocol; without it every answer
    # with a body waits 40 ms for the client's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener


async def _until_started(server: _Server, running: "asyncio.Task[None]") -> None:
    while not server.started:
        if running.done():
            running.result()
            raise RuntimeError("the app's start-up failed; its own log line says why")
        await asyncio.sleep(0.005)
