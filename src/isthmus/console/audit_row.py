"""A row of the audit as a person reads it: what became of each value, and where it leads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from isthmus.access import Permission, Principal
from isthmus.access.pii import is_personal
from isthmus.canonical import BY_KIND
from isthmus.canonical.base import references
from isthmus.console.hold_form import named
from isthmus.console.words import instant, words
from isthmus.store.audit import AuditRow
from isthmus.store.database import Transaction

_P = Permission
POINTERS = ("hold", "object_kind", "object_id", "run", "bulk")
"""What a row says of where it belongs; it is shown as links."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
RECONCILIATION = "reconciliation"
PLACES = {
    "hold": ("/exceptions/{}", _P.HOLDS_READ),
    "bulk": ("/exceptions/bulk/{}", _P.HOLDS_READ),
    "run": ("/flows/{}", _P.RUNS_READ),
    RECONCILIATION: ("/reconciliation/{}", _P.RECONCILIATION_READ),
    "account": ("/access?q={}", _P.ACCESS_READ),
    "key": ("/access/machines?q={}", _P.ACCESS_READ),
    "object": ("/journey?q={}", _P.JOURNEY_READ),
}


@dataclass(frozen=True)
class Changed:
    """`before` and `after` are text; None: there is none, on that side."""

    name: str
    before: str | None
    after: str | None

    @property
    def moved(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Lead:
    """`href` is empty where the reader may not go."""

    what: str
    id: str
    href: str


def changes_of(row: AuditRow, names: Mapping[str, str]) -> list[Changed]:
    """Every value of the row that is no pointer, those with two sides first. `names` are those of
    objects, by id.
    """
    before, after = (
        {n: names.get(text, text) for n, text in _flat(values)}
        for values in (row.before, row.after)
    )
    told = [n for n in dict.fromkeys([*before, *after]) if n.split(".")[0] not in POINTERS]
    found = [Changed(_words(n), before.get(n), after.get(n)) for n in told]
    return sorted(found, key=lambda each: each.before is None)


async def names_in(tx: Transaction, rows: Iterable[AuditRow], who: Principal) -> dict[str, str]:
    """Of the objects that changed values point at; not of people, for who may not see them."""
    asked = {(kind, id) for row in rows for kind, id in _pointed(row)}
    found: dict[str, str] = {}
    for kind, id in asked:
        hidden = is_personal(kind, "name") and not who.may(_P.PII_READ)
        if not hidden and (obj := await tx.records.find(BY_KIND[kind], id)) is not None:
            found[id] = named(obj)
    return found


def _pointed(row: AuditRow) -> Iterator[tuple[str, str]]:
    model = BY_KIND.get(row.after.get("object_kind") or row.object_kind or "")
    kinds = references(model) if model else {}
    for values in (row.before, row.after):
        yield from ((kinds[n], v) for n, v in values.items() if n in kinds and isinstance(v, str))


def _words(path: str) -> str:
    return " / ".join(words(part) for part in path.split("."))


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if value in (None, "", {}, []):
            continue
        if isinstance(value, dict) and set(value) != {"amount", "currency"}:
            yield from _flat(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", _text(value)


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case {"amount": amount, "currency": currency}:
            return f"{amount} {currency}"
        case list() if all(isinstance(each, str | int) for each in value):
            return ", ".join(str(each) for each in value)
        case str() if _INSTANT.match(value):
            return instant(datetime.fromisoformat(value))
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def leads_of(row: AuditRow, who: Principal) -> list[Lead]:
    """What the act was done to, first; then the object and the run behind it; then the story."""
    after, found = row.after, dict[str, Lead]()
    for kind, id in (
        _about(row), ("hold", after.get("hold")), ("bulk", after.get("bulk")),
        ("run", None if row.object_kind == RECONCILIATION else after.get("run")),
        (after.get("object_kind") or "object", after.get("object_id")),
    ):  # fmt: skip
        if id:
            found.setdefault(str(id), _lead(who, str(kind), str(id)))
    if row.correlation_id:
        story = _lead(who, "object", row.correlation_id)
        found.setdefault(row.correlation_id, replace(story, what="story"))
    return list(found.values())


def _about(row: AuditRow) -> tuple[str, str | None]:
    """Acts on a reconciliation are kept under an id that no page knows; its run and name are."""
    if row.object_kind == RECONCILIATION:
        return RECONCILIATION, row.after.get("run") or row.after.get("name") or row.object_id
    return row.object_kind or "object", row.object_id


def _lead(who: Principal, kind: str, id: str) -> Lead:
    place, asks = PLACES.get("object" if kind in BY_KIND else kind, ("", None))
    opens = asks is not None and who.may(asks)
    return Lead(words(kind), id, place.format(quote(id, safe="")) if opens else "")
