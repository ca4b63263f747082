"""The form that corrects what is held: a field for each attribute that is to blame, and others."""

from __future__ import annotations

import json
import types
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Literal, Union, get_args, get_origin

from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.canonical.base import attributes, is_pii, owner_of, references
from isthmus.console.words import words
from isthmus.kit.money import Money
from isthmus.store.database import Transaction

MANY = 200
"""More records than that are not offered in a list; the id is typed instead."""
Kind = Literal["text", "date", "choice"]


@dataclass(frozen=True)
class Field:
    """`name` is the attribute, or `reference.attribute` of an object that the held one names."""

    name: str
    label: str
    hint: str
    value: str
    kind: Kind
    choices: tuple[tuple[str, str], ...] = ()
    error: str = ""


async def fields(
    tx: Transaction, obj: CanonicalObject, names: Iterable[str], entities: Collection[str] | None
) -> list[Field]:
    """Of the names that the object, or one that it points at, has. Choices are of these companies;
    None: of all.
    """
    found: list[Field] = []
    for name in dict.fromkeys(names):
        target, path = await _target(tx, obj, name)
        if target is not None and all(field.name != path for field in found):
            found.append(await _field(tx, target, path, entities))
    return found


def others(obj: CanonicalObject, shown: Iterable[str]) -> list[tuple[str, str]]:
    """(attribute, what it says) of those that the form does not show."""
    known = set(shown)
    return [
        (name, type(obj).model_fields[name].description or words(name))
        for name in attributes(type(obj))
        if name not in known and not is_pii(type(obj), name)
    ]


def changed(form: Sequence[Field], sent: Mapping[str, str]) -> dict[str, str]:
    """What a person typed that is not what stands there."""
    return {
        field.name: sent[field.name].strip()
        for field in form
        if field.name in sent and sent[field.name].strip() != field.value
    }


def typed(form: Sequence[Field], sent: Mapping[str, str], error: str = "") -> list[Field]:
    """The form as it was sent; a refusal stands beside the field that it names."""
    named = error.partition(":")[0].rpartition(".")[2]
    return [_typed(field, sent, error if field.name.rpartition(".")[2] == named else "")
            for field in form]  # fmt: skip


def _typed(field: Field, sent: Mapping[str, str], error: str) -> Field:
    value = sent.get(field.name, field.value)
    known = not field.choices or value in dict(field.choices)
    choices = field.choices if known else ((value, value), *field.choices)
    return replace(field, value=value, choices=choices, error=error)


async def _target(
    tx: Transaction, obj: CanonicalObject, name: str
) -> tuple[CanonicalObject | None, str]:
    reference, _, attribute = name.rpartition(".")
    if not reference and name in type(obj).model_fields:
        return obj, name
    for pointer, kind in references(type(obj)).items():
        if reference in ("", pointer) and attribute in BY_KIND[kind].model_fields:
            id = getattr(obj, pointer)
            target = await tx.records.find(BY_KIND[kind], id) if id else None
            if target is not None:
                return target, f"{pointer}.{attribute}"
    return None, name


async def _field(
    tx: Transaction, target: CanonicalObject, path: str, entities: Collection[str] | None
) -> Field:
    attribute, model = path.rpartition(".")[2], type(target)
    described = model.model_fields[attribute]
    kind, choices = _kind(described.annotation)
    if (pointed := references(model).get(attribute)) is not None:
        choices = await _records(tx, target, pointed, entities)
        kind = "choice" if choices else "text"
    value = as_text(getattr(target, attribute))
    if kind == "choice":
        known = {choice for choice, _ in choices}
        choices = (*([] if value in known else [(value, value or "not set")]), *choices)
    hint = f"{described.description}, as the {words(owner_of(model, attribute).value)} has it."
    if "Money" in str(described.annotation):
        hint += " An amount and its currency, such as 120.00 EUR."
    return Field(path, words(attribute).capitalize(), hint, value, kind, choices)


def _kind(annotation: Any) -> tuple[Kind, tuple[tuple[str, str], ...]]:
    if get_origin(annotation) in (Union, types.UnionType):
        [annotation] = [a for a in get_args(annotation) if a is not type(None)][:1]
    if annotation is bool:
        return "choice", (("true", "yes"), ("false", "no"))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "choice", tuple((str(m.value), words(str(m.value))) for m in annotation)
    return ("date" if annotation is date else "text"), ()


async def _records(
    tx: Transaction, target: CanonicalObject, kind: str, entities: Collection[str] | None
) -> tuple[tuple[str, str], ...]:
    """What may be pointed at: of the same project, where both belong to one."""
    model = BY_KIND[kind]
    project = getattr(target, "project", None) if "project" in model.model_fields else None
    found = await tx.records.list(model, **({"project": project} if project else {}))
    if len(found) > MANY:
        return ()
    ids = [each.id for each in found]
    theirs = await tx.listings.objects(kind, ids=ids, entities=entities, limit=MANY)
    seen = {kept.id for kept in theirs}
    chosen = ((each.id, named(each)) for each in found if each.id in seen)
    return tuple(sorted(chosen, key=lambda each: each[1]))


def named(obj: CanonicalObject) -> str:
    """Name, or else number, and the days from and to where it has them."""
    shown = obj.model_dump(include={"name", "number", "code", "starts_on", "ends_on"})
    name = shown.get("name") or shown.get("number") or shown.get("code") or words(obj.kind)
    days = [f"{day:%d %b %Y}" for day in (shown.get("starts_on"), shown.get("ends_on")) if day]
    return f"{name} ({' to '.join(days)})" if days else str(name)


def as_text(value: Any) -> str:
    """As the correction is read back."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Money():
            return f"{value.amount} {value.currency}"
        case Enum():
            return str(value.value)
        case str() | Decimal() | date() | int():
            return str(value)
        case _:
            return json.dumps(value, default=str)
