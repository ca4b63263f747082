"""The HTTP face of one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI

from isthmus.api import desks, events, health, time_entries, webhooks
from isthmus.app import App
from isthmus.events.time_submissions import TimeSubmissions


def api(app: App) -> FastAPI:
    web = FastAPI(title="Isthmus", version="1", docs_url=None, redoc_url=None)
    web.state.isthmus = app
    web.state.closing = asyncio.Event()
    web.state.submissions = TimeSubmissions(app.database, app.settings.intake_limit)
    web.state.submitting = time_entries.Doors(time_entries.AT_ONCE)
    web.include_router(webhooks.router)
    web.include_router(time_entries.router)
    web.include_router(events.router)
    web.include_router(desks.router)
    web.include_router(health.router)
    return web


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the command line's to handle."""
        yield


@asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    """Listen on the configured address; yields the base URL, with the port really taken."""
    web = api(app)
    config = uvicorn.Config(
        web, host=app.settings.host, port=app.settings.port, log_level="warning",
        lifespan="off",
    )  # fmt: skip
    server = _Server(config)
    task = asyncio.create_task(server.serve(), name="api")
    while not server.started:
        if task.done():
            await task
            raise OSError(f"port {app.settings.port} of {app.settings.host} is taken")
        await asyncio.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        web.state.closing.set()
        server.should_exit = True
        await task
