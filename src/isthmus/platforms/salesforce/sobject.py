"""One sObject as one kind of canonical object: what all of them do alike.

A connector's object file derives from this, names its mapping and adds what needs more than one
field. Writes find the record by our key, `Isthmus_Id__c`, so a repeat finds the first one's row.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from isthmus.canonical import CanonicalObject
from isthmus.connect import (
    Capability,
    Change,
    Conflict,
    ConnectError,
    FieldProblem,
    Invalid,
    Outgoing,
    Page,
    Receipt,
    Refused,
    Watermark,
)
from isthmus.connect import mapping as declarative
from isthmus.connect.listing import Window
from isthmus.connect.mapping import Translated, read_record, write_record
from isthmus.platforms.salesforce.listing import listed
from isthmus.platforms.salesforce.reading import Child, Found, Source, changed, load
from isthmus.platforms.salesforce.saving import COLLECTION, Saved, save
from isthmus.platforms.salesforce.soql import all_of, any_of, literal, parse_instant
from isthmus.platforms.salesforce.transport import CURRENCY, SalesforceTransport

KEY = "Isthmus_Id__c"
FOUND = 50


class SObject:
    """`extra` are fields that the code reads besides the mapping's own."""

    model: ClassVar[type[CanonicalObject]]
    package: ClassVar[str]
    mapping_name: ClassVar[str]
    capability: ClassVar[Capability]
    keyed: ClassVar[bool] = True
    """Whether the record carries our key."""
    extra: ClassVar[tuple[str, ...]] = ()
    where: ClassVar[str | None] = None
    children: ClassVar[tuple[Child, ...]] = ()
    parents: ClassVar[tuple[str, ...]] = ()
    on_create: ClassVar[Mapping[str, Any]] = {}
    """Values that only a new record gets: people own them afterwards."""
    days: ClassVar[tuple[str, str] | None] = None
    """Fields of the first and the last day that a record is about."""
    read_back: ClassVar[bool] = False
    """Whether a receipt tells what the org made of the record."""

    def __init__(
        self, transport: SalesforceTransport, overlays: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.transport = transport
        self.system = transport.name
        self.mapping = declarative.Mapping.load(self.package, self.mapping_name, overlays)

    @property
    def source(self) -> Source:
        key = (KEY,) if self.keyed else ()
        fields = dict.fromkeys((*key, *self.mapping.fields(), *self.extra))
        return Source(self.mapping.object, tuple(fields), self.where, self.children, self.parents)

    def translate(self, record: Mapping[str, Any]) -> Translated:
        return read_record(self.model, self.mapping, record)

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        return write_record(self.mapping, outgoing.obj, outgoing.only)

    async def changes(self, since: Watermark) -> AsyncIterator[Page]:
        """A record found again by a relative's later stamp moves the watermark on, but is no news
        when nothing in it differs.
        """
        watermark = since.copy()
        seen: dict[str, str] = {}
        async for found in changed(self.transport, self.source, since.read_from):
            news: list[Change] = []
            for one in found:
                admitted = self.admitted(one, watermark)
                if seen.get(one.id) != one.mark:
                    news += admitted
                seen[one.id] = one.mark
            yield Page(news, watermark.copy())

    async def listing(self, window: Window | None) -> AsyncIterator[Sequence[Change]]:
        between: tuple[str, ...] = ()
        if window is not None and self.days is not None:
            first, last = self.days
            between = (f"{first} <= {literal(window.last)}", f"{last} >= {literal(window.first)}")
        async for page in listed(self.transport, self.source, *between):
            yield [change for found in page for change in self.listed_as(found)]

    def listed_as(self, found: Found) -> Sequence[Change]:
        return (self.change(found),)

    def admitted(self, found: Found, watermark: Watermark) -> Sequence[Change]:
        """The changes that a record means; most mean one."""
        if not watermark.admits_mark(found.id, found.stamp, found.mark):
            return ()
        return (self.change(found),)

    def change(self, found: Found) -> Change:
        if found.deleted:
            return Change(self.model, found.id, found.stamp, {}, deleted=True)
        translated = self.translate(found.record)
        return Change(
            self.model,
            found.id,
            found.stamp,
            translated.attributes,
            canonical_id=our_key(found.record.get(KEY)),
            problems=translated.problems,
        )

    async def get(self, external_id: str) -> Change | None:
        records = await load(self.transport, self.source, [external_id])
        return next((self.change(_now(r)) for r in records.values()), None)

    async def find(self, criteria: Mapping[str, str]) -> Sequence[Change]:
        conditions = [
            f"{self.mapping.attributes[name].field} = {literal(value)}"
            for name, value in criteria.items()
        ]
        where = all_of(self.where, *conditions)
        soql = f"SELECT Id FROM {self.mapping.object}{where} ORDER BY Id LIMIT {FOUND}"
        ids = [row["Id"] for row in await self.transport.rows(soql)]
        records = await load(self.transport, self.source, ids)
        return [self.change(_now(records[i])) for i in ids if i in records]

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        results: dict[int, Receipt | ConnectError] = {}
        by_id: dict[int, dict[str, Any]] = {}
        by_key: dict[int, dict[str, Any]] = {}
        for place, outgoing in enumerate(batch):
            try:
                record = self._checked(outgoing)
            except ConnectError as error:
                results[place] = error
                continue
            (by_id if "Id" in record else by_key)[place] = record
        await self._complete_known(by_id, results)
        await self._complete_new(by_key)
        for key, records in (("Id", by_id), (KEY, by_key)):
            saved = await save(self.transport, self.mapping.object, key, list(records.values()))
            results.update(zip(records, map(_receipt, saved), strict=True))
        if self.read_back:
            await self._add_answers(results)
        return [results[place] for place in range(len(batch))]

    def _checked(self, outgoing: Outgoing) -> dict[str, Any]:
        try:
            record = self.record(outgoing)
        except ValueError as error:
            raise self._unmapped(error) from error
        self._check_currency(record)
        if outgoing.external_id:
            return {"Id": outgoing.external_id, KEY: outgoing.obj.id, **record}
        if not self.keyed:
            raise Refused(
                self.system, f"{self.mapping.object} carries no key of ours: make it there first"
            )
        return {KEY: outgoing.obj.id, **record}

    def _check_currency(self, record: Mapping[str, Any]) -> None:
        """In an org with one currency an amount of another would silently change its meaning."""
        single = self.transport.settings.single_currency
        written = record.get(CURRENCY)
        if single is None or written in (None, single):
            return
        problem = FieldProblem(
            self.mapping.object,
            CURRENCY,
            str(written),
            f"the org keeps {single} only",
            "Switch on several currencies in the org, or bill in its own.",
        )
        raise Invalid(self.system, "an amount in a foreign currency", fields=(problem,))

    def _unmapped(self, error: ValueError) -> Invalid:
        """`write_record` says `Object.Field: reason`; the words are taken apart for the queue."""
        prefix = f"{self.mapping.object}."
        field, _, reason = str(error).removeprefix(prefix).partition(": ")
        problem = FieldProblem(
            self.mapping.object, field, None, reason, "Map the value in the landscape."
        )
        return Invalid(self.system, "a value has no counterpart", fields=(problem,))

    async def _complete_known(
        self, records: dict[int, dict[str, Any]], results: dict[int, Receipt | ConnectError]
    ) -> None:
        """Set our key where the record has none yet; never take another object's away."""
        held = await self._held([r["Id"] for r in records.values()]) if records else {}
        for place, record in list(records.items()):
            if record["Id"] not in held:
                del records[place]
                results[place] = Conflict(
                    self.system, f"{self.mapping.object} {record['Id']} is gone", code="NOT_FOUND"
                )
            elif held[record["Id"]] or not self.keyed:
                del record[KEY]

    async def _held(self, ids: Sequence[str]) -> dict[str, str | None]:
        key = f", {KEY}" if self.keyed else ""
        held: dict[str, str | None] = {}
        for start in range(0, len(ids), COLLECTION):
            where = all_of(any_of("Id", ids[start : start + COLLECTION]))
            soql = f"SELECT Id{key} FROM {self.mapping.object}{where}"
            async for row in self.transport.query(soql):
                held[row["Id"]] = row.get(KEY)
        return {i: held[full] for i in ids for full in held if full[:15] == i[:15]}

    async def _complete_new(self, records: Mapping[int, dict[str, Any]]) -> None:
        if not self.on_create or not records:
            return
        present = await self.keys_present([r[KEY] for r in records.values()])
        for record in records.values():
            if record[KEY] not in present:
                record.update({f: v for f, v in self.on_create.items() if f not in record})

    async def keys_present(self, keys: Sequence[str], sobject: str | None = None) -> dict[str, str]:
        """Our keys that the org has, with the Ids of their records."""
        present: dict[str, str] = {}
        for start in range(0, len(keys), COLLECTION):
            where = all_of(any_of(KEY, keys[start : start + COLLECTION]))
            soql = f"SELECT Id, {KEY} FROM {sobject or self.mapping.object}{where}"
            async for row in self.transport.query(soql):
                present[row[KEY]] = row["Id"]
        return present

    async def _add_answers(self, results: dict[int, Receipt | ConnectError]) -> None:
        written = {p: r for p, r in results.items() if isinstance(r, Receipt)}
        records = await load(self.transport, self.source, [r.external_id for r in written.values()])
        for place, receipt in written.items():
            record = records.get(receipt.external_id)
            if record is not None:
                said = self.translate(record).attributes
                results[place] = Receipt(receipt.external_id, receipt.created, said)


def our_key(value: object) -> str | None:
    """The canonical id on a record, unless somebody typed something else into the field."""
    if not isinstance(value, str):
        return None
    try:
        return str(UUID(value))
    except ValueError:
        return None


def _now(record: Mapping[str, Any]) -> Found:
    return Found(record["Id"], parse_instant(record["SystemModstamp"]), record)


def _receipt(saved: Saved | ConnectError) -> Receipt | ConnectError:
    return Receipt(saved.id, saved.created) if isinstance(saved, Saved) else saved
