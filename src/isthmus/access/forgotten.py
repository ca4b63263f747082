"""People whose data was erased, when a system tells of them again: they are known by their record,
or by the digest of an e-mail address or a telephone number, and come in under their pseudonym.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_jsonable_python

from isthmus.canonical import Customer, ExpenseEntry, Resource, TimeEntry
from isthmus.canonical.base import CanonicalObject, attributes, is_pii
from isthmus.store.database import Transaction
from isthmus.store.entry_kinds import E
from isthmus.store.erasures import ErasureRow

KNOWN_BY = ("email", "phone", "name")
"""A name tells one person from another only among the contacts of one customer."""
CONTACTS = "contacts"
NAMED: tuple[type[CanonicalObject], ...] = (Resource, Customer)
"""Objects that are people, or have some."""
NOTES = {
    model.kind: [name for name in attributes(model) if is_pii(model, name)]
    for model in (TimeEntry, ExpenseEntry)
}


def digest(text: str, salt: bytes) -> str:
    """Of letters and digits alone, in small letters: "+31 20" and "0031-20" are written anew often
    enough.
    """
    plain = "".join(c for c in text.lower() if c.isalnum() or c in "@.+")
    return hmac.new(salt, plain.encode(), hashlib.sha256).hexdigest()


def digests_of(values: Mapping[str, Any], salt: bytes, pseudonym: str) -> dict[str, str]:
    return {
        name: digest(value, salt)
        for name in KNOWN_BY
        if isinstance(value := values.get(name), str) and value and value != pseudonym
    }


def impersonal(
    model: type[CanonicalObject],
    values: Mapping[str, Any],
    erased: Sequence[ErasureRow],
    is_own: bool,
) -> dict[str, Any]:
    """JSON values of a change, without those that were erased. `is_own`: the record is of the
    first of `erased`, whatever it says now.
    """
    if model is Customer:
        return _without_contacts(values, erased)
    of = erased[0] if is_own and erased else _same(values, erased, ("email", "phone"))
    if of is None:
        return dict(values)
    return {n: _pseudonym(n, v, of) if is_pii(model, n) else v for n, v in values.items()}


async def without_notes(tx: Transaction, kind: str, entries: Mapping[str, E]) -> dict[str, E]:
    """Entries without what people whose data was erased said about them."""
    none = dict.fromkeys(NOTES[kind])
    if not any(getattr(entry, name) for entry in entries.values() for name in none):
        return dict(entries)
    erased = await tx.erasures.subjects(Resource.kind)
    return {
        id: entry.with_values(none) if entry.resource in erased else entry
        for id, entry in entries.items()
    }


def _without_contacts(values: Mapping[str, Any], erased: Sequence[ErasureRow]) -> dict[str, Any]:
    contacts = values.get(CONTACTS)
    if not contacts:
        return dict(values)
    kept = []
    for contact in to_jsonable_python(contacts):
        of = _same(contact, erased, KNOWN_BY)
        kept.append(contact if of is None else _nobody(contact, of))
    return {**values, CONTACTS: kept}


def _nobody(contact: Mapping[str, Any], of: ErasureRow) -> dict[str, Any]:
    gone = dict.fromkeys(name for name in contact if name in KNOWN_BY)
    return {**contact, **gone, "name": of.pseudonym}


def _same(
    values: Mapping[str, Any], erased: Sequence[ErasureRow], names: Sequence[str]
) -> ErasureRow | None:
    for each in erased:
        for name in names:
            value, known = values.get(name), each.digests.get(name)
            if known and isinstance(value, str) and digest(value, each.salt) == known:
                return each
    return None


def _pseudonym(name: str, value: Any, of: ErasureRow) -> Any:
    """Amounts stay: they are of nobody now."""
    if name == "name":
        return of.pseudonym
    return None if isinstance(value, str) else value
