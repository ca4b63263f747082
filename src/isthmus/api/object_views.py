"""An object as the API shows it: its attributes, who owns them, and where else it is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from isthmus.access import Permission, Principal
from isthmus.access.pii import may_see, may_see_all
from isthmus.app import App
from isthmus.canonical import BY_KIND, CanonicalObject, LegalEntity
from isthmus.canonical.base import Role, attributes, is_pii
from isthmus.kit.ids import is_uuid
from isthmus.landscape.keys import did_you_mean, listed
from isthmus.rules.ownership import Ownership
from isthmus.store.database import Transaction
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.listings import Kept
from isthmus.web.paging import only, sparse
from isthmus.web.preconditions import etag_of
from isthmus.web.problem import FieldError, Refusal, kind_of
from isthmus.web.representations import (
    Companies,
    Representation,
    representation_of,
    schema_version,
)


class Lineage(BaseModel):
    """Where the object is known, and how it became what it is."""

    systems: dict[str, str] = Field(description="Each system's own id of it.")
    version: int = Field(description="Counts the changes.")
    updated_at: datetime


class ObjectView(BaseModel):
    id: str = Field(description="Canonical id.")
    kind: str
    schema_version: str
    attributes: dict[str, Any] = Field(description="As GET .../schema describes them.")
    masked: list[str] = Field(description="Personal attributes that you may not see.")
    owners: dict[str, str] = Field(description="Role that owns each attribute.")
    lineage: Lineage


SparseObject = sparse(ObjectView, "id")


@dataclass(frozen=True)
class Asked:
    """A kind of one role, in a version, for a caller."""

    role: Role
    model: type[CanonicalObject]
    version: int
    ownership: Ownership
    who: Principal
    permission: Permission

    @classmethod
    def of(
        cls, app: App, version: str, role: str, kind: str, who: Principal,
        permission: Permission = Permission.OBJECTS_READ,
    ) -> Asked:  # fmt: skip
        """Raises 404 for a kind of which the role owns nothing."""
        ownership, played = app.ingest.ownership, Role(role)
        theirs = kinds_of(ownership, played)
        if kind not in theirs:
            raise Refusal(
                404, "kind_unknown", f"{role} has no {kind!r}; it has {listed(theirs)}",
                did_you_mean(kind, theirs, "Ask for one of them, or in the role that owns it."),
            )  # fmt: skip
        return cls(played, BY_KIND[kind], int(version[1:]), ownership, who, permission)

    @property
    def kind(self) -> str:
        return self.model.kind

    @property
    def newer(self) -> Representation | None:
        return representation_of(self.kind, self.version)

    @property
    def attributes(self) -> frozenset[str]:
        """By the names of this version."""
        more = self.newer.renamed if self.newer else {}
        return frozenset({"id", *attributes(self.model), *more})

    def owner_of(self, attribute: str) -> Role:
        stored = self.newer.renamed.get(attribute, attribute) if self.newer else attribute
        return self.ownership.rule(self.kind, stored).owner

    def etag(self, kept: Kept) -> str:
        return etag_of(self.kind, kept.id, kept.version, self.version)

    async def companies(self, tx: Transaction) -> Companies | None:
        """None where the version shows the kind as it is stored."""
        if self.newer is None:
            return None
        known = await tx.records.list(LegalEntity)
        return Companies({c.code: c.id for c in known}, {c.id: c.code for c in known})

    async def find(self, app: App, id: str) -> Kept:
        """By canonical id, or by the id that any system gave it. Raises 404."""
        async with app.database.begin() as tx:
            ids = [str(UUID(id))] if is_uuid(id) else await self._named(tx, id)
            found = await tx.listings.objects(
                self.kind, ids=ids, entities=self.who.entities(self.permission), limit=2
            )
        if len(found) != 1:
            raise Refusal(404, "not_found", f"there is no {self.kind} {id!r}", kind_of(404).remedy)
        return found[0]

    async def _named(self, tx: Transaction, id: str) -> list[str]:
        if not id.isprintable():
            return []
        return [found.id for found in await tx.lookup.named(id) if found.kind == self.kind]

    async def refresh(self, app: App, id: str) -> None:
        """Read it from the role's system. Raises 422 where none of that role has it."""
        async with app.database.begin() as tx:
            systems = (await tx.listings.links(self.kind, [id]))[id]
        for connected in app.connected.values():
            external = systems.get(connected.space)
            capability = connected.system.capabilities.get(self.model)
            if self.role in connected.roles and external and capability and capability.reads:
                link = app.links.of(connected.name)
                if self.kind in ENTRY_KINDS:
                    await link.read_again(self.model, [external])
                else:
                    await link.refresh(self.model, id)
                return
        raise Refusal(
            422, "not_in_system", f"no {self.role} system that can be read has {self.kind} {id}",
            "Ask without `fresh`, or in another role.",
        )  # fmt: skip

    async def whole(self, app: App, kept: Kept, chosen: frozenset[str] | None) -> ObjectView:
        async with app.database.begin() as tx:
            links = await tx.listings.links(self.kind, [kept.id])
            companies = await self.companies(tx)
        return view_of(self, kept, links[kept.id], companies, chosen)


def kinds_of(ownership: Ownership, role: Role) -> frozenset[str]:
    """Kinds that the role is the system of record of, or owns an attribute of."""
    owned = {kind for (kind, _), rule in ownership.rules.items() if rule.owner is role}
    return frozenset(owned | {k for k, m in BY_KIND.items() if m.system_of_record is role})


def view_of(
    asked: Asked,
    kept: Kept,
    systems: Mapping[str, str],
    companies: Companies | None,
    chosen: frozenset[str] | None,
) -> ObjectView:
    hidden = not may_see(asked.who, asked.kind, kept.data)
    masked = [n for n in asked.model.model_fields if hidden and is_pii(asked.model, n)]
    model = asked.model.model_validate({"id": kept.id, **kept.data})
    values = {
        name: value
        for name, value in model.model_dump(mode="json", exclude={"id"}).items()
        if name not in masked
    }
    if asked.newer is not None and companies is not None:
        values = asked.newer.shown(values, companies)
    shown = only(values, chosen)
    return ObjectView(
        id=kept.id, kind=asked.kind, attributes=shown,
        schema_version=schema_version(asked.model, asked.version),
        masked=[n for n in masked if chosen is None or n in chosen],
        owners={name: asked.owner_of(name).value for name in shown},
        lineage=Lineage(systems=dict(systems), version=kept.version, updated_at=kept.updated_at),
    )  # fmt: skip


def where_of(asked: Asked, where: Sequence[str] | None) -> dict[str, Any]:
    """Raises 422 for what is no `attribute:value` of the kind."""
    equal: dict[str, Any] = {}
    stored = frozenset(attributes(asked.model))
    for one in where or ():
        name, colon, value = one.partition(":")
        if not colon or name not in stored or not value.isprintable():
            raise Refusal(
                422, "field_unknown", f"{one[:100]!r} chooses nothing: {name[:100]!r} is no text "
                f"attribute of {asked.kind}",
                did_you_mean(name, stored, "Write `attribute:value`."),
                errors=[FieldError(field="query.where", reason=f"{name[:100]!r} is unknown")],
            )  # fmt: skip
        if is_pii(asked.model, name) and not may_see_all(asked.who, asked.permission):
            raise Refusal(403, "forbidden", f"{name} is personal", kind_of(403).remedy)
        equal[name] = value
    return equal
