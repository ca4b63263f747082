"""The canonical model as its pages show it: types, owners, versions, and the fields of systems."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from inspect import getdoc
from types import NoneType, UnionType
from typing import Any

from pydantic import BaseModel

from isthmus.app import App
from isthmus.canonical import BY_KIND, OBJECTS, CanonicalObject
from isthmus.canonical.base import is_pii, references
from isthmus.connect.mapping import Mapping as FieldMapping
from isthmus.connect.mapping import mappings_of
from isthmus.console.payload import holds_pii
from isthmus.console.words import words
from isthmus.installed import connector_packages
from isthmus.kit.money import Money
from isthmus.rules.ownership import Ownership, OwnershipRow
from isthmus.web.representations import NEWER
from isthmus.web.versions import deprecation_of

_PLAIN: Mapping[Any, str] = {
    str: "text", int: "whole number", Decimal: "decimal", bool: "yes or no", date: "day",
    datetime: "instant", Money: "money", Any: "any value",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """Where an attribute lives in one connection; `how` is read, written, or both."""

    connection: str
    object: str
    field: str
    how: str
    values: int


@dataclass(frozen=True)
class Attribute:
    """`points` is the kind it refers to; `changed`: the landscape gave it another owner."""

    row: OwnershipRow
    type: str
    cardinality: str
    points: str | None
    personal: str
    changed: bool
    fields: tuple[Field, ...]

    @property
    def name(self) -> str:
        return f"{self.row.kind}.{self.row.attribute}"

    def fits(self, asked: str) -> bool:
        """By a part of its name, meaning, owner or of a system's field."""
        told = [self.name, words(self.row.attribute), self.row.description, self.row.owner.value,
                *(f"{f.connection} {f.object}.{f.field}" for f in self.fields)]  # fmt: skip
        return any(asked.lower() in each.lower() for each in told)


@dataclass(frozen=True)
class Version:
    """Of an object's schema. `since` and `sunset` where it is on its way out."""

    number: str
    major: int
    since: date | None = None
    sunset: date | None = None
    why: str = ""


@dataclass(frozen=True)
class Object:
    model: type[CanonicalObject]
    attributes: list[Attribute]
    versions: list[Version]

    @property
    def kind(self) -> str:
        return self.model.kind

    @property
    def described(self) -> str:
        own = self.model.__dict__.get("__doc__")
        return " ".join((getdoc(self.model) or "").split("\n\n")[0].split()) if own else ""

    @property
    def personal(self) -> int:
        return sum(bool(each.personal) for each in self.attributes)

    @property
    def connections(self) -> list[str]:
        return sorted({f.connection for each in self.attributes for f in each.fields})


def objects(app: App) -> list[Object]:
    """All of them, with this installation's owners and systems."""
    default = {(r.kind, r.attribute): r for r in Ownership.default().table()}
    rows: dict[str, list[OwnershipRow]] = {}
    for row in app.landscape.ownership_table().table():
        rows.setdefault(row.kind, []).append(row)
    fields = _fields(app)
    return [
        Object(model, [_attribute(model, row, default, fields) for row in rows[model.kind]],
               versions_of(model))
        for model in OBJECTS
    ]  # fmt: skip


def _attribute(
    model: type[CanonicalObject],
    row: OwnershipRow,
    default: Mapping[tuple[str, str], OwnershipRow],
    fields: Mapping[tuple[str, str], tuple[Field, ...]],
) -> Attribute:
    key = (row.kind, row.attribute)
    points = references(model).get(row.attribute)
    type, many = type_of(model, row.attribute)
    return Attribute(
        row, type, many, points, _personal(model, row.attribute),
        (row.owner, row.on_foreign_write) != (default[key].owner, default[key].on_foreign_write),
        fields.get(key, ()),
    )  # fmt: skip


def _personal(model: type[BaseModel], attribute: str) -> str:
    if is_pii(model, attribute):
        return "personal"
    return "has personal parts" if holds_pii(model, attribute) else ""


@cache
def type_of(model: type[CanonicalObject], attribute: str) -> tuple[str, str]:
    """How it reads, and how many there are: 1, 0..1 or 0..n."""
    field = model.model_fields[attribute]
    annotation, empty = _without_none(field.annotation)
    origin = typing.get_origin(annotation)
    if origin in (tuple, list, frozenset):
        return _name(typing.get_args(annotation)[0]), "0..n"
    if origin is not None and issubclass(origin, typing.cast(type, Mapping)):
        return f"{_name(typing.get_args(annotation)[1])} by name", "0..n"
    return _name(annotation), "0..1" if empty else "1"


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if typing.get_origin(annotation) not in (UnionType, typing.Union):
        return annotation, False
    parts = [part for part in typing.get_args(annotation) if part is not NoneType]
    return parts[0], len(parts) < len(typing.get_args(annotation))


def _name(annotation: Any) -> str:
    if (origin := typing.get_origin(annotation)) is not None:
        if origin is typing.Annotated:
            return _name(typing.get_args(annotation)[0])
        return " or ".join(dict.fromkeys(_name(part) for part in typing.get_args(annotation)))
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "one of " + ", ".join(str(member.value) for member in annotation)
    return _split(getattr(annotation, "__name__", str(annotation)))


def _split(name: str) -> str:
    """BillingRule -> billing rule."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def versions_of(model: type[CanonicalObject]) -> list[Version]:
    """Those that are served, the newest first."""
    first = model.schema_version
    known = [(first, int(first.partition(".")[0]))]
    if newer := NEWER.get(model.kind):
        known.insert(0, (f"{newer.major}.0", newer.major))
    return [_version(model, number, major) for number, major in known]


def _version(model: type[CanonicalObject], number: str, major: int) -> Version:
    role = model.system_of_record.value
    leaving = deprecation_of(f"/system/v{major}/{role}/{model.kind}")
    if leaving is None:
        return Version(number, major)
    return Version(number, major, leaving.since, leaving.sunset, leaving.why)


def _fields(app: App) -> dict[tuple[str, str], tuple[Field, ...]]:
    """Kind and attribute -> where it is in each connection."""
    found: dict[tuple[str, str], tuple[Field, ...]] = {}
    for name, connection in app.landscape.connections.items():
        package = connector_packages()[connection.vendor]
        for kind, mappings in mappings_of(package, app.landscape.overlays(name)).items():
            for mapping in mappings:
                for attribute, field in _mapped(name, mapping):
                    key = (kind, attribute)
                    found[key] = (*found.get(key, ()), field)
    return found


def _mapped(connection: str, mapping: FieldMapping) -> list[tuple[str, Field]]:
    how = {"in": "read", "out": "written", "both": "read and written"}
    return [
        (name, Field(connection, mapping.object, each.field, how[each.direction],
                     len(each.values)))
        for name, each in mapping.attributes.items()
    ]  # fmt: skip


def pointing_at(kind: str) -> list[tuple[str, str]]:
    """Kind and attribute of all that refers to it."""
    return [
        (model.kind, attribute)
        for model in BY_KIND.values()
        for attribute, target in references(model).items()
        if target == kind
    ]
