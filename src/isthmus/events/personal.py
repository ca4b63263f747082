"""Events without what is personal: for readers who may not see it, and places that may not keep it.

What the model classifies is masked by attribute; texts that quote a person by name. Who is told of
a person of no known company, or of one that is not the firm's, is told without the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from isthmus.access.pii import But, is_personal, masked, people
from isthmus.canonical import Resource
from isthmus.kit.clock import utc_now
from isthmus.kit.masking import MASK, People
from isthmus.landscape import Landscape
from isthmus.store.database import Database, Transaction
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.events import EventRow
from isthmus.store.traffic import Counted

MASKED = "masked"
"""Side of the traffic that counts what was masked, by receiver."""


def impersonal(row: EventRow) -> EventRow:
    """Without values of attributes that the model classifies."""
    return replace(row, data=_by_attribute(row.type, row.data))


def _by_attribute(type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    attribute = data.get("attribute")
    if isinstance(attribute, str) and is_personal(type.partition(".")[0], attribute):
        values = {n: MASK for n in ("kept", "offered") if data.get(n) is not None}
        return {**data, **values}
    held = {n: masked(data.get("object_kind"), data[n]) for n in ("before", "after")
            if isinstance(data.get(n), Mapping)}  # fmt: skip
    return {**data, **held}


@dataclass(frozen=True)
class Residence:
    """Of one receiver: `companies` are those whose people it may be told of; None: everybody."""

    receiver: str
    companies: frozenset[str] | None = None

    async def events(self, database: Database, rows: Sequence[EventRow]) -> list[EventRow]:
        """What was masked in each is counted once it is known."""
        if self.companies is None or not rows:
            return list(rows)
        unnamed = await self._people(database)
        async with database.begin() as tx:
            return [await self._event(tx, row, unnamed) for row in rows]

    async def _event(self, tx: Transaction, row: EventRow, unnamed: People) -> EventRow:
        plain = impersonal(row)
        if plain.data != row.data and await _company(tx, row) in (self.companies or ()):
            plain = row
        return replace(plain, data=_scrubbed(plain.data, unnamed))

    async def _people(self, database: Database) -> People:
        return await people(database, But(self.companies or frozenset()))

    async def count(self, tx: Transaction, number: int) -> None:
        """Messages that went out with something masked."""
        if number:
            rows = [Counted(MASKED, self.receiver, MASKED, 0, number, 0)]
            await tx.traffic.add(rows, utc_now())


def residence_of(landscape: Landscape, receiver: str, region: str | None) -> Residence:
    away = landscape.kept_from(region)
    return Residence(receiver, frozenset(landscape.firm.legal_entities) - away if away else None)


async def masked_by_receiver(tx: Transaction) -> dict[str, int]:
    """Messages that went out with something masked since the installation began."""
    return {row.name: row.calls for row in await tx.traffic.totals() if row.side == MASKED}


def _scrubbed(value: Any, unnamed: People) -> Any:
    match value:
        case str():
            return unnamed.scrub(value)
        case Mapping():
            return {name: _scrubbed(each, unnamed) for name, each in value.items()}
        case list():
            return [_scrubbed(each, unnamed) for each in value]
        case _:
            return value


async def _company(tx: Transaction, row: EventRow) -> str | None:
    """Of the person whom a classified attribute of the event is about."""
    kind = row.data.get("object_kind") or row.type.partition(".")[0]
    id = str(row.data.get("object_id") or row.subject)
    if kind in ENTRY_KINDS:
        found = (await tx.entries_of(kind).many([id])).get(id)
        kind, id = Resource.kind, found.entry.resource if found else ""
    person = await tx.records.raw(kind, id) if kind == Resource.kind and id else None
    return person.get("legal_entity") if person else None
