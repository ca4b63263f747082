"""The composition root: binds roles to connectors from the landscape, and alone knows both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog

from isthmus.background import Background, renew_secrets
from isthmus.canonical import CanonicalObject, ExpenseEntry, LegalEntity, TimeEntry
from isthmus.canonical.base import Role
from isthmus.connect import ConnectionContext, Gate, Quota
from isthmus.engine import BATCHES, RUNS, Engine, Governor, Observer, RetryPolicy, SharedGate, Waker
from isthmus.events.batching import batch_expenses, batch_time
from isthmus.events.destinations import ensure_client
from isthmus.events.feed import Feed
from isthmus.events.ingest import Ingest
from isthmus.events.links import Connected, Links
from isthmus.events.outbox import Outbox
from isthmus.events.personal import residence_of
from isthmus.events.reader import Reader
from isthmus.events.relay import Pace, Relay
from isthmus.flows import FLOWS
from isthmus.installed import connectors, load_landscape
from isthmus.kit.ids import derived_id
from isthmus.landscape import Landscape
from isthmus.landscape.connection import OpenedConnection
from isthmus.observe.metrics import Exposition
from isthmus.observe.telemetry import Telemetry
from isthmus.reconcile.flows import RECONCILING
from isthmus.settings import Settings
from isthmus.store.database import Database
from isthmus.store.embedded import EmbeddedPostgres
from isthmus.store.migrate import upgrade

log = structlog.get_logger()


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
        self.background = Background()
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
        begin = self.background.begin
        self.telemetry.export()
        begin("telemetry", self.telemetry.run())
        begin("secrets", renew_secrets(self.settings.secrets_every.total_seconds()))
        if worker:
            self._works = True
            await self.engine.start()
            begin("waker", self.waker.run())
            await self._assess_anew()
            self.background.begin_clocks(self.engine, self.settings.public_url)
            for relay in self.relays:
                begin(f"to:{relay.name}", relay.run())
        if readers:
            for name, reader in self.readers.items():
                begin(f"reader:{name}", reader.run())

    async def close(self) -> None:
        """Drain and release everything; the embedded database stops if nobody else uses it."""
        await self.background.stop()
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


async def database_of(settings: Settings) -> tuple[str, EmbeddedPostgres | None]:
    """The named server, or the embedded one of this home, started."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value(), None
    embedded = EmbeddedPostgres(settings.home)
    return await asyncio.to_thread(embedded.start), embedded
