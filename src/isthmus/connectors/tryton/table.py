"""Reading one Tryton model as one canonical kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from isthmus.canonical import CanonicalObject
from isthmus.connect.errors import Refused
from isthmus.connect.mapping import Mapping as FieldMapping
from isthmus.connect.mapping import Translated, read_record
from isthmus.connect.system import Capability, Change, Outgoing, Page, Receipt
from isthmus.connect.watermark import BEGINNING, Watermark
from isthmus.connectors.tryton.client import ALL, TrytonClient
from isthmus.connectors.tryton.wire import Domain, Record

OVERLAP = timedelta(seconds=60)
"""A stamp is the start of its transaction; this covers the longest one."""
STAMP = "last_modified_at"
"""`write_date`, or `create_date` of a record never written since."""
PAGE = 200
LISTED = 1000
FOUND = 50

Overlays = Mapping[str, Mapping[str, Any]]


class Table:
    """`also` are fields that code reads besides the mapping's. `children` are relations whose
    change counts as a change of the record: Tryton leaves the parent's stamp alone.
    """

    model: ClassVar[type[CanonicalObject]]
    mapping_name: ClassVar[str]
    also: ClassVar[tuple[str, ...]] = ()
    children: ClassVar[tuple[str, ...]] = ()
    finds_by: ClassVar[Mapping[str, str]] = {}
    reads: ClassVar[bool] = True
    writes: ClassVar[bool] = False

    def __init__(self, client: TrytonClient, overlays: Overlays) -> None:
        self.client = client
        self.mapping = FieldMapping.load("isthmus.connectors.tryton", self.mapping_name, overlays)
        self.name = self.mapping.object

    @property
    def capability(self) -> Capability:
        return Capability(reads=self.reads, writes=self.writes, finds_by=tuple(self.finds_by))

    async def domain(self) -> Domain:
        """Which records of the Tryton model are of this kind."""
        return []

    def wanted(self, record: Record) -> bool:
        """As `domain`, for what a domain cannot say."""
        return True

    def translate(self, record: Record) -> Translated:
        return read_record(self.model, self.mapping, record)

    def sought(self, attribute: str, value: str) -> str:
        """A criterion in the form that Tryton keeps."""
        return value

    def key_in(self, record: Record) -> str | None:
        """The canonical id, where the record carries it."""
        return None

    async def put(self, outgoing: Outgoing) -> Receipt:
        raise Refused(self.client.system, f"this connector does not write {self.model.kind}")

    async def changes(self, since: Watermark) -> AsyncIterator[Page]:
        """Lists the ids that changed, then reads them in the order of their stamps.

        A record that changes between the two keeps its listed stamp, so that the position never
        runs ahead of what was delivered; the next reading meets it again.
        """
        watermark = since.copy()
        watermark.overlap = OVERLAP
        listed = await self._listed(watermark.read_from)
        for start in range(0, len(listed), PAGE):
            part = listed[start : start + PAGE]
            records = await self._records([["id", "in", [number for _, number in part]]])
            by_id = {record["id"]: record for record in records}
            found = [(at, by_id[number]) for at, number in part if number in by_id]
            yield Page(
                [
                    self._change(at, record)
                    for at, record in found
                    if self.wanted(record)
                    and watermark.admits(str(record["id"]), at, _content(record))
                ],
                watermark.copy(),
            )

    async def get(self, external_id: str) -> Change | None:
        number = self.client.record_id(external_id, self.model.kind)
        found = await self._records([["id", "=", number]])
        return self._change(self._stamp(found[0]), found[0]) if found else None

    async def find(self, criteria: Mapping[str, str]) -> Sequence[Change]:
        domain = [*await self.domain()]
        for attribute, value in criteria.items():
            if attribute not in self.finds_by:
                known = ", ".join(self.finds_by) or "nothing"
                raise Refused(
                    self.client.system,
                    f"{self.model.kind} is not found by {attribute} here, but by: {known}",
                )
            domain.append([self.finds_by[attribute], "=", self.sought(attribute, value)])
        found = await self._records(domain, limit=FOUND)
        return [self._change(self._stamp(r), r) for r in found if self.wanted(r)]

    def fields(self) -> list[str]:
        stamps = [STAMP, *(f"{child}.{STAMP}" for child in self.children)]
        return list(dict.fromkeys([*self.mapping.fields(), *self.also, *stamps]))

    async def _listed(self, since: datetime) -> list[tuple[datetime, int]]:
        stamps = [STAMP, *(f"{child}.{STAMP}" for child in self.children)]
        kind = await self.domain()
        if since > BEGINNING:
            kind = [*kind, ["OR", *([stamp, ">=", since] for stamp in stamps)]]
        listed: list[tuple[datetime, int]] = []
        last = 0
        while True:
            found = await self.client.search_read(
                self.name, [["id", ">", last], *kind], stamps, limit=LISTED, context=ALL
            )
            listed += [(self._stamp(record), record["id"]) for record in found]
            if len(found) < LISTED:
                return sorted(listed)
            last = found[-1]["id"]

    async def _records(self, domain: Domain, limit: int | None = None) -> list[Record]:
        return await self.client.search_read(
            self.name, domain, self.fields(), limit=limit, context=ALL
        )

    def _stamp(self, record: Record) -> datetime:
        """The latest of the record's own stamp and its children's."""
        stamps = [record[STAMP]]
        for child in self.children:
            related = record[child] or []
            many = related if isinstance(related, list) else [related]
            stamps += [one[STAMP] for one in many]
        latest: datetime = max(stamps)
        return latest

    def _change(self, at: datetime, record: Record) -> Change:
        translated = self.translate(record)
        return Change(
            self.model,
            str(record["id"]),
            at,
            translated.attributes,
            canonical_id=self.key_in(record),
            problems=translated.problems,
        )


def _content(record: Record) -> Record:
    """The record without its stamps: a save that changed nothing is no change."""
    return {
        name: [_content(one) for one in value]
        if isinstance(value, list) and value and isinstance(value[0], dict)
        else (_content(value) if isinstance(value, dict) else value)
        for name, value in record.items()
        if name != STAMP
    }


def as_uuid(text: str | None) -> str | None:
    """The text if it is a UUID, which is the form of our ids."""
    if not text:
        return None
    try:
        return str(UUID(text))
    except ValueError:
        return None
