"""One Tryton database as a System."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

from isthmus.canonical import CanonicalObject, JournalEntry
from isthmus.connect.errors import (
    ConnectError,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from isthmus.connect.system import (
    Capability,
    Change,
    ConnectionContext,
    Health,
    Notice,
    Outgoing,
    Page,
    Receipt,
    Reply,
    Webhook,
)
from isthmus.connect.watermark import Watermark
from isthmus.connectors.tryton.catalogue import Catalogue
from isthmus.connectors.tryton.client import TrytonClient
from isthmus.connectors.tryton.config import TrytonConfig
from isthmus.connectors.tryton.credit_memo import CreditMemos
from isthmus.connectors.tryton.customer import Customers
from isthmus.connectors.tryton.dimensions import AccountingPeriods, CostCentres, LegalEntities
from isthmus.connectors.tryton.invoice import Invoices
from isthmus.connectors.tryton.journal_entry import JournalEntries
from isthmus.connectors.tryton.payment import Payments
from isthmus.connectors.tryton.project import Projects
from isthmus.connectors.tryton.table import Table


class TrytonSystem:
    def __init__(self, context: ConnectionContext, config: TrytonConfig) -> None:
        self.name = context.name
        self._client = TrytonClient(context.name, config, context.gate)
        self.transport: object = self._client
        catalogue = Catalogue(self._client, config)
        overlays = context.overlays
        tables: tuple[Table, ...] = (
            LegalEntities(self._client, overlays, config.companies),
            CostCentres(self._client, overlays),
            AccountingPeriods(self._client, overlays),
            Customers(self._client, overlays, catalogue),
            Projects(self._client, overlays, catalogue),
            Invoices(self._client, overlays, catalogue),
            CreditMemos(self._client, overlays, catalogue),
            Payments(self._client, overlays),
            JournalEntries(self._client, overlays, catalogue),
        )
        self._tables = {table.model: table for table in tables}
        self.capabilities: Mapping[type[CanonicalObject], Capability] = {
            **{model: table.capability for model, table in self._tables.items()},
            JournalEntry: replace(
                self._tables[JournalEntry].capability, accounts=frozenset(config.accounts)
            ),
        }
        self._writing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def changes(self, model: type[CanonicalObject], since: Watermark) -> AsyncIterator[Page]:
        return self._table(model).changes(since)

    async def get(self, model: type[CanonicalObject], external_id: str) -> Change | None:
        return await self._table(model).get(external_id)

    async def find(
        self, model: type[CanonicalObject], criteria: Mapping[str, str]
    ) -> Sequence[Change]:
        return await self._table(model).find(criteria)

    async def put(self, outgoing: Outgoing) -> Receipt:
        """Searching before creating is safe only with one writer per object."""
        lock = self._writing.setdefault(outgoing.obj.id, asyncio.Lock())
        async with lock:
            return await self._table(type(outgoing.obj)).put(outgoing)

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        """One by one: a bulk call is one transaction in Tryton, all or nothing."""
        results: list[Receipt | ConnectError] = []
        for outgoing in batch:
            try:
                results.append(await self.put(outgoing))
            except (Unavailable, Throttled, Unauthorized):
                raise
            except ConnectError as error:
                results.append(error)
        return results

    def receive(self, webhook: Webhook) -> tuple[Sequence[Notice], Reply]:
        raise Refused(self.name, "Tryton sends no webhooks; its changes are polled")

    async def health(self) -> Health:
        try:
            found = await self._client.call("res.user", "get_preferences", True)
        except ConnectError as error:
            return Health(False, str(error))
        return Health(True, f"signed in for {found['company.rec_name']}")

    async def close(self) -> None:
        await self._client.close()

    def _table(self, model: type[CanonicalObject]) -> Table:
        if model not in self._tables:
            raise Refused(self.name, f"this connector has no {model.kind}")
        return self._tables[model]
