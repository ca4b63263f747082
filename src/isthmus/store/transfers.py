"""What companies of the firm were charged for each other's hours: rows of differences.

An entry's charge is the sum of its rows. A row names the fact that it was priced from, so a fact
that has a row is done, and one without is still to be charged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.fact_rows import FactRow
from isthmus.store.fact_tables import fact, transfer
from isthmus.store.tables import record


@dataclass(frozen=True)
class Worked:
    """The newest fact of an entry, with the hours and amounts of all its parts.

    `employer` is the company of who worked, by today's record; `in_force` is false where the hours
    were withdrawn or changed since, and not rated again.
    """

    fact: FactRow
    employer: str | None
    in_force: bool


@dataclass(frozen=True)
class TransferRow:
    """`amount` is what the entry's charge moved by. `basis` is the cost of an hour or the client's
    price, as it was priced.
    """

    id: str
    posting: str
    source_id: str
    fact: str
    month: date
    performing: str
    contracting: str
    method: str
    percent: Decimal | None
    hours: Decimal
    basis: Decimal | None
    amount: Decimal
    currency: str
    run_id: str
    recorded_at: datetime


_COLUMNS = [transfer.c[name] for name in TransferRow.__dataclass_fields__]
_SUMMED = ("hours", "billed_hours", "amount")
_reversal = fact.alias("reversal")
_OPPOSITE = sa.select(_reversal.c.id).where(
    _reversal.c.reversal_of == fact.c.id, ~_reversal.c.in_part
)
_WITHDRAWN = sa.exists(_OPPOSITE.where(_reversal.c.credit_memo.is_(None)))
"""Taken back otherwise than by a credit: that gives the client's money back, and not the work."""


def _newest() -> sa.Subquery:
    """Entry by entry its newest fact, with what all its parts come to: one may be on an invoice,
    and a later one not.
    """
    newest = sa.func.max(fact.c.source_version).over(partition_by=fact.c.source_id)
    parts = (
        sa.select(
            *(fact.c[name] for name in FactRow.__dataclass_fields__),
            newest.label("newest"),
            (~_WITHDRAWN).label("in_force"),
            (~sa.exists(_OPPOSITE)).label("stands"),
        )
        .where(fact.c.source_kind == "time_entry", fact.c.reversal_of.is_(None))
        .subquery()
    )
    is_newest = sa.and_(parts.c.source_version == parts.c.newest, parts.c.in_force)
    counts = sa.or_(parts.c.stands, is_newest)

    def value(name: str) -> sa.ColumnElement[Any]:
        if name not in _SUMMED:
            return parts.c[name]
        part = sa.case((counts, parts.c[name]), else_=0)
        return sa.func.sum(part).over(partition_by=parts.c.source_id).label(name)

    by_age = (parts.c.stands.desc(), parts.c.source_version.desc(), parts.c.part)
    return (
        sa.select(*map(value, FactRow.__dataclass_fields__), parts.c.in_force)
        .ext(distinct_on(parts.c.source_id))
        .order_by(parts.c.source_id, *by_age)
        .subquery()
    )


class Transfers:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def uncharged(self, up_to: date) -> list[Worked]:
        """Hours up to a day whose charge may differ from their rows: worked for another company's
        contract and not charged in their newest fact, or charged and withdrawn since.
        """
        newest = _newest()
        employer = record.c.data["legal_entity"].astext
        charged = sa.exists().where(transfer.c.source_id == newest.c.source_id)
        known = sa.exists().where(transfer.c.fact == newest.c.id)
        by_pair = (transfer.c.month, transfer.c.performing, transfer.c.contracting)
        outdated = sa.exists(
            sa.select(sa.literal(1))
            .where(transfer.c.source_id == newest.c.source_id)
            .group_by(*by_pair, transfer.c.currency)
            .having(
                sa.func.sum(transfer.c.amount) != 0,
                sa.or_(~newest.c.in_force, ~sa.func.bool_or(transfer.c.fact == newest.c.id)),
            )
        )
        foreign = sa.and_(employer.is_not(None), employer != newest.c.legal_entity)
        rows = await self._connection.execute(
            sa.select(newest, employer.label("employer"))
            .join(
                record,
                sa.and_(record.c.kind == "resource", record.c.id == newest.c.resource),
                isouter=True,
            )
            .where(
                newest.c.happened_on <= up_to,
                sa.or_(
                    sa.and_(newest.c.in_force, ~known, sa.or_(foreign, charged)),
                    outdated,
                ),
            )
            .order_by(newest.c.happened_on, newest.c.id)
        )
        return [Worked(FactRow(*row[:-2]), row.employer, row.in_force) for row in rows]

    async def of_sources(self, sources: Iterable[str]) -> dict[str, list[TransferRow]]:
        """Rows by entry, oldest first."""
        found: dict[str, list[TransferRow]] = {}
        for row in await self._select(transfer.c.source_id.in_(list(set(sources)))):
            found.setdefault(row.source_id, []).append(row)
        return found

    async def of_posting(self, posting: str) -> list[TransferRow]:
        return await self._select(transfer.c.posting == posting)

    async def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            await self._connection.execute(sa.insert(transfer), [dict(r) for r in rows])

    async def _select(self, condition: sa.ColumnElement[bool]) -> list[TransferRow]:
        rows = await self._connection.execute(
            sa.select(*_COLUMNS).where(condition).order_by(transfer.c.recorded_at, transfer.c.id)
        )
        return [TransferRow(*row) for row in rows]
