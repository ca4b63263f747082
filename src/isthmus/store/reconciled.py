"""Our own side of a reconciliation, streamed: hours rated or not charged, their facts, invoices.

A cursor on the server gives the rows a few thousand at a time; memory does not grow with them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.canonical import Invoice

AT_ONCE = 2000
_LIVE = """
f.source_kind = 'time_entry' and f.reversal_of is null and f.happened_on between :first and :last
and not exists (select from fact r where r.reversal_of = f.id and not r.in_part)
"""
_HOURS = sa.text(f"""
with rated as (
  select f.source_id, sum(f.hours) as hours, coalesce(max(f.posted_at), max(f.rated_at)) as at
  from fact f where {_LIVE} group by f.source_id
)
select e.id, e.connection, e.external_id, e.worked_on, e.project, e.currency, r.hours, r.at
from rated r join time_entry e on e.id = r.source_id where e.connection = :connection
union all
select e.id, e.connection, e.external_id, e.worked_on, e.project, e.currency, e.hours, e.updated_at
from time_entry e
where e.connection = :connection and e.state = 'unbillable'
  and e.worked_on between :first and :last
""")
_PARTS = sa.text(f"""
select f.source_id, f.part, f.happened_on, f.legal_entity, f.currency, f.billed_hours, f.rate,
  f.amount, f.charging, f.pricing, f.posted_as, coalesce(f.posted_at, f.rated_at) as at
from fact f where {_LIVE} and f.legal_entity = any(:entities)
order by f.source_id, f.part
""")

_INVOICES = sa.text("""
select r.id, r.data, r.updated_at from record r
where r.kind = 'invoice' and cast(r.data ->> 'issued_on' as date) between :first and :last
  and r.data ->> 'status' <> 'void'
""")


@dataclass(frozen=True)
class HoursRow:
    id: str
    connection: str
    external_id: str
    worked_on: date
    project: str
    currency: str
    hours: Decimal
    at: datetime


@dataclass(frozen=True)
class PartRow:
    source_id: str
    part: int
    happened_on: date
    legal_entity: str | None
    currency: str
    billed_hours: Decimal
    rate: Decimal
    amount: Decimal
    charging: str
    pricing: dict[str, Any]
    posted_as: str | None
    at: datetime


class OurSide:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def hours(
        self, connection: str, first: date, last: date
    ) -> AsyncIterator[list[HoursRow]]:
        """Of entries of a PSA: what is rated of them, or that they are not charged."""
        given = {"connection": connection, "first": first, "last": last}
        async for rows in self._stream(_HOURS, given):
            yield [HoursRow(*row) for row in rows]

    async def parts(
        self, entities: list[str], first: date, last: date
    ) -> AsyncIterator[list[PartRow]]:
        """Facts in force of these companies' hours, those of an entry together."""
        given = {"entities": entities, "first": first, "last": last}
        async for rows in self._stream(_PARTS, given):
            yield [PartRow(*row) for row in rows]

    async def invoices(
        self, first: date, last: date
    ) -> AsyncIterator[list[tuple[Invoice, datetime]]]:
        """As they were drafted, with when they last changed here; void ones left out."""
        async for rows in self._stream(_INVOICES, {"first": first, "last": last}):
            yield [(Invoice.model_validate({"id": id, **data}), at) for id, data, at in rows]

    async def _stream(
        self, query: sa.TextClause, given: dict[str, Any]
    ) -> AsyncIterator[list[Any]]:
        result = await self._connection.stream(
            query, given, execution_options={"yield_per": AT_ONCE}
        )
        async for rows in result.partitions(AT_ONCE):
            yield list(rows)
