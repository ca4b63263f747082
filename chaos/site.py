"""Everything that runs for the rounds: simulators, PostgreSQL, Isthmus, and relays between them.

    simulators <- relay <- api, worker-1, worker-2 -> relay -> PostgreSQL
    driver -> relay -> api

The driver itself works on the simulators and the database directly, so no fault reaches it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio

from chaos.processes import Processes
from chaos.product import Product
from chaos.proxy import Relay, to_port, to_socket
from isthmus.demo.landscape_file import landscape_text, netsuite_connection
from isthmus.demo.netsuite_clerk import NetSuiteClerk
from isthmus.demo.org import Org
from isthmus.demo.place import Place
from isthmus.demo.vendors import Control, vendors
from isthmus.store.embedded import EmbeddedPostgres

WORKERS = ("worker-1", "worker-2")
LEASE = "3s"


@dataclass(frozen=True)
class Site:
    place: Place
    controls: dict[str, Control]
    """By vendor: what its users do, past the relays."""
    relays: dict[str, Relay]
    """`salesforce`, `netsuite`, `database`, `api`."""
    server: EmbeddedPostgres
    processes: Processes
    product: Product
    org: Org
    clerk: NetSuiteClerk
    _crashing: anyio.Lock = field(default_factory=anyio.Lock)

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.relays['api'].port}"

    @property
    def api_port(self) -> int:
        """Where the API itself listens, behind its relay."""
        return self.relays["listener"].port

    @property
    def sent(self) -> Path:
        return self.place.home / "sent.jsonl"

    async def crash_database(self) -> None:
        """An immediate stop and a start: PostgreSQL recovers from its log. One after the other: a
        second stop would fall on a server that the first is starting, and end the driver.
        """
        async with self._crashing:
            await anyio.to_thread.run_sync(self._crash)

    def _crash(self) -> None:
        pid = self.server.status().pid
        if pid is not None:
            os.kill(pid, signal.SIGQUIT)
            while self.server.status().pid == pid:
                time.sleep(0.02)
        self.server.start()


@asynccontextmanager
async def running_site(home: Path) -> AsyncIterator[Site]:
    place = Place(home)
    async with AsyncExitStack() as stack:
        logs = home / "logs"
        logs.mkdir()
        controls = await stack.enter_async_context(vendors(place.vendors, logs / "vendors.log"))
        server = EmbeddedPostgres(home)
        url = await anyio.to_thread.run_sync(server.start)
        stack.push_async_callback(anyio.to_thread.run_sync, lambda: server.stop(force=True))
        relays = await _relays(stack, controls, url)
        product = Product(url)
        stack.callback(product.close)
        processes = Processes(_environment(place, relays), logs)
        stack.push_async_callback(processes.close)
        org, clerk = _desks(place, controls, relays)
        yield Site(place, controls, relays, server, processes, product, org, clerk)


async def _relays(
    stack: AsyncExitStack, controls: dict[str, Control], database: str
) -> dict[str, Relay]:
    query = parse_qs(urlsplit(database).query)
    socket = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
    free = Relay(to_port(0))
    await free.listen()
    await free.vanish()
    relays = {
        "database": Relay(to_socket(socket)),
        "api": Relay(to_port(free.port)),
        **{name: Relay(to_port(urlsplit(c.url).port or 80)) for name, c in controls.items()},
    }
    for relay in relays.values():
        await relay.listen()
        stack.push_async_callback(relay.close)
    return {**relays, "listener": free}


def _environment(place: Place, relays: dict[str, Relay]) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgresql://isthmus@127.0.0.1:{relays['database'].port}/isthmus",
        "ISTHMUS_HOME": str(place.home),
        "ISTHMUS_LANDSCAPE": str(place.landscape),
        "ISTHMUS_PORT": str(relays["listener"].port),
        "ISTHMUS_WORKER_LEASE": LEASE,
        "ISTHMUS_LOG_FORMAT": "json",
    }


def _desks(
    place: Place, controls: dict[str, Control], relays: dict[str, Relay]
) -> tuple[Org, NetSuiteClerk]:
    """People at the systems, and the landscape by which Isthmus reaches them."""
    urls = {name: f"http://127.0.0.1:{relays[name].port}" for name in controls}
    text = landscape_text(
        place, urls["salesforce"], "netsuite", netsuite_connection(place, urls["netsuite"])
    )
    place.landscape.write_text(text, "utf-8")
    return Org(place, controls["salesforce"]), NetSuiteClerk(place, controls["netsuite"])
