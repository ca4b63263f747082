"""The database: one engine, and transactions that carry every repository."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.canonical import TimeEntry
from isthmus.store.accounts import Accounts
from isthmus.store.alerts import Alerts
from isthmus.store.answers import Answers
from isthmus.store.api_keys import ApiKeys
from isthmus.store.audit import Audit
from isthmus.store.bulks import Bulks
from isthmus.store.circuits import Circuits
from isthmus.store.close_totals import Closing
from isthmus.store.connecting import connecting
from isthmus.store.destinations import Destinations
from isthmus.store.drifts import Drifts
from isthmus.store.dry_runs import DryRuns
from isthmus.store.edits import Edits
from isthmus.store.entries import Entries
from isthmus.store.entry_kinds import EXPENSES, TIME
from isthmus.store.erasures import Erasures
from isthmus.store.event_partitions import EventPartitions
from isthmus.store.events import EventLog
from isthmus.store.executors import Executors
from isthmus.store.expenses import Expenses
from isthmus.store.gauges import Gauges
from isthmus.store.hold_groups import HoldGroups
from isthmus.store.holds import Holds
from isthmus.store.inbox import Inbox
from isthmus.store.invoices import Invoices
from isthmus.store.ledger import Ledger
from isthmus.store.listings import Listings
from isthmus.store.log_ins import LogIns
from isthmus.store.lookup import Lookup
from isthmus.store.margins import Margins
from isthmus.store.measures import Measures
from isthmus.store.notices import Notices
from isthmus.store.pending import Pending, pending
from isthmus.store.personal import Personal
from isthmus.store.queues import HoldQueues
from isthmus.store.quotas import Quotas
from isthmus.store.reconciled import OurSide
from isthmus.store.reconciliation_breaks import Breaks
from isthmus.store.reconciliation_staging import Staging
from isthmus.store.reconciliations import Reconciliations
from isthmus.store.records import Records
from isthmus.store.restored import leave_a_gap
from isthmus.store.retained_figures import RetainedFigures
from isthmus.store.retention import Retained
from isthmus.store.runs import Runs
from isthmus.store.sealed import Sealed
from isthmus.store.sign_ins import SignIns
from isthmus.store.signing_keys import SigningKeys
from isthmus.store.spans import Spans
from isthmus.store.submissions import Submissions
from isthmus.store.traffic import Traffic
from isthmus.store.transfers import Transfers
from isthmus.store.unbilled import Unbilled
from isthmus.store.watermarks import Watermarks
from isthmus.store.xref import Xref

_LOCK = text(
    "select case when shared then pg_advisory_xact_lock_shared(hashtextextended(name, 0)) "
    "else pg_advisory_xact_lock(hashtextextended(name, 0)) end "
    "from unnest(cast(:names as text[]), cast(:shared as bool[])) as given(name, shared)"
)


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
    def event_partitions(self) -> EventPartitions:
        return EventPartitions(self.connection)

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
    def hold_groups(self) -> HoldGroups:
        return HoldGroups(self.connection)

    @cached_property
    def closing(self) -> Closing:
        return Closing(self.connection)

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
    def reconciliations(self) -> Reconciliations:
        return Reconciliations(self.connection)

    @cached_property
    def breaks(self) -> Breaks:
        return Breaks(self.connection)

    @cached_property
    def our_side(self) -> OurSide:
        return OurSide(self.connection)

    @cached_property
    def margins(self) -> Margins:
        return Margins(self.connection)

    @cached_property
    def unbilled(self) -> Unbilled:
        return Unbilled(self.connection)

    @cached_property
    def invoices(self) -> Invoices:
        return Invoices(self.connection)

    @cached_property
    def listings(self) -> Listings:
        return Listings(self.connection)

    @cached_property
    def answers(self) -> Answers:
        return Answers(self.connection)

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
    def retained_figures(self) -> RetainedFigures:
        return RetainedFigures(self.connection)

    @cached_property
    def circuits(self) -> Circuits:
        return Circuits(self.connection)

    @cached_property
    def traffic(self) -> Traffic:
        return Traffic(self.connection)

    @cached_property
    def spans(self) -> Spans:
        return Spans(self.connection)

    @cached_property
    def gauges(self) -> Gauges:
        return Gauges(self.connection)

    @cached_property
    def alerts(self) -> Alerts:
        return Alerts(self.connection)

    @cached_property
    def measures(self) -> Measures:
        return Measures(self.connection)

    @cached_property
    def accounts(self) -> Accounts:
        return Accounts(self.connection)

    @cached_property
    def sign_ins(self) -> SignIns:
        return SignIns(self.connection)

    @cached_property
    def signing_keys(self) -> SigningKeys:
        return SigningKeys(self.connection)

    @cached_property
    def log_ins(self) -> LogIns:
        return LogIns(self.connection)

    @cached_property
    def api_keys(self) -> ApiKeys:
        return ApiKeys(self.connection)

    @cached_property
    def erasures(self) -> Erasures:
        return Erasures(self.connection)

    @cached_property
    def personal(self) -> Personal:
        return Personal(self.connection)

    @cached_property
    def sealed(self) -> Sealed:
        return Sealed(self.connection)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self.connection)

    async def lock(self, name: str) -> None:
        """Serialise on a name until the transaction ends."""
        await self.lock_all([name])

    async def lock_all(self, names: Iterable[str], shared: Collection[str] = frozenset()) -> None:
        """On many, in one order for everybody. Those who share a name only keep out who does not
        share it.
        """
        ordered = sorted(set(names))
        if not ordered:
            return
        how = [name in shared for name in ordered]
        await self.connection.execute(_LOCK, {"names": ordered, "shared": how})

    async def pending(self) -> frozenset[Pending]:
        return await pending(self.connection)

    async def leave_a_gap(self) -> None:
        """See `isthmus.store.restored`."""
        await leave_a_gap(self.connection)

    @asynccontextmanager
    async def supposing(self) -> AsyncIterator[None]:
        """What is written inside is read inside, and undone at the end."""
        savepoint = await self.connection.begin_nested()
        told = list(self.audit.told)
        try:
            yield
        finally:
            self.audit.told = told
            await savepoint.rollback()

    async def server_version(self) -> str:
        return str((await self.connection.execute(text("show server_version"))).scalar_one())


class Database:
    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine = connecting(url, pool_size)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Transaction]:
        async with self.engine.begin() as connection:
            tx = Transaction(connection)
            yield tx
            await tx.audit.write()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Transaction]:
        """To read only: all of it is seen as it was at the first statement."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            yield Transaction(connection)

    @asynccontextmanager
    async def staging(self) -> AsyncIterator[Staging]:
        """A place for two sides of a comparison, for as long as the context lasts."""
        async with self.engine.connect() as connection:
            staging = Staging(connection)
            await staging.prepare()
            yield staging
            await staging.leave()

    @asynccontextmanager
    async def begin_on(self, staging: Staging) -> AsyncIterator[Transaction]:
        """A transaction that sees what is staged."""
        async with staging.connection.begin():
            tx = Transaction(staging.connection)
            yield tx
            await tx.audit.write()

    async def close(self) -> None:
        await self.engine.dispose()
