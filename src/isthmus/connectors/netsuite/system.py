"""One NetSuite account as a System: each model has its object, each object its own file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from isthmus.canonical import CanonicalObject, TimeEntry
from isthmus.connect import (
    Capability,
    Change,
    ConnectionContext,
    Health,
    Notice,
    Outgoing,
    Page,
    Receipt,
    Reply,
    Watermark,
    Webhook,
)
from isthmus.connect.errors import (
    OF_THE_CONNECTION,
    ConnectError,
    Invalid,
    Refused,
    Unauthorized,
    Unavailable,
)
from isthmus.connect.listing import Window
from isthmus.connect.mapping import Mapping as FieldMapping
from isthmus.connect.watermark import fingerprint
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.batch import Batches
from isthmus.connectors.netsuite.client import NetSuiteClient
from isthmus.connectors.netsuite.config import NetSuiteConfig
from isthmus.connectors.netsuite.contract import Contracts
from isthmus.connectors.netsuite.credit_memo import CreditMemos
from isthmus.connectors.netsuite.customer import Customers
from isthmus.connectors.netsuite.dimensions import (
    CostCentres,
    Currencies,
    LegalEntities,
    Periods,
    ProfitCentres,
)
from isthmus.connectors.netsuite.invoice import Invoices
from isthmus.connectors.netsuite.journal_entry import JournalEntries
from isthmus.connectors.netsuite.lists import Lists
from isthmus.connectors.netsuite.payment import Payments
from isthmus.connectors.netsuite.project import Projects
from isthmus.connectors.netsuite.reading import PACKAGE, Desk, Reading
from isthmus.connectors.netsuite.resource import Resources
from isthmus.connectors.netsuite.revenue_schedule import RevenueSchedules
from isthmus.connectors.netsuite.subsidiaries import SubsidiaryLinks
from isthmus.connectors.netsuite.time_bill import TimeBills
from isthmus.connectors.netsuite.time_entry import BATCH, RECORD, TimeEntries
from isthmus.connectors.netsuite.writing import Writes
from isthmus.kit.ids import derived_id


class NetSuite:
    def __init__(self, context: ConnectionContext, config: NetSuiteConfig) -> None:
        self.name = context.name
        self._client = NetSuiteClient(context.name, config, context.gate)
        self.transport: object = self._client
        code = FieldMapping.load(PACKAGE, "legal_entity", context.overlays).attributes["code"].field
        desk = Desk(self._client, Lists(self._client, code), config, context)
        links = SubsidiaryLinks(desk)
        self._batches = Batches(self._client, float(config.poll_seconds))
        self._time = TimeEntries(desk)
        customers, invoices = Customers(desk), Invoices(desk, links)
        memos, journals = CreditMemos(desk), JournalEntries(desk)
        readings: list[Reading] = [
            LegalEntities(desk), CostCentres(desk), ProfitCentres(desk), Periods(desk),
            Currencies(desk), Resources(desk), customers, invoices, Payments(desk),
            memos, journals, RevenueSchedules(desk),
        ]  # fmt: skip
        projects = Projects(desk, links)
        self._reads = {r.model: r for r in readings}
        self._listings: dict[type[CanonicalObject], Reading] = {
            **self._reads, TimeEntry: TimeBills(desk),
        }  # fmt: skip
        self.listed = frozenset(self._listings)
        self._writes: dict[type[CanonicalObject], Writes] = {
            customers.model: customers,
            invoices.model: invoices,
            Contracts.model: Contracts(desk),
            memos.model: memos,
            journals.model: journals,
            projects.model: projects,
            TimeEntry: self._time,
        }
        self.capabilities: Mapping[type[CanonicalObject], Capability] = {
            **{r.model: r.capability for r in readings},
            journals.model: replace(journals.capability, accounts=frozenset(config.accounts)),
            Contracts.model: Capability(writes=config.billing_schedules),
            projects.model: projects.capability,
            self._time.model: self._time.capability,
        }

    def changes(self, model: type[CanonicalObject], since: Watermark) -> AsyncIterator[Page]:
        return self._reading(model).changes(since)

    def listing(
        self, model: type[CanonicalObject], window: Window | None
    ) -> AsyncIterator[Sequence[Change]]:
        if model not in self._listings:
            raise Refused(self.name, f"{model.kind} is not listed from NetSuite")
        return self._listings[model].listing(window)

    async def get(self, model: type[CanonicalObject], external_id: str) -> Change | None:
        return await self._reading(model).get(external_id)

    async def find(
        self, model: type[CanonicalObject], criteria: Mapping[str, str]
    ) -> Sequence[Change]:
        return await self._reading(model).find(criteria)

    def _reading(self, model: type[CanonicalObject]) -> Reading:
        if model not in self._reads:
            raise Refused(self.name, f"{model.kind} is not read from NetSuite")
        return self._reads[model]

    async def put(self, outgoing: Outgoing) -> Receipt:
        model = type(outgoing.obj)
        if model not in self._writes:
            raise Refused(self.name, f"{model.kind} is not written to NetSuite")
        try:
            return await self._writes[model].put(outgoing)
        except ValueError as error:
            raise Invalid(self.name, str(error)) from error

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        """Time entries go a hundred to a call, everything else one by one."""
        results: dict[int, Receipt | ConnectError] = {}
        times = [n for n, out in enumerate(batch) if isinstance(out.obj, TimeEntry)]
        for start in range(0, len(times), BATCH):
            part = times[start : start + BATCH]
            answers = await self._put_times([batch[n] for n in part])
            results |= dict(zip(part, answers, strict=True))
        for n, out in enumerate(batch):
            if n not in results:
                results[n] = await self._one(out)
        return [results[n] for n in range(len(batch))]

    async def _one(self, outgoing: Outgoing) -> Receipt | ConnectError:
        try:
            return await self.put(outgoing)
        except OF_THE_CONNECTION:
            raise
        except ConnectError as error:
            return error

    async def _put_times(self, part: Sequence[Outgoing]) -> list[Receipt | ConnectError]:
        if len(part) == 1:
            return [await self._one(part[0])]
        bodies = {}
        results: dict[int, Receipt | ConnectError] = {}
        for n, out in enumerate(part):
            try:
                bodies[n] = self._time.body(out)
            except Invalid as error:
                results[n] = error
        if bodies:
            before = await self._keys([part[n].obj.id for n in bodies])
            key = _batch_key([part[n].idempotency_key for n in bodies], bodies.values())
            outcomes = await self._batches.run(RECORD, list(bodies.values()), key)
            after = await self._keys([part[n].obj.id for n in bodies])
            for n, failure in zip(bodies, outcomes, strict=True):
                results[n] = failure or self._receipt(part[n].obj.id, before, after)
        return [results[n] for n in range(len(part))]

    def _receipt(
        self, key: str, before: Mapping[str, str], after: Mapping[str, str]
    ) -> Receipt | ConnectError:
        if key in after:
            return Receipt(after[key], key not in before)
        return Unavailable(
            self.name,
            f"the batch reports success for {RECORD} {key}, which is not found",
            outcome_unknown=True,
        )

    async def _keys(self, external_ids: Sequence[str]) -> dict[str, str]:
        """External id -> internal id of the time records that exist."""
        listed = ", ".join(wire.literal(e) for e in external_ids)
        rows = await self._client.suiteql(
            f"SELECT id, externalid FROM timebill WHERE externalid IN ({listed}) ORDER BY id"
        )
        return {str(r["externalid"]): str(r["id"]) for r in rows}

    def receive(self, webhook: Webhook) -> tuple[Sequence[Notice], Reply]:
        raise Unauthorized(
            self.name, "NetSuite sends nothing by itself; this request is not from it"
        )

    async def health(self) -> Health:
        try:
            rows = await self._client.suiteql("SELECT id FROM subsidiary ORDER BY id", limit=1)
        except ConnectError as error:
            return Health(False, str(error))
        if not rows:
            return Health(False, "logged in, but the role sees no subsidiary")
        return Health(True, "SuiteQL answers")

    async def close(self) -> None:
        await self._client.close()


def _batch_key(keys: Iterable[str], bodies: Iterable[Mapping[str, Any]]) -> str:
    """The content is part of it: a corrected batch must not be taken for the one before."""
    return derived_id(*keys, *(fingerprint(body) for body in bodies))
