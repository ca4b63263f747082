"""Key figures: one statement each over our own records, and how they stood on each day."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.columns import metadata
from isthmus.store.measure_tables import kpi_day

_FIGURES: Mapping[str, str] = {
    "median": "percentile_cont(0.5) within group (order by value)",
    "mean, weighted": "sum(value * weight) / nullif(sum(weight), 0)",
    "share": "100.0 * sum(value) / nullif(count(*), 0)",
    "sum": "sum(value)",
    "count": "count(*)",
    "highest": "max(value)",
}
_NARROWED = """
    select * from ({rows}) counted
    where cast(:entities as text[]) is null or legal_entity = any(cast(:entities as text[]))
"""
_PERCENTILE = """
    select null as currency, min(value) from (
        select value, sum(weight) over (order by value) as upto, sum(weight) over () as total
        from ({narrowed}) narrowed
    ) ordered where upto >= 0.95 * total
"""


@dataclass(frozen=True)
class CountedRow:
    """One of what a figure counts. `id` names it among its kind."""

    kind: str
    id: str
    label: str | None
    legal_entity: str | None
    at: datetime | None
    value: Decimal
    currency: str | None


@dataclass(frozen=True)
class DayRow:
    on: date
    legal_entity: str
    currency: str
    value: Decimal | None


@dataclass(frozen=True)
class KeptDay:
    name: str
    on: date
    currency: str
    value: Decimal | None


class Measures:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def has_rows(self, name: str) -> bool:
        """Of one of our tables: was anything of the kind done yet?"""
        found = await self._connection.scalar(
            sa.select(sa.exists().select_from(metadata.tables[name]))
        )
        return bool(found)

    async def figure(
        self, way: str, rows: str, given: Mapping[str, Any], entities: Collection[str] | None
    ) -> dict[str, Decimal | None]:
        """Currency (empty where it is no money) -> value, to two places."""
        narrowed = _NARROWED.format(rows=rows)
        if way in _FIGURES:
            query = f"select currency, {_FIGURES[way]} from ({narrowed}) n group by currency"
        else:
            query = _PERCENTILE.format(narrowed=narrowed)
        found = await self._execute(query, given, entities)
        return {
            currency or "": None if value is None else Decimal(str(value)).quantize(Decimal("0.01"))
            for currency, value in found
        }

    async def rows(
        self,
        rows: str,
        given: Mapping[str, Any],
        entities: Collection[str] | None,
        *,
        limit: int,
    ) -> builtins.list[CountedRow]:
        """What a figure counts, the highest value first."""
        query = (
            "select kind, id, label, legal_entity, at, value, currency from ("
            f"{_NARROWED.format(rows=rows)}) n order by value desc nulls last, at limit {limit:d}"
        )
        found = await self._execute(query, given, entities)
        return [
            CountedRow(k, i, name, e, at, Decimal(str(v or 0)).quantize(Decimal("0.01")), c)
            for k, i, name, e, at, v, c in found
        ]

    async def _execute(
        self, query: str, given: Mapping[str, Any], entities: Collection[str] | None
    ) -> Sequence[Any]:
        statement = sa.text(query)
        narrow = None if entities is None else sorted(entities)
        values = {**given, "entities": narrow}
        known = {name: values[name] for name in statement.compile().params}
        return (await self._connection.execute(statement, known)).all()

    async def keep(
        self, name: str, legal_entity: str, on: date, values: Mapping[str, Decimal | None]
    ) -> None:
        """The last look of a day counts; a currency that is gone is nothing from then on."""
        gone = sa.update(kpi_day).where(
            kpi_day.c.name == name, kpi_day.c.legal_entity == legal_entity, kpi_day.c.on == on,
            kpi_day.c.currency.not_in(list(values)),
        )  # fmt: skip
        await self._connection.execute(gone.values(value=Decimal(0)))
        for currency, value in sorted(values.items()):
            made = insert(kpi_day).values(
                name=name, legal_entity=legal_entity, currency=currency, on=on, value=value
            )
            await self._connection.execute(
                made.on_conflict_do_update(
                    index_elements=["name", "legal_entity", "currency", "on"],
                    set_={"value": value, "measured_at": sa.func.clock_timestamp()},
                )
            )

    async def measured_at(self) -> datetime | None:
        found: datetime | None = await self._connection.scalar(
            sa.select(sa.func.max(kpi_day.c.measured_at))
        )
        return found

    async def days(self, name: str, legal_entity: str, since: date) -> builtins.list[DayRow]:
        rows = await self._connection.execute(
            sa.select(kpi_day.c.on, kpi_day.c.legal_entity, kpi_day.c.currency, kpi_day.c.value)
            .where(
                kpi_day.c.name == name,
                kpi_day.c.legal_entity == legal_entity,
                kpi_day.c.on >= since,
            )
            .order_by(kpi_day.c.on, kpi_day.c.currency)
        )
        return [DayRow(*row) for row in rows]

    async def series(self, legal_entities: Collection[str], since: date) -> builtins.list[KeptDay]:
        """Of all figures of some companies; the empty code is the firm as a whole."""
        rows = await self._connection.execute(
            sa.select(kpi_day.c.name, kpi_day.c.on, kpi_day.c.currency, kpi_day.c.value)
            .where(kpi_day.c.legal_entity.in_(list(legal_entities)), kpi_day.c.on >= since)
            .order_by(kpi_day.c.on, kpi_day.c.currency)
        )
        return [KeptDay(*row) for row in rows]
