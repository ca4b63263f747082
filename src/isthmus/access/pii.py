"""Personal data, as the model classifies it, kept from those who may not see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
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
Companies = frozenset[str]


@dataclass(frozen=True)
class But:
    """Everybody but the people of some companies; `unplaced` counts those of no company in."""

    companies: Companies = frozenset()
    unplaced: bool = True


NOBODY_SPARED = But()
_People = tuple[tuple[tuple[int, int], ...], dict[But, People]]
_PEOPLE: WeakKeyDictionary[Database, _People] = WeakKeyDictionary()


async def people(database: Database, but: But = NOBODY_SPARED) -> People:
    """Whom a text may name, to be masked for those who may not see it. Read again when one of them
    changed.
    """
    async with database.begin() as tx:
        stamps = tuple([await tx.records.stamp(model) for model in NAMED])
        at, known = _PEOPLE.get(database, ((), {}))
        if at != stamps:
            known = {}
        if but not in known:
            texts = [
                text
                for model in NAMED
                async for company, text in tx.records.personal_texts(model)
                if (but.unplaced if company is None else company not in but.companies)
            ]
            known[but] = People([*texts, *map(_in_html, texts)])
            _PEOPLE[database] = (stamps, known)
    return known[but]


async def unseen(database: Database, who: Principal) -> People | None:
    """Whom the caller may not see named; None: nobody. Who may see people of some companies sees
    those of no company too: a client's contacts are everybody's.
    """
    seen = who.entities(Permission.PII_READ)
    return None if seen is None else await people(database, But(seen, unplaced=not seen))


def may_see(who: Principal, kind: str, values: Mapping[str, Any]) -> bool:
    """May the caller see what is personal of an object? A person is of the company that employs
    them; the rest belongs to whoever may see the object itself.
    """
    company = values.get("legal_entity") if kind == Resource.kind else None
    return who.may(Permission.PII_READ, company or None)


def may_see_all(who: Principal, permission: Permission) -> bool:
    """May the caller see people wherever this is permitted?"""
    seen, read = who.entities(Permission.PII_READ), who.entities(permission)
    return seen is None or (read is not None and bool(read) and read <= seen)


def _in_html(text: str) -> str:
    return str(escape(text))


def mask(obj: CanonicalObject, who: Principal) -> dict[str, Any]:
    """The object as JSON values, as `who` may see it."""
    values = obj.model_dump(mode="json")
    return values if may_see(who, obj.kind, values) else masked(obj.kind, values)


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
