"""The database: one engine, and transactions that carry every repository."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from isthmus.canonical import TimeEntry
from isthmus.store.bulks import Bulks
from isthmus.store.circuits import Circuits
from isthmus.store.destinations import Destinations
from isthmus.store.drifts import Drifts
from isthmus.store.dry_runs import DryRuns
from isthmus.store.edits import Edits
from isthmus.store.entries import Entries
from isthmus.store.entry_kinds import EXPENSES, TIME
from isthmus.store.events import EventLog
from isthmus.store.executors import Executors
from isthmus.store.expenses import Expenses
from isthmus.store.holds import Holds
from isthmus.store.inbox import Inbox
from isthmus.store.ledger import Ledger
from isthmus.store.lookup import Lookup
from isthmus.store.notices import Notices
from isthmus.store.queues import HoldQueues
from isthmus.store.quotas import Quotas
from isthmus.store.records import Records
from isthmus.store.restored import leave_a_gap
from isthmus.store.retention import Retained
from isthmus.store.runs import Runs
from isthmus.store.submissions import Submissions
from isthmus.store.transfers import Transfers
from isthmus.store.watermarks import Watermarks
from isthmus.store.xref import Xref


def driver_url(url: str) -> str:
    """A plain `postgresql://` URL names psycopg 3 explicitly for SQLAlchemy."""
    _, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}"


class Transaction:
    """Repositories over one connection; they all commit or none does."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    @cached_property
    def records(self) -> Records:
        return Records(self.connection)

    @cached_property
    def xref(self) -> Xref:
        return Xref(self.connection)

    @cached_property
    def watermarks(self) -> Watermarks:
        return Watermarks(self.connection)

    @cached_property
    def inbox(self) -> Inbox:
        return Inbox(self.connection)

    @cached_property
    def submissions(self) -> Submissions:
        return Submissions(self.connection)

    @cached_property
    def events(self) -> EventLog:
        return EventLog(self.connection)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.connection)

    @cached_property
    def holds(self) -> Holds:
        return Holds(self.connection)

    @cached_property
    def queues(self) -> HoldQueues:
        return HoldQueues(self.connection)

    @cached_property
    def bulks(self) -> Bulks:
        return Bulks(self.connection)

    @cached_property
    def notices(self) -> Notices:
        return Notices(self.connection)

    @cached_property
    def edits(self) -> Edits:
        return Edits(self.connection)

    @cached_property
    def drifts(self) -> Drifts:
        return Drifts(self.connection)

    @cached_property
    def entries(self) -> Entries[TimeEntry]:
        return Entries(self.connection, TIME)

    @cached_property
    def expenses(self) -> Expenses:
        return Expenses(self.connection)

    def entries_of(self, kind: str) -> Entries[Any]:
        return self.expenses if kind == EXPENSES.model.kind else self.entries

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self.connection)

    @cached_property
    def dry_runs(self) -> DryRuns:
        return DryRuns(self.connection)

    @cached_property
    def transfers(self) -> Transfers:
        return Transfers(self.connection)

    @cached_property
    def lookup(self) -> Lookup:
        return Lookup(self.connection)

    @cached_property
    def destinations(self) -> Destinations:
        return Destinations(self.connection)

    @cached_property
    def executors(self) -> Executors:
        return Executors(self.connection)

    @cached_property
    def quotas(self) -> Quotas:
        return Quotas(self.connection)

    @cached_property
    def retained(self) -> Retained:
        return Retained(self.connection)

    @cached_property
    def circuits(self) -> Circuits:
        return Circuits(self.connection)

    async def lock(self, name: str) -> None:
        """Serialise on a name until the transaction ends."""
        await self.connection.execute(
            text("select pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name}
        )

    async def leave_a_gap(self) -> None:
        """See `isthmus.store.restored`."""
        await leave_a_gap(self.connection)

    @asynccontextmanager
    async def supposing(self) -> AsyncIterator[None]:
        """What is written inside is read inside, and undone at the end."""
        savepoint = await self.connection.begin_nested()
        try:
            yield
        finally:
            await savepoint.rollback()

    async def server_version(self) -> str:
        return str((await self.connection.execute(text("show server_version"))).scalar_one())


class Database:
    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            driver_url(url), pool_size=pool_size, max_overflow=5, pool_pre_ping=True
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        async with self.engine.begin() as connection:
            yield Transaction(connection)

    async def close(self) -> None:
        await self.engine.dispose()
