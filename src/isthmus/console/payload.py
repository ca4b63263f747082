"""An object as rows that a person reads: references by name, personal data only for who may."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import BaseModel

from isthmus.access import Principal
from isthmus.access.pii import may_see
from isthmus.canonical import BY_KIND, CanonicalObject
from isthmus.canonical.base import attributes, is_pii, owner_of, references
from isthmus.console.hold_form import as_text, named
from isthmus.console.words import amount, day, words
from isthmus.kit.money import Money
from isthmus.store.database import Transaction
from isthmus.store.entry_kinds import ENTRY_KINDS

MASK = "•••"


@dataclass(frozen=True)
class Row:
    """`leads_to` is an id that the journey page finds; `is_masked`: there is a value, not shown."""

    attribute: str
    value: str
    owner: str
    leads_to: str | None = None
    is_masked: bool = False


async def payload(tx: Transaction, who: Principal, obj: CanonicalObject) -> list[Row]:
    """Attributes that have a value, in the order of the model."""
    model, pointed = type(obj), references(type(obj))
    hidden = not may_see(who, obj.kind, {"legal_entity": getattr(obj, "legal_entity", None)})
    rows: list[Row] = []
    for attribute in attributes(model):
        value = getattr(obj, attribute)
        if value in (None, "", (), []):
            continue
        name, owner = words(attribute), words(owner_of(model, attribute).value)
        if holds_pii(model, attribute) and hidden:
            rows.append(Row(name, MASK, owner, is_masked=True))
        elif attribute in pointed:
            rows.append(Row(name, await _name(tx, pointed[attribute], value), owner, str(value)))
        else:
            rows.append(Row(name, readable(value), owner))
    return rows


async def stored(tx: Transaction, kind: str, id: str) -> CanonicalObject | None:
    """A record, or a row of time or expenses."""
    if kind in ENTRY_KINDS:
        rows = await tx.entries_of(kind).many([id])
        return rows[id].entry if id in rows else None
    return await tx.records.find(BY_KIND[kind], id)


def readable(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Money():
            return f"{amount(value.amount, value.currency)} {value.currency}"
        case date():
            return day(value)
        case BaseModel():
            parts = ((name, getattr(value, name)) for name in type(value).model_fields)
            return ", ".join(
                f"{words(n)} {readable(v)}" for n, v in parts if v not in (None, "", ())
            )
        case tuple() | list():
            return "; ".join(readable(each) for each in value)
        case _:
            return as_text(value)


async def _name(tx: Transaction, kind: str, id: str) -> str:
    found = await tx.records.find(BY_KIND[kind], id)
    return named(found) if found is not None else id


def holds_pii(model: type[BaseModel], attribute: str) -> bool:
    """Itself, or any part of it."""
    return is_pii(model, attribute) or any(
        holds_pii(part, name)
        for part in _parts(model.model_fields[attribute].annotation)
        for name in part.model_fields
    )


def _parts(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _parts(inner)


def compact(values: dict[str, Any]) -> str:
    """`phase: Discovery -> Build` of a change that is kept as JSON."""
    return ", ".join(
        f"{words(key)}: {value if isinstance(value, str) else json.dumps(value, default=str)}"
        for key, value in values.items()
        if value not in (None, "")
    )
