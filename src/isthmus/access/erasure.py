"""A person's data is erased on request: what tells who it is goes from every table, a pseudonym
stands in its place, and hours, amounts and invoices stay as they were.

    person      `<canonical id>` of a resource, or `<canonical id of a customer>/<e-mail or name>`
    texts go    name, e-mail, telephone, notes, and what quotes them: holds, events, lines
    amounts     stay; what they are about has a pseudonym
    audit       a row keeps its hash; what it says now is hashed by the act of the erasure
    signatures  of reconciliations keep their evidence; what they stand under now is in that act

What comes in later about the person is known by digests, and comes in under the pseudonym
(`isthmus.access.forgotten`).
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from isthmus.access.accounts import AccessRefused
from isthmus.access.forgotten import CONTACTS, KNOWN_BY, NAMED, NOTES, digests_of, impersonal
from isthmus.access.signed import SIGNATURES, changed_since, whole_now
from isthmus.canonical import BY_KIND, Customer, Resource
from isthmus.canonical.base import attributes, is_pii, personal_texts
from isthmus.kit.clock import utc_now
from isthmus.kit.ids import is_uuid, new_id
from isthmus.kit.masking import SHORTEST
from isthmus.store.database import Database, Transaction
from isthmus.store.erasures import ErasureRow
from isthmus.store.sweep import Place, Sweep, spellings

LEAST_NOTE = 12
"""Shorter notes ("Workshop") tell of nobody, and are not looked for elsewhere."""


class ErasureRefused(AccessRefused):
    """The person is unknown, or something of theirs is still open."""

    unknown = False


@dataclass(frozen=True)
class Person:
    """`values` are the attributes of the record; of a contact, those of the one contact."""

    kind: str
    subject: str
    contact: str | None
    values: dict[str, Any]
    texts: frozenset[str]


@dataclass(frozen=True)
class AtVendor:
    system: str
    kind: str
    external_id: str
    remedy: str


@dataclass(frozen=True)
class Erased:
    person: str
    pseudonym: str
    places: tuple[Place, ...]
    """Rows that were changed, by table and column."""
    audit_rows: int
    messages: int
    """Messages as they came in whose bodies were emptied."""
    open: tuple[str, ...]
    """Why it would be refused."""
    shared: tuple[str, ...]
    """Attributes whose text another person has too: it is left where only a text tells it."""
    vendors: tuple[AtVendor, ...]
    written: bool = False

    @property
    def rows(self) -> int:
        return sum(place.rows for place in self.places) + self.audit_rows + self.messages


@dataclass
class _Work:
    person: Person
    row: ErasureRow
    entries: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    texts: set[str] = field(default_factory=set)

    @property
    def ids(self) -> list[str]:
        return [self.person.subject, *(id for rows in self.entries.values() for id, _ in rows)]


async def erase(
    database: Database,
    person: str,
    by: str,
    reason: str,
    *,
    write: bool = False,
    force: bool = False,
    also: Sequence[str] = (),
) -> Erased:
    """What is found is the same whether it is written or only looked for: the same work is done and
    then undone. `also` are further texts that tell who it is: a former name. Raises
    ErasureRefused.
    """
    async with database.begin() as tx:
        await tx.lock("erasure")
        if not write:
            async with tx.supposing():
                return await _erased(tx, person, by, reason, also)
        done = await _erased(tx, person, by, reason, also)
        if done.open and not force:
            raise ErasureRefused(
                f"The data of {person} was not erased.", "; ".join(done.open) + ".",
                "Settle these first, or erase with --force (`force`): what is open stays, under "
                "the pseudonym.",
            )  # fmt: skip
        return replace(done, written=True)


async def _erased(tx: Transaction, named: str, by: str, reason: str, also: Sequence[str]) -> Erased:
    person = await find_person(tx, named)
    work = _Work(person, await _tombstone(tx, person))
    await tx.personal.allow()
    messages = await _messages(tx, work)
    unfinished = await tx.personal.unfinished(
        work.ids, person.subject if person.contact is None else None, messages
    )
    signed = await whole_now(tx)
    emptied = await tx.personal.empty_messages(messages)
    await _own_columns(tx, work)
    others, shared = await _others(tx, person)
    texts = {t for t in {*person.texts, *work.texts, *also} if len(t) >= SHORTEST}
    texts -= shared | {work.row.pseudonym}
    sweep = Sweep(tx.connection, others)
    work.places += await sweep.replace(texts, work.row.pseudonym)
    rows = await tx.audit.rewrite(spellings(texts), work.row.pseudonym)
    row, signatures = work.row, await changed_since(tx, signed)
    await tx.erasures.add(row.id, row.kind, row.subject, row.pseudonym, row.salt, row.digests, by)
    tx.audit.add(
        by, "person.erased", person.kind, person.subject,
        reason=_without(reason, texts, row.pseudonym),
        after={"pseudonym": row.pseudonym, "rows": _counted(work.places), "audit": rows,
               **({SIGNATURES: signatures} if signatures else {})},
    )  # fmt: skip
    return Erased(
        f"{person.kind} {person.subject}", row.pseudonym, tuple(work.places), len(rows), emptied,
        tuple(_told(unfinished)), tuple(_attributes_of(person, shared)),
        tuple(await _at_vendors(tx, person)),
    )  # fmt: skip


async def find_person(tx: Transaction, named: str) -> Person:
    """Raises ErasureRefused."""
    subject, slash, contact = named.partition("/")
    model = Customer if slash else Resource
    if not is_uuid(subject):
        raise _unknown(named)
    await tx.records.lock(model, subject)  # what comes in now waits, and meets the tombstone
    raw = await tx.records.raw(model.kind, subject)
    if raw is None:
        raise _unknown(named)
    if not slash:
        return Person(model.kind, subject, None, raw, frozenset(personal_texts(model, raw)))
    for each in raw.get("contacts") or ():
        if contact.lower() in (str(each.get("email")).lower(), str(each.get("name")).lower()):
            texts = frozenset(personal_texts(model, {"contacts": [each]}))
            return Person(model.kind, subject, contact, dict(each), texts)
    raise _unknown(named)


async def people_with(tx: Transaction, text: str) -> list[tuple[str, str]]:
    """(person as `erase` takes it, name) of those of whose data the text is a part."""
    found = []
    for model in NAMED:
        for id, raw in await tx.records.all_raw(model.kind):
            for each in [raw] if model is Resource else raw.get(CONTACTS) or ():
                told = [str(each[n]) for n in (*KNOWN_BY, "employee_number") if each.get(n)]
                if any(text.lower() in value.lower() for value in told):
                    named = id if model is Resource else f"{id}/{each.get('email') or each['name']}"
                    found.append((named, str(each["name"])))
    return sorted(found)


async def _tombstone(tx: Transaction, person: Person) -> ErasureRow:
    """A person who is erased again is called as before."""
    known = [e for e in await tx.erasures.list(person.kind) if e.subject == person.subject]
    same = [e for e in known if person.contact is None or e.pseudonym in person.texts]
    id, salt = new_id(), secrets.token_bytes(16)
    pseudonym = same[-1].pseudonym if same else f"Person {secrets.token_hex(4)}"
    digests = digests_of(person.values, salt, pseudonym)
    return ErasureRow(id, person.kind, person.subject, pseudonym, salt, digests, "", utc_now())


async def _messages(tx: Transaction, work: _Work) -> list[tuple[str, str]]:
    """(kind, external id) of what systems told of the person."""
    if work.person.contact is None:
        work.entries = await tx.personal.entry_ids(work.person.subject)
    of_entries = [(kind, external) for kind, rows in work.entries.items() for _, external in rows]
    own = [
        (kind, external)
        for kind, _, external in await tx.xref.all_of(work.person.subject)
        if kind == work.person.kind
    ]
    return [*own, *of_entries]


async def _own_columns(tx: Transaction, work: _Work) -> None:
    person, pseudonym = work.person, work.row.pseudonym
    model = BY_KIND[person.kind]
    if person.contact is None:
        names = [name for name in attributes(model) if is_pii(model, name)]
        values = impersonal(model, {n: person.values.get(n) for n in names}, [work.row], True)
        said, places = await tx.personal.notes(person.subject, NOTES)
        work.texts |= {text for text in said if len(text) >= LEAST_NOTE}
        corrected = sorted({*names, *(n for notes in NOTES.values() for n in notes)})
        texts, more = await tx.personal.corrections(work.ids, corrected, pseudonym)
        work.texts |= {text for text in texts if len(text) >= LEAST_NOTE}
        work.places += [*places, *more]
    else:
        raw = await tx.records.raw(person.kind, person.subject) or {}
        values = impersonal(model, {"contacts": raw["contacts"]}, [work.row], False)
    work.places.append(await tx.personal.record(person.kind, person.subject, values))


async def _others(tx: Transaction, person: Person) -> tuple[list[str], set[str]]:
    """Ids of other resources, which are left alone, and texts that one of them has too."""
    ids: list[str] = []
    shared: set[str] = set()
    for other, raw in await tx.records.all_raw(Resource.kind):
        if other != person.subject:
            ids.append(other)
            shared |= person.texts & set(personal_texts(Resource, raw))
    return ids, shared


async def _at_vendors(tx: Transaction, person: Person) -> list[AtVendor]:
    whom = "person" if person.contact is None else f"contact {person.contact!r} of the customer"
    return [
        AtVendor(
            space, kind, external,
            f"Erase or anonymise the {whom} in {space}, where it is {kind} {external}, by that "
            "system's own means; entries and documents that name it there keep its name until then",
        )
        for kind, space, external in sorted(await tx.xref.all_of(person.subject))
        if kind == person.kind
    ]  # fmt: skip


def _told(found: Any) -> Iterable[str]:
    if found.holds:
        named = ", ".join(found.holds)
        count = _number(len(found.holds), "hold of the person", "holds of the person")
        yield f"{count} open: {named}"
    if found.entries:
        yield f"{_number(found.entries, 'time entry', 'time entries')} not invoiced yet: " \
              f"{found.hours.normalize():f} hours"  # fmt: skip
    if found.expenses:
        yield f"{_number(found.expenses, 'expense')} not invoiced yet"
    if found.messages:
        yield f"{_number(found.messages, 'message')} not read yet"


def _number(count: int, one: str, many: str | None = None) -> str:
    return f"1 {one} is" if count == 1 else f"{count} {many or one + 's'} are"


def _counted(places: Sequence[Place]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for place in places:
        total[place.table] += place.rows
    return dict(total)


def _attributes_of(person: Person, texts: set[str]) -> list[str]:
    return sorted(n for n, v in person.values.items() if isinstance(v, str) and v in texts)


def _without(text: str, texts: Iterable[str], pseudonym: str) -> str:
    for spelling in spellings(texts):
        text = text.replace(spelling, pseudonym)
    return text


def _unknown(named: str) -> ErasureRefused:
    refused = ErasureRefused(
        f"There is nobody called {named.partition('/')[0]}.",
        "A person is named by the canonical id of a resource, or by that of a customer, a slash "
        "and the e-mail or name of one of its contacts.",
        "`isthmus person find TEXT` names them.",
    )  # fmt: skip
    refused.unknown = True
    return refused
