"""The HTTP face of one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import uvicorn
from fastapi import FastAPI

from isthmus.access.providers import known_providers
from isthmus.access.sealing import Seals, seals_of
from isthmus.access.signing import Signing
from isthmus.api import (
    back_channel,
    catalogue,
    connections,
    contracts,
    description,
    desks,
    events,
    expenses,
    experience,
    health,
    hold_bulks,
    holds,
    metrics,
    oauth,
    objects,
    persons,
    process,
    reconciliations,
    runs,
    time_entries,
    webhooks,
)
from isthmus.api.document import openapi_document
from isthmus.app import App
from isthmus.console.site import install as install_console
from isthmus.events.room import Room
from isthmus.events.time_submissions import TimeSubmissions
from isthmus.settings import Settings
from isthmus.web.correlation import Correlated
from isthmus.web.errors import answer_errors
from isthmus.web.identity import Identify
from isthmus.web.lately import Lately
from isthmus.web.limits import Bounded, Buckets
from isthmus.web.metrics import Timed
from isthmus.web.secured import Secured
from isthmus.web.versions import Versioned

ROUTERS = (
    webhooks.router, time_entries.router, expenses.router, events.router, desks.router,
    health.router, catalogue.router, objects.router, process.router, contracts.router,
    experience.router, runs.router, holds.router, hold_bulks.router, connections.router,
    reconciliations.router, persons.router, metrics.router, oauth.router, description.router,
    back_channel.router,
)  # fmt: skip
SIGN_INS = 60
"""In a minute, from one address: people who are sent on to a provider."""
TOKENS = 60
"""In a minute, of one client at one address; a token lasts ten."""


def api(app: App) -> FastAPI:
    web = described()
    web.state.isthmus = app
    web.state.lately = Lately()
    web.state.closing = asyncio.Event()
    web.state.submissions = TimeSubmissions(app.database, app.outbox, app.settings.intake_limit)
    web.state.room = Room(
        app.database, app.settings.inbox_limit,
        app.settings.home if app.settings.database_url is None else None, app.settings.disk_floor,
    )  # fmt: skip
    web.state.providers = known_providers(app.landscape.access.providers)
    web.state.sign_ins = Buckets(SIGN_INS)
    web.state.token_requests = Buckets(TOKENS)
    web.state.signing = Signing(app.database, partial(seals, app.settings))
    web.state.submitting = time_entries.Doors(time_entries.AT_ONCE)
    web.state.buckets = Buckets(app.settings.api_rate)
    answer_errors(web)
    install_console(web)
    for layer in (
        Identify,
        Versioned,
        Bounded,
        Secured,
        Correlated,
    ):  # the last one is the outermost
        web.add_middleware(layer)
    web.add_middleware(Timed, telemetry=app.telemetry)
    return web


def seals(settings: Settings) -> Seals:
    key = settings.secret_key
    return seals_of(key.get_secret_value() if key else None, settings.home)


def described() -> FastAPI:
    """The routes without an installation behind them: enough to describe them."""
    web = FastAPI(title="Isthmus", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    for router in ROUTERS:
        web.include_router(router)
    web.openapi = partial(openapi_document, web)  # type: ignore[method-assign] # FastAPI's own way
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
        lifespan="off", proxy_headers=bool(app.settings.trusted_proxies),
        forwarded_allow_ips=app.settings.trusted_proxies,
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
        await web.state.submissions.close()
