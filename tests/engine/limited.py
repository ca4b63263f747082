"""A NetSuite account that notes what arrives, and workers that share its connection's limits."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import sqlalchemy as sa
from starlette.types import Receive, Scope, Send
from tests.landscapes import ACCOUNT, PRIVATE, PUBLIC

from isthmus.connect import ConnectionContext, Quota
from isthmus.connect.http import trusted
from isthmus.connectors.netsuite import CONNECTOR
from isthmus.connectors.netsuite.client import RECORDS, NetSuiteClient
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.engine import Governor, SharedGate
from isthmus.events.outbox import Outbox
from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.serve import serving
from isthmus.store.database import Database
from isthmus.store.migrate import upgrade

NAME = "netsuite"
KEY = "TEST_PRIVATE_KEY"
"""Variable by which a process of its own signs in with our key."""


@dataclass
class Watched:
    """What the vendor's side saw: arrivals by their clock, and the most in flight at once."""

    account: NetSuiteAccount
    url: str = ""
    arrivals: list[tuple[float, str]] = field(default_factory=list)
    in_flight: int = 0
    most: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get("path", "").startswith("/services/"):
            await self.account.app(scope, receive, send)
            return
        self.arrivals.append((time.monotonic(), scope["path"]))
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        self.arrived.set()
        try:
            await self.account.app(scope, receive, send)
        finally:
            self.in_flight -= 1

    async def until(self, seen: Callable[[], bool]) -> None:
        """Looks again at each arrival."""
        while not seen():
            self.arrived.clear()
            await asyncio.wait_for(self.arrived.wait(), 30)

    @property
    def requests(self) -> int:
        return len(self.arrivals)

    def most_within(self, seconds: float) -> int:
        """Most arrivals in any stretch of that length."""
        times = [at for at, _ in self.arrivals]
        return max(sum(t <= u < t + seconds for u in times) for t in times)

    def departments(self) -> list[str]:
        """External ids in the order in which they were written first."""
        return [str(row["externalId"]) for row in self.account.books.all("department")]

    async def faults(self, *rules: Mapping[str, Any]) -> None:
        """These rules and no others."""
        async with httpx2.AsyncClient(base_url=self.url, verify=trusted()) as http:
            await http.delete("/__control/faults")
            for rule in rules:
                assert (await http.post("/__control/faults", json=rule)).status_code == 201

    async def settings(self, **values: Any) -> None:
        async with httpx2.AsyncClient(base_url=self.url, verify=trusted()) as http:
            assert (await http.patch("/__control/settings", json=values)).is_success


@dataclass
class Worker:
    """What one process has: its own pool, governor, gate and client."""

    database: Database
    governor: Governor
    gate: SharedGate
    system: NetSuite

    @property
    def client(self) -> NetSuiteClient:
        return self.system._client

    async def ask(self) -> None:
        await self.client.record("department", "eid:none")

    async def write(self, key: str) -> None:
        """One request."""
        await self.client.send(
            "PUT", f"{RECORDS}/department/eid:{key}", body={"name": key}, wrote=True
        )


@asynccontextmanager
async def watched_account() -> AsyncIterator[Watched]:
    account = NetSuiteAccount()
    account.register(ACCOUNT["client_id"], ACCOUNT["certificate_id"], PUBLIC)
    seen = Watched(account)
    async with serving(seen) as url:
        seen.url = url
        yield seen
    account.close()


def system_at(url: str, gate: SharedGate) -> NetSuite:
    auth = {**ACCOUNT, "private_key": os.environ.get(KEY, PRIVATE), "algorithm": "ES256"}
    config = CONNECTOR.config.model_validate({"url": url, "auth": auth})
    system = CONNECTOR.open(ConnectionContext(NAME, gate=gate), config)
    assert isinstance(system, NetSuite)
    return system


@asynccontextmanager
async def workers(
    number: int, database_url: str, url: str, quota: Quota, *, lease: float = 10.0
) -> AsyncIterator[list[Worker]]:
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(number):
            database = Database(database_url, pool_size=4)
            stack.push_async_callback(database.close)
            await upgrade(database.engine)
            governor = Governor(
                database, Outbox(), lease=timedelta(seconds=lease), pause=timedelta(seconds=20)
            )
            gate = SharedGate(NAME, quota, governor)
            stack.push_async_callback(gate.close)
            system = system_at(url, gate)
            stack.push_async_callback(system.close)
            made.append(Worker(database, governor, gate, system))
        yield made


async def run_sql(worker: Worker, statement: str, **values: Any) -> Any:
    """Rows of a query, or the number that a change reached."""
    async with worker.database.begin() as tx:
        found = await tx.connection.execute(sa.text(statement), values)
        return found.all() if found.returns_rows else found.rowcount
