"""Connected systems with a canonical face: canonical ids in, canonical objects out.

A flow says `links.erp(legal_entity).put(customer, key)`; which vendor answers, and under which id
it knows the customer, is settled here with the landscape and the cross-reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel

from isthmus.canonical import CanonicalObject
from isthmus.canonical.base import Role, references
from isthmus.connect import Capability, Change, ConnectError, Outgoing, Receipt, System
from isthmus.events.first_reading import ensure_read
from isthmus.events.ingest import Ingest
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


def referenced(obj: BaseModel, only: frozenset[str] | None = None) -> dict[str, set[str]]:
    """Kind -> ids that an object and its parts point at, by all attributes or by some."""
    found: dict[str, set[str]] = {}
    for name, kind in references(type(obj)).items():
        if (only is None or name in only) and (value := getattr(obj, name)):
            found.setdefault(kind, set()).add(value)
    for part in _parts(obj, only):
        for kind, ids in referenced(part).items():
            found.setdefault(kind, set()).update(ids)
    return found


def _parts(obj: BaseModel, only: frozenset[str] | None) -> list[BaseModel]:
    return [
        item
        for name in _lists(type(obj))
        if only is None or name in only
        for item in getattr(obj, name)
        if isinstance(item, BaseModel)
    ]


@cache
def _lists(model: Any) -> tuple[str, ...]:
    """Attributes that hold any number of parts."""
    return tuple(n for n, f in model.model_fields.items() if get_origin(f.annotation) is tuple)


def translated(obj: Any, ids: Mapping[tuple[str, str], str]) -> Any:
    """A copy whose references are the target's ids; an optional one it does not know is None.

    A required reference that the target does not know stays as it is: a connector that writes it
    is refused by its vendor, one that does not map it never sees it.
    """
    changes: dict[str, Any] = {}
    model: Any = type(obj)
    for name, kind, required in _named(model):
        if value := getattr(obj, name):
            changes[name] = ids.get((kind, value), value if required else None)
    for name in _lists(model):
        value = getattr(obj, name)
        if value and isinstance(value[0], BaseModel):
            changes[name] = tuple(translated(item, ids) for item in value)
    if isinstance(obj, CanonicalObject):
        return obj.with_values(changes)
    return obj.model_copy(update=changes)


@cache
def _named(model: Any) -> tuple[tuple[str, str, bool], ...]:
    """References of a model: attribute, kind, whether it must be there."""
    fields = model.model_fields
    return tuple((n, kind, fields[n].is_required()) for n, kind in references(model).items())


def _pointed_at(
    objs: Sequence[CanonicalObject], only: frozenset[str] | None = None
) -> dict[str, set[str]]:
    """Kind -> ids that any of the objects points at."""
    wanted: dict[str, set[str]] = {}
    for obj in objs:
        if _lists(type(obj)):
            for kind, ids in referenced(obj, only).items():
                wanted.setdefault(kind, set()).update(ids)
            continue
        for name, kind, _ in _named(type(obj)):
            if (only is None or name in only) and (value := getattr(obj, name)):
                wanted.setdefault(kind, set()).add(value)
    return wanted


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
        async with self._database.begin() as tx:
            await tx.xref.link(model.kind, canonical_id, self.space, change.external_id)
        await self._ingest.take(self._connected, [change])

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
        wanted = _pointed_at(objs)
        named = await tx.xref.external_of(self.space, wanted)
        written = wanted if only is None else _pointed_at(objs, only)
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
        async with self._database.begin() as tx:
            await tx.xref.link(obj.kind, obj.id, self.space, receipt.external_id)
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

    async def knowing(self, kind: str, canonical_id: str) -> list[Link]:
        """Every system in which the object exists; one link per space."""
        async with self._database.begin() as tx:
            spaces = {space for k, space, _ in await tx.xref.all_of(canonical_id) if k == kind}
        found = {
            c.space: name for name, c in reversed(list(self.connected.items())) if c.space in spaces
        }
        return [self.of(name) for name in found.values()]
