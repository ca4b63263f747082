"""Reading what changed, in the order of its stamp, without a gap or a repeat.

SystemModstamp has whole seconds and is no sequence: each question goes on after the last
(stamp, id), and the watermark's overlap catches what was committed late. A child's change (a
contact, an opportunity line) counts as its parent's: the streams are merged by stamp before pages
are cut, because a watermark that followed one stream alone would pass over the other after a
crash.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from isthmus.connect.mapping import lookup
from isthmus.connect.watermark import BEGINNING, fingerprint
from isthmus.platforms.salesforce.bulk import bulk_query
from isthmus.platforms.salesforce.soql import all_of, any_of, instant, parse_instant, quoted
from isthmus.platforms.salesforce.transport import SalesforceTransport

STAMP = "SystemModstamp"
PAGE = 2000
IDS = 200
"""Ids in one IN list: the question travels in a URL."""


@dataclass(frozen=True)
class Child:
    """Rows that belong to a record and change with it; `parent` is their lookup to it."""

    sobject: str
    parent: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """What to read. A record's children come in it as a list under the child's sObject name.

    `parents` are relations whose change counts as the record's own, because formulas over them
    move without touching its stamp.
    """

    sobject: str
    fields: tuple[str, ...]
    where: str | None = None
    children: tuple[Child, ...] = ()
    parents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A record as it is now, with the stamp by which it was found."""

    id: str
    stamp: datetime
    record: Mapping[str, Any] = field(default_factory=dict)
    deleted: bool = False

    @cached_property
    def mark(self) -> str:
        return fingerprint(self.record)


@dataclass(frozen=True)
class _Stream:
    sobject: str
    id: str
    fields: tuple[str, ...]
    where: str | None = None
    stamp: str = STAMP


async def changed(
    transport: SalesforceTransport, source: Source, since: datetime
) -> AsyncIterator[list[Found]]:
    """Pages of records whose stamp, or a child's, is at or after `since`."""
    if source.children or source.parents:
        pages = _with_relatives(transport, source, since)
    else:
        stream = _Stream(source.sobject, "Id", source.fields, source.where)
        pages = _pages(_rows(transport, stream, since), PAGE)
    async for page in pages:
        yield [f for f in page if since != BEGINNING or not f.deleted]


async def _with_relatives(
    transport: SalesforceTransport, source: Source, since: datetime
) -> AsyncIterator[list[Found]]:
    own = _Stream(source.sobject, "Id", (), source.where)
    theirs = [_Stream(c.sobject, c.parent, (), f"{c.parent} != null") for c in source.children]
    above = [
        _Stream(source.sobject, "Id", (), source.where, f"{parent}.{STAMP}")
        for parent in source.parents
    ]
    merged = _merged([_rows(transport, stream, since) for stream in (own, *theirs, *above)])
    async for page in _pages(merged, IDS):
        records = await load(transport, source, [f.id for f in page])
        deleted = {f.id for f in page if f.deleted}
        yield [
            Found(f.id, f.stamp, records.get(f.id, {}), deleted=f.id not in records)
            for f in page
            if f.id in records or f.id in deleted
        ]


async def _pages(rows: AsyncIterator[Found], size: int) -> AsyncIterator[list[Found]]:
    page: list[Found] = []
    async for row in rows:
        page.append(row)
        if len(page) == size:
            yield page
            page = []
    if page:
        yield page


async def _merged(streams: Sequence[AsyncIterator[Found]]) -> AsyncIterator[Found]:
    heads = {i: head for i, s in enumerate(streams) if (head := await anext(s, None))}
    while heads:
        first = min(heads, key=lambda i: (heads[i].stamp, heads[i].id))
        yield heads[first]
        following = await anext(streams[first], None)
        if following is None:
            del heads[first]
        else:
            heads[first] = following


async def _rows(
    transport: SalesforceTransport, stream: _Stream, since: datetime
) -> AsyncIterator[Found]:
    after: tuple[datetime, str] | None = None
    if since == BEGINNING and await _many(transport, stream):
        soql = _select(transport, stream, f"{stream.stamp} >= {instant(since)}", None)
        async for row in bulk_query(transport, stream.sobject, soql, deleted=True):
            found = _found(transport, stream, row)
            after = (found.stamp, row["Id"])
            yield found
    full = True
    while full:
        soql = _select(transport, stream, _after(stream.stamp, since, after), PAGE)
        rows = await transport.rows(soql, deleted=True)
        for row in rows:
            found = _found(transport, stream, row)
            after = (found.stamp, row["Id"])
            yield found
        full = len(rows) == PAGE


async def _many(transport: SalesforceTransport, stream: _Stream) -> bool:
    """Whether a first reading is worth a bulk job."""
    soql = f"SELECT COUNT() FROM {stream.sobject}{all_of(stream.where)}"
    return await transport.count(soql) > transport.settings.bulk_over


def _select(
    transport: SalesforceTransport, stream: _Stream, condition: str, limit: int | None
) -> str:
    fields = ("Id", stream.stamp, "IsDeleted", stream.id, *stream.fields)
    return (
        f"SELECT {transport.columns(fields)} FROM {stream.sobject}"
        f"{all_of(stream.where, condition)} ORDER BY {stream.stamp}, Id"
        + (f" LIMIT {limit}" if limit else "")
    )


def _after(field: str, since: datetime, last: tuple[datetime, str] | None) -> str:
    if last is None:
        return f"{field} >= {instant(since)}"
    stamp, row = instant(last[0]), quoted(last[1])
    return f"({field} > {stamp} OR ({field} = {stamp} AND Id > {row}))"


def _found(transport: SalesforceTransport, stream: _Stream, row: dict[str, Any]) -> Found:
    own = stream.id == "Id"
    stamp = parse_instant(lookup(row, stream.stamp))
    record = transport.with_currency(row)
    return Found(row[stream.id], stamp, record, deleted=own and bool(row["IsDeleted"]))


async def load(
    transport: SalesforceTransport, source: Source, ids: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Records by Id, with their children; an id that is gone or outside `where` is absent."""
    records: dict[str, dict[str, Any]] = {}
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), IDS):
        part = wanted[start : start + IDS]
        async for row in transport.query(
            f"SELECT {transport.columns(('Id', STAMP, *source.fields))}"
            f" FROM {source.sobject}{all_of(any_of('Id', part), source.where)}"
        ):
            records[row["Id"]] = transport.with_currency(row)
        for child in source.children:
            await _adopt(transport, child, part, records)
    return records


async def _adopt(
    transport: SalesforceTransport,
    child: Child,
    parents: Sequence[str],
    records: Mapping[str, dict[str, Any]],
) -> None:
    for record in (records[p] for p in parents if p in records):
        record[child.sobject] = []
    fields = transport.columns(("Id", child.parent, STAMP, *child.fields))
    async for row in transport.query(
        f"SELECT {fields} FROM {child.sobject}{all_of(any_of(child.parent, parents))} ORDER BY Id"
    ):
        if row[child.parent] in records:
            records[row[child.parent]][child.sobject].append(row)
