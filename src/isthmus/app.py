"""The composition root: binds roles to connectors from the landscape, and alone knows both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from importlib.metadata import entry_points
from pathlib import Path

import structlog
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from isthmus.access import AccessRole
from isthmus.canonical import CanonicalObject, ExpenseEntry, LegalEntity, TimeEntry
from isthmus.canonical.base import Role
from isthmus.connect import ConnectionContext, Connector, Gate, Quota
from isthmus.engine import BATCHES, RUNS, Engine, Governor, Observer, RetryPolicy, SharedGate, Waker
from isthmus.engine.measuring import figures_when_due, forget_spans
from isthmus.engine.retention import purge_when_due
from isthmus.events.batching import batch_expenses, batch_time
from isthmus.events.catalogue import CATALOGUE
from isthmus.events.destinations import ensure_client
from isthmus.events.feed import Feed
from isthmus.events.ingest import Ingest
from isthmus.events.links import Connected, Links
from isthmus.events.outbox import Outbox
from isthmus.events.personal import residence_of
from isthmus.events.reader import Reader
from isthmus.events.relay import Pace, Relay
from isthmus.flows import FLOWS
from isthmus.flows.amendment_effective import amendments_when_due
from isthmus.flows.billing_schedule import bill_when_due
from isthmus.flows.milestone_acceptance import milestones_when_due
from isthmus.holds.alerting import EVERY as ALERTS_EVERY
from isthmus.holds.alerting import watch
from isthmus.holds.bulk_work import work_off
from isthmus.holds.desk_inbox import take_in
from isthmus.holds.forwarding import forward
from isthmus.holds.triage import triage
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import derived_id
from isthmus.kit.secret import Store, look_again
from isthmus.landscape import Landscape, Reading, check, load
from isthmus.landscape.connection import OpenedConnection
from isthmus.observe.metrics import Exposition
from isthmus.observe.telemetry import Telemetry
from isthmus.reconcile.flows import RECONCILING
from isthmus.reconcile.schedule import reconcile_when_due
from isthmus.settings import Settings
from isthmus.store.database import Database
from isthmus.store.embedded import EmbeddedPostgres
from isthmus.store.migrate import upgrade

log = structlog.get_logger()
FLOW_NAMES = tuple(flow.name for flow in FLOWS)
Ask = Callable[[Engine, datetime], Awaitable[int]]
CALENDAR_EVERY = 600.0
"""Seconds between looks at the calendar."""
CALENDAR = {
    "amendments": amendments_when_due,
    "milestones": milestones_when_due,
    "retention": purge_when_due,
    "figures": figures_when_due,
    "spans": forget_spans,
    "reconciliations": reconcile_when_due,
}
QUEUES = {"triage": triage, "bulks": work_off, "desk-inbox": take_in}
"""What every worker does for the exception queues; row locks and named locks share it out."""
QUEUES_EVERY = 2.0
"""Seconds between two passes of each."""


@cache
def connectors() -> Mapping[str, Connector]:
    """Vendor -> connector, ours and those of installed packages."""
    return {e.name: e.load() for e in entry_points(group="isthmus.connectors")}


@cache
def connector_packages() -> Mapping[str, str]:
    """Vendor -> package of its connector, where its mappings lie."""
    return {e.name: e.module for e in entry_points(group="isthmus.connectors")}


@cache
def secret_stores() -> Mapping[str, Store]:
    """Scheme -> secret manager, ours and those of installed packages."""
    return {e.name: e.load()() for e in entry_points(group="isthmus.secrets")}


def connector_configs() -> Mapping[str, type[BaseModel]]:
    return {vendor: connector.config for vendor, connector in connectors().items()}


def connector_roles() -> Mapping[str, tuple[Role, ...]]:
    return {vendor: connector.roles for vendor, connector in connectors().items()}


def load_landscape(path: Path) -> Landscape:
    """Raises LandscapeError with every mistake and its line."""
    return load(
        path, connector_configs(), plays=connector_roles(), event_types=CATALOGUE,
        flows=FLOW_NAMES, access_roles=tuple(AccessRole), stores=secret_stores(),
    )  # fmt: skip


def check_landscape(path: Path) -> Reading:
    """The landscape, if it can be used, and every mistake in it."""
    return check(
        path, connector_configs(), plays=connector_roles(), event_types=CATALOGUE,
        flows=FLOW_NAMES, access_roles=tuple(AccessRole), stores=secret_stores(),
    )  # fmt: skip


def roles_of(landscape: Landscape, connection: str) -> frozenset[Role]:
    """Roles that a connection plays for anyone, at any time."""
    return frozenset(
        role
        for role in (Role.CRM, Role.PSA, Role.ERP, Role.HCM)
        if any(b.connection == connection for b in landscape.roles.of(role))
    )


def quota_of(connection: OpenedConnection) -> Quota:
    """What the vendor publishes, with the firm's own share where the landscape has one."""
    published = connectors()[connection.vendor].quota(connection.config)
    share = connection.quota
    if share is None:
        return published
    if share.calls is not None:
        published = replace(published, calls=share.calls, per=share.per)
    if share.daily is not None:
        published = replace(published, daily=share.daily, daily_is_ours=True)
    return published


def open_systems(
    landscape: Landscape, gates: Mapping[str, Gate] | None = None
) -> dict[str, Connected]:
    """Every connection, platforms before what lives on them."""
    opened: dict[str, Connected] = {}
    in_order = sorted(landscape.connections.values(), key=lambda c: c.platform is not None)
    for connection in in_order:
        host = opened[connection.platform] if connection.platform else None
        context = ConnectionContext(
            connection.name,
            landscape.overlays(connection.name),
            host.system.transport if host else None,
            (gates or {}).get(connection.name),
        )
        system = connectors()[connection.vendor].open(context, connection.config)
        space = host.space if host else connection.name
        opened[connection.name] = Connected(system, roles_of(landscape, connection.name), space)
    return opened


class App:
    """One process of Isthmus: what it is made of, and its background work."""

    def __init__(
        self,
        settings: Settings,
        landscape: Landscape,
        database: Database,
        *,
        embedded: EmbeddedPostgres | None = None,
        observer: Observer | None = None,
        retry: RetryPolicy | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.settings, self.landscape, self.database = settings, landscape, database
        self.embedded = embedded
        self.outbox = Outbox()
        self.telemetry = Telemetry(database)
        self.ingest = Ingest(database, self.outbox, landscape.ownership_table())
        self.ingest.telemetry = self.telemetry
        self.governor = Governor(database, self.outbox, lease=settings.worker_lease)
        self.gates = {
            connection.name: SharedGate(
                connection.name, quota_of(connection), self.governor, called=self.telemetry.called
            )
            for connection in landscape.connections.values()
            if connection.platform is None
        }
        self.connected = open_systems(landscape, self.gates)
        self.links = Links(self.connected, landscape, database, self.ingest)
        self.engine = Engine(
            database, self.outbox, self.links, landscape, (*FLOWS, *RECONCILING),
            observer=observer, retry=retry,
            places={RUNS: settings.worker_concurrency, BATCHES: settings.worker_batches},
            lease_seconds=settings.worker_lease.total_seconds(),
        )  # fmt: skip
        self.engine.telemetry = self.telemetry
        self.waker = Waker(self.engine)
        self.readers = {name: self._reader(c) for name, c in self.connected.items()}
        self.feed = Feed(database)
        self.exposition = Exposition(database, landscape)
        self.relays = self._relays(pace)
        self._tasks: list[asyncio.Task[None]] = []
        self._works = False

    @classmethod
    async def open(
        cls,
        settings: Settings,
        landscape: Landscape | None = None,
        *,
        observer: Observer | None = None,
        retry: RetryPolicy | None = None,
    ) -> App:
        """Start the embedded database where none is named, bring the schema up to date, connect.

        Where that fails, what was started is stopped again.
        """
        landscape = landscape or load_landscape(settings.landscape)
        url, embedded = await database_of(settings)
        async with AsyncExitStack() as undo:
            if embedded is not None:
                undo.push_async_callback(asyncio.to_thread, embedded.stop)
            app = cls(settings, landscape, Database(url), embedded=embedded,
                      observer=observer, retry=retry)  # fmt: skip
            undo.pop_all()
            undo.push_async_callback(app.close)
            await upgrade(app.database.engine)
            await app.engine.prepare()
            await app._seed_legal_entities()
            undo.pop_all()
        return app

    def _reader(self, connected: Connected) -> Reader:
        default = self.settings.poll_every

        def interval(kind: str) -> float | None:
            pause = self.landscape.poll_interval(connected.name, kind, default)
            return None if pause is None else pause.total_seconds()

        return Reader(connected, self.database, self.ingest, interval, self._after_page)

    def _relays(self, pace: Pace | None) -> list[Relay]:
        """Raises MissingClient."""
        for name, destination in self.landscape.destinations.items():
            ensure_client(name, destination)
        return [
            Relay(name, destination, self.database, self.feed,
                  lease_seconds=self.settings.worker_lease.total_seconds(), pace=pace,
                  residence=residence_of(self.landscape, f"destination {name}",
                                         destination.region))
            for name, destination in self.landscape.destinations.items()
        ]  # fmt: skip

    async def _after_page(self, model: type[CanonicalObject]) -> None:
        if model is TimeEntry:
            await batch_time(self.database, self.outbox)
        elif model is ExpenseEntry:
            await batch_expenses(self.database, self.outbox)

    async def _seed_legal_entities(self) -> None:
        """The firm's companies are known from the landscape before any system names them."""
        async with self.database.begin() as tx:
            await tx.lock("legal_entities")
            for code, entity in self.landscape.firm.legal_entities.items():
                if not await tx.records.list(LegalEntity, code=code):
                    await tx.records.save(
                        LegalEntity(
                            id=derived_id("legal_entity", code), code=code,
                            country=entity.country, currency=entity.currency,
                        )
                    )  # fmt: skip

    async def _assess_anew(self) -> None:
        """The landscape may be another than the one by which open holds were assessed."""
        async with self.database.begin() as tx:
            await tx.queues.look_at_all()

    async def start(self, *, worker: bool = True, readers: bool = True) -> None:
        """Begin the background work of this process."""
        self.telemetry.export()
        self._tasks.append(asyncio.create_task(self.telemetry.run(), name="telemetry"))
        every = self.settings.secrets_every.total_seconds()
        self._tasks.append(asyncio.create_task(renew_secrets(every), name="secrets"))
        if worker:
            self._works = True
            await self.engine.start()
            self._tasks.append(asyncio.create_task(self.waker.run(), name="waker"))
            await self._assess_anew()
            site = self.settings.public_url
            queues: dict[str, Ask] = {**QUEUES, "desks": partial(forward, site=site)}
            self._tasks += [
                asyncio.create_task(by_the_clock(self.engine, name, ask, QUEUES_EVERY), name=name)
                for name, ask in queues.items()
            ]
            self._tasks.append(asyncio.create_task(bill_by_the_clock(self.engine), name="billing"))
            if self.landscape.sla:
                watch_ = partial(watch, site=site)
                watching = by_the_clock(self.engine, "alerts", watch_, ALERTS_EVERY)
                self._tasks.append(asyncio.create_task(watching, name="alerts"))
            self._tasks += [
                asyncio.create_task(by_the_clock(self.engine, name, ask), name=name)
                for name, ask in CALENDAR.items()
            ]
            self._tasks += [asyncio.create_task(r.run(), name=f"to:{r.name}") for r in self.relays]
        if readers:
            self._tasks += [
                asyncio.create_task(reader.run(), name=f"reader:{name}")
                for name, reader in self.readers.items()
            ]

    async def close(self) -> None:
        """Drain and release everything; the embedded database stops if nobody else uses it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._works:
            drain = self.settings.worker_drain.total_seconds()
            await self.engine.stop(drain_seconds=drain)
        else:
            await self.engine.close()
        for connected in self.connected.values():
            await connected.system.close()
        for gate in self.gates.values():
            await gate.close()
        await self.telemetry.close()
        await self.database.close()
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.stop)

    async def read(self, connections: Sequence[str] | None = None) -> int:
        """Poll everything once, now; the number of changes delivered."""
        names = connections if connections is not None else list(self.readers)
        return sum([await self.readers[n].messages() + await self.readers[n].poll() for n in names])


async def renew_secrets(every: float) -> None:
    """Until cancelled. A secret that was refused is looked up at once, and not here."""
    while True:
        await asyncio.sleep(every)
        if changed := await asyncio.to_thread(look_again):
            log.info("secrets.renewed", number=changed)


async def bill_by_the_clock(engine: Engine, every: float = CALENDAR_EVERY) -> None:
    await by_the_clock(engine, "billing", bill_when_due, every)


async def by_the_clock(
    engine: Engine,
    what: str,
    ask: Ask,
    every: float = CALENDAR_EVERY,
) -> None:
    """Look at the calendar until cancelled; an outage of the database is waited out. `ask` starts
    what is due, and gives the number of runs or holds that it concerns.
    """
    while True:
        try:
            concerned = await ask(engine, utc_now())
            if concerned:
                log.info(f"{what}.asked", number=concerned)
        except SQLAlchemyError as error:
            log.warning(f"{what}.paused", reason=str(error).splitlines()[0])
        except Exception:
            # The edge of a task: one failure must not end it until the next restart.
            log.exception(f"{what}.defect")
        await asyncio.sleep(every)


async def database_of(settings: Settings) -> tuple[str, EmbeddedPostgres | None]:
    """The named server, or the embedded one of this home, started."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value(), None
    embedded = EmbeddedPostgres(settings.home)
    return await asyncio.to_thread(embedded.start), embedded
