"""Which of our companies bill a customer (OneWorld): its own and the ones linked to it."""

from __future__ import annotations

from isthmus.connect.errors import Duplicate
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Desk
from isthmus.kit.ids import derived_id

RELATIONSHIP = "customerSubsidiaryRelationship"


class SubsidiaryLinks:
    """Makes the missing link before a second company bills a customer, and remembers it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._linked: set[tuple[str, str]] = set()

    async def ensure(self, customer: str, subsidiary: str) -> None:
        if (customer, subsidiary) in self._linked:
            return
        record = await self._desk.client.record("customer", wire.number(customer))
        if record is not None and wire.id_of(record.get("subsidiary")) != subsidiary:
            await self._link(customer, subsidiary)
        self._linked.add((customer, subsidiary))

    async def _link(self, customer: str, subsidiary: str) -> None:
        """A link that somebody made by hand has another key; NetSuite then says duplicate."""
        body = {"entity": wire.ref(customer), "subsidiary": wire.ref(subsidiary)}
        key = derived_id(self._desk.client.system, RELATIONSHIP, customer, subsidiary)
        try:
            await self._desk.client.upsert(RELATIONSHIP, key, {**body, "externalId": key})
        except Duplicate:
            return
