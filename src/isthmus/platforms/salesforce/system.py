"""The System of everything that lives in a Salesforce org: it finds the object file and asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from isthmus.canonical import CanonicalObject
from isthmus.connect import (
    Capability,
    Change,
    ConnectError,
    Health,
    Notice,
    Outgoing,
    Page,
    Receipt,
    Refused,
    Reply,
    Watermark,
    Webhook,
)
from isthmus.connect.listing import Window
from isthmus.platforms.salesforce.outbound import OutboundMessages
from isthmus.platforms.salesforce.sobject import SObject
from isthmus.platforms.salesforce.transport import SalesforceTransport


class SalesforceSystem:
    """`shared` transports belong to another connection, which closes them."""

    def __init__(
        self,
        name: str,
        transport: SalesforceTransport,
        objects: Sequence[SObject],
        outbound: OutboundMessages,
        *,
        shared: bool = False,
    ) -> None:
        self.name = name
        self.transport: object = transport
        self._org = transport
        self.capabilities: Mapping[type[CanonicalObject], Capability] = {
            o.model: o.capability for o in objects
        }
        self._objects = {o.model: o for o in objects}
        self.listed = frozenset(o.model for o in objects if o.capability.reads)
        self._outbound = outbound
        self._shared = shared

    def _object(self, model: type[CanonicalObject], ability: str) -> SObject:
        found = self._objects.get(model)
        if found is None or not getattr(found.capability, ability):
            raise Refused(self.name, f"this connector has no {ability} of {model.kind}")
        return found

    def changes(self, model: type[CanonicalObject], since: Watermark) -> AsyncIterator[Page]:
        return self._object(model, "reads").changes(since)

    def listing(
        self, model: type[CanonicalObject], window: Window | None
    ) -> AsyncIterator[Sequence[Change]]:
        return self._object(model, "reads").listing(window)

    async def get(self, model: type[CanonicalObject], external_id: str) -> Change | None:
        return await self._object(model, "reads").get(external_id)

    async def find(
        self, model: type[CanonicalObject], criteria: Mapping[str, str]
    ) -> Sequence[Change]:
        found = self._object(model, "finds_by")
        unknown = set(criteria) - set(found.capability.finds_by)
        if unknown or not criteria:
            raise Refused(
                self.name,
                f"{model.kind} is found by {', '.join(found.capability.finds_by)}, "
                f"not by {', '.join(sorted(unknown)) or 'nothing'}",
            )
        return await found.find(criteria)

    async def put(self, outgoing: Outgoing) -> Receipt:
        [result] = await self.put_many([outgoing])
        if isinstance(result, ConnectError):
            raise result
        return result

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        """Objects of several kinds are written kind by kind, answers keep the order."""
        results: dict[int, Receipt | ConnectError] = {}
        for model in dict.fromkeys(type(o.obj) for o in batch):
            mine = {i: o for i, o in enumerate(batch) if type(o.obj) is model}
            try:
                written = await self._object(model, "writes").put_many(list(mine.values()))
            except Refused as error:
                written = [error] * len(mine)
            results.update(zip(mine, written, strict=True))
        return [results[place] for place in range(len(batch))]

    def receive(self, webhook: Webhook) -> tuple[Sequence[Notice], Reply]:
        return self._outbound.receive(webhook)

    async def health(self) -> Health:
        try:
            await self._org.limits()
        except ConnectError as error:
            return Health(ok=False, detail=str(error))
        usage = self._org.api_usage
        detail = f"API {self._org.settings.api_version}"
        return Health(ok=True, detail=f"{detail}, {usage}" if usage else detail)

    async def close(self) -> None:
        if not self._shared:
            await self._org.close()
