"""Writes of objects: to the system that owns the attributes, by its connector, once for a key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from isthmus.api.object_views import Asked
from isthmus.app import App
from isthmus.canonical import CanonicalObject
from isthmus.engine.correction_places import ensure_stays, ensure_theirs
from isthmus.events.links import Link
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import derived_id
from isthmus.store.listings import Kept
from isthmus.web.problem import FieldError, Refusal, kind_of


async def update_object(
    app: App, asked: Asked, kept: Kept, attributes: Mapping[str, Any], key: str
) -> Kept:
    values = await _stored_values(app, asked, attributes)
    current = asked.model.model_validate({"id": kept.id, **kept.data})
    wanted = _valid(asked, {**current.model_dump(mode="json"), **values})
    within = asked.who.entities(asked.permission)
    async with app.database.begin() as tx:
        for attribute in values:
            await ensure_stays(tx, current, wanted, attribute, within)
    link = await _writable_link(app, asked, kept.id)
    await link.put(wanted, _key(asked, key), only=frozenset(values))
    await link.refresh(asked.model, kept.id)
    return await asked.find(app, kept.id)


async def create_object(
    app: App, asked: Asked, attributes: Mapping[str, Any], legal_entity: str | None, key: str
) -> Kept:
    """Its id is made of the key, so that a repeat after a lost answer makes no second one."""
    asked.who.ensure(asked.permission, legal_entity)
    values = await _stored_values(app, asked, attributes)
    wanted = _valid(asked, {**values, "id": derived_id("api", asked.who.id, asked.kind, key)})
    within = asked.who.entities(asked.permission)
    async with app.database.begin() as tx:
        for attribute in values:
            await ensure_theirs(tx, wanted, attribute, within)
    connection = app.landscape.connection_for(asked.role, legal_entity, on=utc_now().date())
    link = _ensure_writes(asked, app.links.of(connection))
    await link.put(wanted, _key(asked, key))
    await link.refresh(asked.model, wanted.id)
    return await asked.find(app, wanted.id)


async def _stored_values(app: App, asked: Asked, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """By the names of the canonical model. Raises 422 and 403."""
    unknown = [name for name in attributes if name not in asked.attributes or name == "id"]
    if unknown:
        raise Refusal(
            422, "field_unknown", f"{asked.kind} has no attribute {unknown[0][:100]!r} to write",
            kind_of(422).remedy, errors=[_at(n, "it is unknown") for n in unknown],
        )  # fmt: skip
    foreign = {n: o for n in attributes if (o := asked.owner_of(n)) is not asked.role}
    if foreign:
        name, owner = next(iter(foreign.items()))
        raise Refusal(
            403, "not_owner",
            f"{asked.kind}.{name} belongs to {owner.value}, so {asked.role.value} cannot change it",
            f"Change it in the {owner.value} system, or at /system/v1/{owner.value}/{asked.kind}.",
            errors=[_at(n, f"{o.value} owns it") for n, o in foreign.items()],
        )  # fmt: skip
    if asked.newer is None:
        return dict(attributes)
    async with app.database.begin() as tx:
        companies = await asked.companies(tx)
    return asked.newer.stored(dict(attributes), companies) if companies else dict(attributes)


def _valid(asked: Asked, values: Mapping[str, Any]) -> CanonicalObject:
    try:
        return asked.model.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_input=False)
        errors = [_at(".".join(map(str, e["loc"])), e["msg"]) for e in found]
        told = "; ".join(f"{e.field}: {e.reason}" for e in errors[:5])
        raise Refusal(422, "invalid", told, kind_of(422).remedy, errors=errors) from error


async def _writable_link(app: App, asked: Asked, id: str) -> Link:
    for link in await app.links.knowing(asked.kind, id):
        same = [c for c in app.connected.values() if c.space == link.space]
        for connected in same:
            if asked.role in connected.roles:
                return _ensure_writes(asked, app.links.of(connected.name))
    raise Refusal(
        409, "not_in_system", f"no {asked.role.value} system has {asked.kind} {id}",
        "Create it there first.",
    )  # fmt: skip


def _ensure_writes(asked: Asked, link: Link) -> Link:
    if not link.capability(asked.model).writes:
        raise Refusal(
            403, "not_writable", f"the connector of {link.name} writes no {asked.kind}",
            f"Change it in {link.name} itself; it comes over from there.",
        )  # fmt: skip
    return link


def _key(asked: Asked, key: str) -> str:
    return f"api:{asked.who.id}:{key}"


def _at(name: str, reason: str) -> FieldError:
    return FieldError(field=f"body.attributes.{name[:100]}", reason=reason)
