"""Work that is on no invoice yet: summed by project or company and age, and the rows behind it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.columns import among
from isthmus.store.fact_tables import fact
from isthmus.store.ledger import BILLABLE, LIVE, NET
from isthmus.store.tables import record, time_entry

_contract = record.alias("contract")
_ENTITY: sa.ColumnElement[str] = _contract.c.data["legal_entity"].astext
_UNAPPROVED = ("draft", "submitted")
Days = tuple[int, ...]
"""Ages: bucket 0 is up to the first of them old on the day, the last one older than all."""


@dataclass(frozen=True)
class OpenFilter:
    """None: all. Both days are included; `entities` are codes of the companies that bill."""

    entities: Collection[str] | None = None
    projects: Collection[str] | None = None
    since: date | None = None
    until: date | None = None
    posted: bool | None = None
    currency: str | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        found = [LIVE, BILLABLE, fact.c.invoice.is_(None)]
        if self.entities is not None:
            found.append(_ENTITY.in_(sorted(self.entities)))
        if self.projects is not None:
            found.append(among(fact.c.project, self.projects))
        if self.since is not None:
            found.append(fact.c.happened_on >= self.since)
        if self.until is not None:
            found.append(fact.c.happened_on <= self.until)
        if self.posted is not None:
            found.append(fact.c.posted_at.is_not(None) == sa.literal(self.posted))
        if self.currency is not None:
            found.append(fact.c.currency == self.currency)
        return found


@dataclass(frozen=True)
class OpenSum:
    """Of a project, or of the company that bills it; `unposted` is the part of `amount` that the
    ledger has not taken yet.
    """

    of: str | None
    currency: str
    bucket: int
    amount: Decimal
    unposted: Decimal
    facts: int


@dataclass(frozen=True)
class OpenRow:
    """`person` is the id of who worked; None for what nobody worked for."""

    source_kind: str
    source_id: str
    project: str
    person: str | None
    description: str
    role: str | None
    happened_on: date
    hours: Decimal
    rate: Decimal
    amount: Decimal
    currency: str
    posted_at: datetime | None


@dataclass(frozen=True)
class Unapproved:
    """Hours of a project that nobody has approved or refused."""

    project: str
    entries: int
    hours: Decimal


class Unbilled:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_project(self, chosen: OpenFilter, on: date, days: Days) -> list[OpenSum]:
        return await self._aged(fact.c.project, chosen, on, days)

    async def by_company(self, chosen: OpenFilter, on: date, days: Days) -> list[OpenSum]:
        return await self._aged(_ENTITY, chosen, on, days)

    async def _aged(
        self, of: sa.ColumnElement[str], chosen: OpenFilter, on: date, days: Days
    ) -> list[OpenSum]:
        age = sa.literal(on, sa.Date) - fact.c.happened_on
        bucket = sa.case(*((age <= most, n) for n, most in enumerate(days)), else_=len(days))
        found = _select(
            chosen, of.label("of"), fact.c.currency, bucket.label("bucket"), NET.label("amount"),
            fact.c.posted_at,
        ).subquery()  # fmt: skip
        keys = (found.c.of, found.c.currency, found.c.bucket)
        total = sa.func.sum(found.c.amount)
        unposted = sa.func.coalesce(total.filter(found.c.posted_at.is_(None)), Decimal(0))
        rows = await self._connection.execute(
            sa.select(*keys, total, unposted, sa.func.count()).group_by(*keys).order_by(*keys)
        )
        return [OpenSum(*row) for row in rows]

    async def rows(self, chosen: OpenFilter, *, limit: int, after: int = 0) -> list[OpenRow]:
        """The oldest work first."""
        rows = await self._connection.execute(
            _select(
                chosen, fact.c.source_kind, fact.c.source_id, fact.c.project, fact.c.resource,
                fact.c.description, fact.c.role, fact.c.happened_on, fact.c.billed_hours,
                fact.c.rate, NET, fact.c.currency, fact.c.posted_at,
            ).order_by(fact.c.happened_on, fact.c.id).limit(limit).offset(after)
        )  # fmt: skip
        return [OpenRow(*row) for row in rows]

    async def totals(self, chosen: OpenFilter) -> tuple[int, dict[str, Decimal]]:
        """(number of rows, amount by currency)."""
        found = _select(chosen, fact.c.currency, NET.label("amount")).subquery()
        rows = await self._connection.execute(
            sa.select(found.c.currency, sa.func.count(), sa.func.sum(found.c.amount))
            .group_by(found.c.currency).order_by(found.c.currency)
        )  # fmt: skip
        known = rows.all()
        return sum(n for _, n, _ in known), {currency: amount for currency, _, amount in known}

    async def unapproved(self, until: date) -> list[Unapproved]:
        entry = time_entry.c
        rows = await self._connection.execute(
            sa.select(entry.project, sa.func.count(), sa.func.sum(entry.hours))
            .where(entry.approval.in_(_UNAPPROVED), entry.state != "withdrawn",
                   entry.worked_on <= until)
            .group_by(entry.project)
        )  # fmt: skip
        return [Unapproved(*row) for row in rows]


def _select(chosen: OpenFilter, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    theirs = sa.and_(_contract.c.kind == "contract", _contract.c.id == fact.c.contract)
    return (
        sa.select(*columns)
        .select_from(fact.outerjoin(_contract, theirs))
        .where(*chosen.conditions())
    )
