"""Time entries as callers send them: each judged by itself, before anything is stored.

A reference is the connection's own id as text, or `{"canonical_id": ...}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any
from uuid import UUID

from isthmus.canonical import BY_KIND, TimeEntry
from isthmus.canonical.base import Role, attributes, is_pii, owner_of, references
from isthmus.connect import Change, FieldProblem
from isthmus.kit.clock import utc_now
from isthmus.store.database import Transaction

if TYPE_CHECKING:
    from isthmus.events.links import Connected

SENT = tuple(name for name in attributes(TimeEntry) if owner_of(TimeEntry, name) is Role.PSA)
"""What a caller may say of an entry, besides its `external_id`."""
REFERENCES = {name: kind for name, kind in references(TimeEntry).items() if name in SENT}
_RATES = ("agreed_rate", "source_rate")
_NAMES = frozenset(SENT)
_NUMBERS = (int, Decimal)
LONGEST_ID = 200
DIGITS = 12
"""Most digits of a number on each side of its point."""

Named = tuple[str, str]
"""(kind, id)."""


@dataclass(frozen=True)
class Known:
    """Which of the named objects there are."""

    of_connection: Mapping[Named, str]
    """Kind and the connection's id -> canonical id."""
    canonical: frozenset[Named]


@dataclass(frozen=True)
class Sent:
    """One element of a request. Without an `external_id` there is nothing to store it under."""

    index: int
    values: Mapping[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    problems: tuple[FieldProblem, ...] = ()


def read(elements: Iterable[Any]) -> list[Sent]:
    """Elements as JSON has them; an exception stands for one that is no JSON."""
    sent: list[Sent] = []
    first: dict[str, int] = {}
    for index, element in enumerate(elements):
        one = _read(index, element)
        if one.external_id is not None:
            before = first.setdefault(one.external_id, index)
            if before != index:
                one = Sent(index, problems=(_twice(one.external_id, before),))
        sent.append(one)
    return sent


def _read(index: int, element: Any) -> Sent:
    if not isinstance(element, dict):
        reason = str(element) if isinstance(element, Exception) else "an entry is a JSON object"
        return Sent(index, problems=(_problem("", reason, "Send one object for each entry."),))
    id = element.get("external_id")
    if not isinstance(id, str) or not 0 < len(id) <= LONGEST_ID or not _storable(id):
        problem = _problem(
            "external_id",
            f"it is missing, or no text of 1 to {LONGEST_ID} characters",
            "Send the id that the entry has where it was entered.",
        )
        return Sent(index, problems=(problem,))
    values = {name: value for name, value in element.items() if name != "external_id"}
    return Sent(index, values, id, tuple(_problems(values)))


def _problems(values: Mapping[str, Any]) -> list[FieldProblem]:
    if _is_plain(values):
        return []
    if not _storable(values):
        reason = "some text has a NUL or half a character, which cannot be stored"
        return [_problem("", reason, "Take such characters out.")]
    problems = [
        _problem(name, "it cannot be sent", f"Leave it out; an entry has {', '.join(SENT)}.")
        for name in values
        if name not in SENT
    ]
    numbers = {"hours": values.get("hours")}
    for name in _RATES:
        if isinstance(rate := values.get(name), dict):
            numbers[f"{name}.amount"] = rate.get("amount")
    return problems + [
        _problem(name, "it is no number that can be kept exactly",
                 f"Send a decimal with up to {DIGITS} digits on each side of its point.", value)
        for name, value in numbers.items()
        if value is not None and not _exact(value)
    ]  # fmt: skip


def _is_plain(values: Mapping[str, Any]) -> bool:
    """Known names, printable texts, and hours that are a number: most entries are that."""
    for name, value in values.items():
        if name not in _NAMES or not (
            (type(value) is str and value.isprintable())
            or value is None
            or type(value) is bool
            or (name == "hours" and type(value) in _NUMBERS and _exact(value))
        ):
            return False
    return type(values.get("hours")) in _NUMBERS


def _exact(value: Any) -> bool:
    if isinstance(value, bool) or len(text := str(value)) > 2 * DIGITS + 2:
        return False
    try:
        number = Decimal(text)
    except InvalidOperation:
        return False
    if not number.is_finite():
        return False
    exponent = number.as_tuple().exponent
    return number.adjusted() < DIGITS and isinstance(exponent, int) and exponent >= -DIGITS


def _storable(value: Any) -> bool:
    """PostgreSQL keeps no NUL in text, and UTF-8 no half of a surrogate pair."""
    if isinstance(value, str):
        return value.isprintable() or not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return all(_storable(k) and _storable(v) for k, v in value.items())
    return not isinstance(value, list) or all(map(_storable, value))


async def known(tx: Transaction, source: Connected, sent: Sequence[Sent]) -> Known:
    """One query for all that the connection named, and one per kind of our own ids."""
    named: dict[str, set[str]] = {}
    canonical: dict[str, set[str]] = {}
    for one in sent:
        for name, kind in REFERENCES.items():
            value = one.values.get(name)
            if isinstance(value, str) and _storable(value):
                named.setdefault(kind, set()).add(value)
            elif id := _canonical_id(value):
                canonical.setdefault(kind, set()).add(id)
    return Known(
        await tx.xref.canonical_of(source.space, named),
        frozenset([
            (kind, id)
            for kind, ids in canonical.items()
            for id in await tx.records.many(BY_KIND[kind], ids)
        ]),
    )  # fmt: skip


def change(source: Connected, one: Sent, known: Known) -> Change:
    """What the entry says, with canonical ids in its references, and what is wrong with it."""
    values = dict(one.values)
    problems = list(one.problems)
    for name, kind in REFERENCES.items():
        if (value := values.get(name)) is None:
            continue
        values[name] = _resolved(kind, value, known)
        if values[name] is None:
            problems.append(_unknown(source, name, kind, value))
    return Change(TimeEntry, one.external_id or "", utc_now(), values, problems=tuple(problems))


def _resolved(kind: str, value: Any, known: Known) -> str | None:
    if isinstance(value, str):
        return known.of_connection.get((kind, value))
    id = _canonical_id(value)
    return id if id and (kind, id) in known.canonical else None


def _canonical_id(value: Any) -> str | None:
    if not isinstance(value, dict) or value.keys() != {"canonical_id"}:
        return None
    try:
        return str(UUID(value["canonical_id"]))
    except (ValueError, AttributeError, TypeError):
        return None


def _unknown(source: Connected, name: str, kind: str, value: Any) -> FieldProblem:
    what = kind.replace("_", " ")
    return _problem(
        name,
        f"no such {what} is known",
        f"Send the id that {source.name} gave the {what}, or its canonical id as "
        f'{{"canonical_id": ...}}; a new {what} is read from {source.name} first.',
        value,
    )


def _twice(external_id: str, before: int) -> FieldProblem:
    return _problem(
        "external_id",
        f"entry {before} of this request has it too",
        "Send an entry once in a request, and its later state in a later one.",
        external_id,
    )


def _problem(name: str, reason: str, remedy: str, value: Any = None) -> FieldProblem:
    hidden = value is None or (name in SENT and is_pii(TimeEntry, name))
    shown = None if hidden else json.dumps(value, default=str)[:100]
    return FieldProblem("time_entry", name[:100], shown, reason, remedy)
