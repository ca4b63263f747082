"""Rows of an sObject as they are now, moved along by Id: an offset ends at 2,000 rows, and a cursor
after two days.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from isthmus.platforms.salesforce.reading import IDS, PAGE, STAMP, Found, Source, load
from isthmus.platforms.salesforce.soql import all_of, parse_instant, quoted
from isthmus.platforms.salesforce.transport import SalesforceTransport


async def listed(
    transport: SalesforceTransport, source: Source, *conditions: str
) -> AsyncIterator[list[Found]]:
    """Pages of records that meet the conditions, with their children."""
    size = IDS if source.children else PAGE
    fields = ("Id",) if source.children else ("Id", STAMP, *source.fields)
    last = ""
    while True:
        after = f"Id > {quoted(last)}" if last else None
        rows = await transport.rows(
            f"SELECT {transport.columns(fields)} FROM {source.sobject}"
            f"{all_of(source.where, *conditions, after)} ORDER BY Id LIMIT {size}"
        )
        if rows:
            yield await _complete(transport, source, rows)
        if len(rows) < size:
            return
        last = rows[-1]["Id"]


async def _complete(
    transport: SalesforceTransport, source: Source, rows: list[dict[str, Any]]
) -> list[Found]:
    records = [transport.with_currency(row) for row in rows]
    if source.children:
        records = list((await load(transport, source, [row["Id"] for row in rows])).values())
    return [Found(r["Id"], parse_instant(r[STAMP]), r) for r in records]
