"""Connected systems with a canonical face: canonical ids in, canonical objects out.

A flow says `links.erp(legal_entity).put(customer, key)`; which vendor answers, and under which id
it knows the customer, is settled here with the landscape and the cross-reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from isthmus.canonical import CanonicalObject
from isthmus.canonical.base import Role
from isthmus.connect import Capability, Change, ConnectError, Outgoing, Receipt, System
from isthmus.events.first_reading import ensure_read
from isthmus.events.ingest import Ingest
from isthmus.events.linking import link
from isthmus.events.pointing import pointed_at, translated
from isthmus.kit.clock import utc_now
from isthmus.landscape import Landscape
from isthmus.store.database import Database, Transaction
from isthmus.store.entry_kinds import ENTRY_KINDS

T = TypeVar("T", bound=CanonicalObject)


@dataclass(frozen=True)
class Connected:
    """A connection in use. `space` is where its ids are unique: itself, or its platform."""

    system: System
    roles: frozenset[Role]
    space: str

    @property
    def name(self) -> str:
        return self.system.name


@dataclass(frozen=True)
class TheirIds:
    """The ids that a system has for some objects and for what these point at."""

    named: Mapping[tuple[str, str], str]
    """By kind and canonical id."""
    own: Mapping[str, str]
    """By canonical id."""


class Link:
    """One connected system."""

    def __init__(self, connected: Connected, database: Database, ingest: Ingest) -> None:
        self._connected, self._database, self._ingest = connected, database, ingest
        self.name = connected.name
        self.space = connected.space

    def capability(self, model: type[CanonicalObject]) -> Capability:
        return self._connected.system.capabilities.get(model, Capability())

    async def external_id(self, model: type[CanonicalObject], canonical_id: str) -> str | None:
        async with self._database.begin() as tx:
            return await tx.xref.external(model.kind, self.space, canonical_id)

    async def refresh(self, model: type[T], canonical_id: str) -> T:
        """Read the object again from this system, take in what it owns, return the whole."""
        external_id = await self.external_id(model, canonical_id)
        if external_id is not None:
            change = await self._connected.system.get(model, external_id)
            if change is not None:
                await self._ingest.take(self._connected, [change])
        async with self._database.begin() as tx:
            return await tx.records.get(model, canonical_id)

    async def read_again(self, model: type[CanonicalObject], external_ids: Sequence[str]) -> None:
        """Take in what the system says now of rows that are no records. One that it does not show
        any more is deleted.
        """
        changes = []
        for id in external_ids:
            found = await self._connected.system.get(model, id)
            changes.append(found or Change(model, id, utc_now(), {}, deleted=True))
        await self._ingest.take(self._connected, changes)

    async def unlink_gone(self, model: type[CanonicalObject], canonical_id: str) -> None:
        """An object that this system had and does not show any more is new to it from now on."""
        external_id = await self.external_id(model, canonical_id)
        if external_id is None or await self._connected.system.get(model, external_id):
            return
        async with self._database.begin() as tx:
            await tx.xref.unlink(model.kind, canonical_id, self.space)

    async def find(
        self, model: type[CanonicalObject], criteria: Mapping[str, str]
    ) -> Sequence[Change]:
        return await self._connected.system.find(model, criteria)

    async def adopt(self, model: type[CanonicalObject], canonical_id: str, change: Change) -> None:
        """The system's record is our object: link it, then take in what the system owns."""
        await self.know(model, canonical_id, change.external_id)
        await self._ingest.take(self._connected, [change])

    async def know(self, model: type[CanonicalObject], canonical_id: str, external_id: str) -> None:
        """The system's record is our object; what it says is not asked. Raises XrefConflict."""
        async with self._database.begin() as tx:
            to = (model.kind, canonical_id, self.space, external_id)
            await link(tx, self._ingest.outbox, *to)

    async def put(self, obj: T, key: str, *, only: frozenset[str] | None = None) -> T:
        """Write one object and take in what the system answers; the object as it is now."""
        [outgoing] = await self._outgoing([obj], key, only)
        receipt = await self._connected.system.put(outgoing)
        await self._received(obj, receipt)
        async with self._database.begin() as tx:
            return await tx.records.find(type(obj), obj.id) or obj

    async def put_many(
        self,
        objs: Sequence[CanonicalObject],
        key: str,
        *,
        only: frozenset[str] | None = None,
        ids: TheirIds | None = None,
    ) -> Sequence[Receipt | ConnectError]:
        """Write rows that are no records (time, expenses); answers in their order, untouched.
        Who writes many in parts asks for their `ids` once, by `ids_of`.
        """
        return await self._connected.system.put_many(await self._outgoing(objs, key, only, ids))

    async def ids_of(
        self,
        tx: Transaction,
        objs: Sequence[CanonicalObject],
        only: frozenset[str] | None = None,
    ) -> TheirIds:
        """For a write of all attributes or of some. Raises NotReadYet where the system may have
        what these point at, and was not read for it to the end yet.
        """
        wanted = pointed_at(objs)
        named = await tx.xref.external_of(self.space, wanted)
        written = wanted if only is None else pointed_at(objs, only)
        await ensure_read(tx, self._connected, written, named)
        return TheirIds(named, await self._own_ids(tx, objs))

    async def _outgoing(
        self,
        objs: Sequence[CanonicalObject],
        key: str,
        only: frozenset[str] | None,
        ids: TheirIds | None = None,
    ) -> list[Outgoing]:
        if ids is None:
            async with self._database.begin() as tx:
                ids = await self.ids_of(tx, objs, only)
        named, own = ids.named, ids.own
        return [
            Outgoing(translated(obj, named), f"{key}:{obj.id}", own.get(obj.id), only)
            for obj in objs
        ]

    async def _own_ids(self, tx: Transaction, objs: Sequence[CanonicalObject]) -> dict[str, str]:
        if objs and objs[0].kind in ENTRY_KINDS:
            ids = [o.id for o in objs]
            return await tx.entries_of(objs[0].kind).external_ids(self.name, ids)
        return await tx.xref.external_many(objs[0].kind, self.space, [o.id for o in objs])

    async def _received(self, obj: CanonicalObject, receipt: Receipt) -> None:
        await self.know(type(obj), obj.id, receipt.external_id)
        if receipt.attributes:
            change = Change(
                type(obj), receipt.external_id, utc_now(), receipt.attributes, canonical_id=obj.id
            )
            await self._ingest.take(self._connected, [change])


class Links:
    """All connected systems; roles are resolved by the landscape for today."""

    def __init__(
        self,
        connected: Mapping[str, Connected],
        landscape: Landscape,
        database: Database,
        ingest: Ingest,
    ) -> None:
        self.connected = connected
        self.ingest = ingest
        self._landscape, self._database = landscape, database
        ingest.learn(connected.values())

    def of(self, connection: str) -> Link:
        return Link(self.connected[connection], self._database, self.ingest)

    def playing(self, role: Role, legal_entity: str | None = None, on: date | None = None) -> Link:
        day = on or utc_now().date()
        return self.of(self._landscape.connection_for(role, legal_entity, on=day))

    def all_playing(self, role: Role) -> list[Link]:
        names = self._landscape.connections_for(role, on=utc_now().date())
        return [self.of(name) for name in names]

    def all_playing_crm(self) -> list[Link]:
        return self.all_playing(Role.CRM)

    def crm(self, legal_entity: str | None = None) -> Link:
        return self.playing(Role.CRM, legal_entity)

    def psa(self, legal_entity: str | None = None) -> Link:
        return self.playing(Role.PSA, legal_entity)

    def erp(self, legal_entity: str | None = None) -> Link:
        return self.playing(Role.ERP, legal_entity)

    def writing(self, model: type[CanonicalObject], space: str) -> Link | None:
        """A connection that writes such objects where ids are of this space: a PSA that lives in
        a CRM's org has its customers from there.
        """
        names = (name for name, c in self.connected.items() if c.space == space)
        return next((k for k in map(self.of, names) if k.capability(model).writes), None)

    async def knowing(self, kind: str, canonical_id: str) -> list[Link]:
        """Every system in which the object exists; one link per space."""
        async with self._database.begin() as tx:
            spaces = {space for k, space, _ in await tx.xref.all_of(canonical_id) if k == kind}
        found = {
            c.space: name for name, c in reversed(list(self.connected.items())) if c.space in spaces
        }
        return [self.of(name) for name in found.values()]
