"""Personal data, as the model classifies it, kept from those who may not see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from markupsafe import escape
from pydantic_core import to_jsonable_python

from isthmus.access.permissions import Permission
from isthmus.access.principal import Principal
from isthmus.canonical import BY_KIND, CanonicalObject, Customer, Resource
from isthmus.canonical.base import is_pii, references
from isthmus.kit.masking import MASK, People
from isthmus.store.audit import AuditRow
from isthmus.store.database import Database

OF_ACCOUNTS = ("address",)
"""Personal of what is told of log-ins: the network address of a person."""
NAMED: tuple[type[CanonicalObject], ...] = (Resource, Customer)
"""Objects whose people texts name: those of holds, of journeys, of runs."""
_People = tuple[tuple[tuple[int, int], ...], People]
_PEOPLE: WeakKeyDictionary[Database, _People] = WeakKeyDictionary()


async def people(database: Database) -> People:
    """Everybody whom a text may name, to be masked for those who may not see it. Read again when
    one of them changed.
    """
    async with database.begin() as tx:
        stamps = tuple([await tx.records.stamp(model) for model in NAMED])
        at, found = _PEOPLE.get(database, ((), People()))
        if at == stamps:
            return found
        texts = [text for model in NAMED async for text in tx.records.personal_texts(model)]
    found = People([*texts, *map(_in_html, texts)])
    _PEOPLE[database] = (stamps, found)
    return found


def _in_html(text: str) -> str:
    return str(escape(text))


def mask(obj: CanonicalObject, who: Principal) -> dict[str, Any]:
    """The object as JSON values, as `who` may see it."""
    values = obj.model_dump(mode="json")
    return values if who.may(Permission.PII_READ) else masked(obj.kind, values)


def shown(value: Any, who: Principal) -> Any:
    """Whatever a step returned or an event says, as JSON values that `who` may see."""
    match value:
        case CanonicalObject():
            return mask(value, who)
        case Mapping():
            return {str(name): shown(each, who) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [shown(each, who) for each in value]
        case _:
            return to_jsonable_python(value, fallback=str)


def result_of(value: Any, who: Principal) -> str:
    """As one text; empty where there is none."""
    told = shown(value, who)
    if told is None:
        return ""
    return told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)


def masked(kind: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of attributes of an object of that kind; `resource.email` is of one it points at."""
    return {
        name: MASK if value and is_personal(kind, name) else value for name, value in values.items()
    }


def masked_act(row: AuditRow, who: Principal) -> AuditRow:
    """A row of the audit as `who` may see it: what the model classifies was masked before it was
    written; where somebody logged in from is personal too.
    """
    if who.may(Permission.PII_READ):
        return row
    kind = row.after.get("object_kind") or row.object_kind
    before, after = (_masked_act(kind, values) for values in (row.before, row.after))
    return replace(row, before=before, after=after)


def _masked_act(kind: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
    hidden = OF_ACCOUNTS if kind == "account" else ()
    return {n: MASK if v and n in hidden else v for n, v in masked(kind, values).items()}


def is_personal(kind: str | None, path: str) -> bool:
    model = BY_KIND.get(kind or "")
    if model is None:
        return False
    head, dot, rest = path.partition(".")
    if dot:
        return is_personal(references(model).get(head), rest)
    return head in model.model_fields and is_pii(model, head)
