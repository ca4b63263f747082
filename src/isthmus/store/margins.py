"""What work was worth, what it cost and what of it is billed, summed where it is stored.

Sums are exact and in the currency of the facts; nothing is converted. `entities` are codes of
contracting companies; None: all of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.fact_tables import fact
from isthmus.store.hold_places import ENTITY, PROJECT
from isthmus.store.holds import OPEN
from isthmus.store.ledger import BILLABLE, LIVE, NET
from isthmus.store.tables import expense_entry, hold, record, time_entry

Entities = Collection[str] | None
_contract, _resource, _card = (record.alias(n) for n in ("contract", "resource", "card"))
_invoice, _deal, _project = (record.alias(n) for n in ("invoice", "deal", "project"))
_ZERO = sa.literal(Decimal(0), sa.Numeric)


@dataclass(frozen=True)
class Worth:
    """Of one project. `unposted` and `posted` are on no invoice yet."""

    project: str
    currency: str
    unposted: Decimal
    posted: Decimal
    invoiced: Decimal


@dataclass(frozen=True)
class Cost:
    """`uncosted` are hours, or expenses, whose cost in this currency nothing tells."""

    project: str
    currency: str
    hours: Decimal
    cost: Decimal
    uncosted: Decimal


@dataclass(frozen=True)
class DayOpen:
    """What of one day of work is not billed yet, by the company that bills it."""

    legal_entity: str | None
    day: date
    currency: str
    unposted: Decimal
    posted: Decimal


@dataclass(frozen=True)
class HeldPart:
    """`project` is None for what belongs to no project yet."""

    project: str | None
    legal_entity: str | None
    owner: str
    currency: str
    amount: Decimal
    holds: int


def _text(alias: Any, name: str) -> sa.ColumnElement[str]:
    return alias.c.data[name].astext  # type: ignore[no-any-return] # an alias has no types


def _in(column: sa.ColumnElement[Any], entities: Entities) -> sa.ColumnElement[bool]:
    return sa.true() if entities is None else column.in_(sorted(entities))


def _of(alias: Any, kind: str, id: Any) -> sa.ColumnElement[bool]:
    return sa.and_(alias.c.kind == kind, alias.c.id == id)


def _facts(entities: Entities, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Facts in force, with their contract."""
    return (
        sa.select(*columns)
        .select_from(fact.outerjoin(_contract, _of(_contract, "contract", fact.c.contract)))
        .where(LIVE, _in(_text(_contract, "legal_entity"), entities))
    )


class Margins:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def worth(self, entities: Entities) -> list[Worth]:
        state = sa.case(
            (fact.c.invoice.is_not(None), "invoiced"),
            (fact.c.posted_at.is_not(None), "posted"),
            else_="unposted",
        )
        live = _facts(
            entities, fact.c.project, fact.c.currency, state.label("state"), NET.label("amount")
        ).where(BILLABLE).subquery()  # fmt: skip
        parts = [
            sa.func.coalesce(sa.func.sum(live.c.amount).filter(live.c.state == name), _ZERO)
            for name in ("unposted", "posted", "invoiced")
        ]
        rows = await self._connection.execute(
            sa.select(live.c.project, live.c.currency, *parts).group_by(
                live.c.project, live.c.currency
            )
        )
        return [Worth(*row) for row in rows]

    async def time_cost(self) -> list[Cost]:
        """Approved hours at the cost of who worked, else at that of the card that priced them."""
        own = _rate(_resource, time_entry.c.currency)
        rate, hours = sa.func.coalesce(own, _of_card()), time_entry.c.hours
        tables = time_entry.outerjoin(_resource, _of(_resource, "resource", time_entry.c.resource))
        return await self._costs(
            sa.select(
                time_entry.c.project, time_entry.c.currency, sa.func.sum(hours),
                sa.func.coalesce(sa.func.sum(hours * rate), _ZERO),
                sa.func.coalesce(sa.func.sum(hours).filter(rate.is_(None)), _ZERO),
            ).select_from(tables), time_entry,
        )  # fmt: skip

    async def expense_cost(self) -> list[Cost]:
        amount = sa.func.sum(expense_entry.c.amount)
        return await self._costs(
            sa.select(
                expense_entry.c.project, expense_entry.c.currency, _ZERO, amount, _ZERO
            ).select_from(expense_entry), expense_entry,
        )  # fmt: skip

    async def _costs(self, query: sa.Select[Any], table: sa.Table) -> list[Cost]:
        rows = await self._connection.execute(
            query.where(
                table.c.approval == "approved", table.c.state != "withdrawn"
            ).group_by(table.c.project, table.c.currency)
        )  # fmt: skip
        return [Cost(*row) for row in rows]

    async def open_days(self, entities: Entities) -> list[DayOpen]:
        live = _facts(
            entities, _text(_contract, "legal_entity").label("legal_entity"),
            fact.c.happened_on.label("day"), fact.c.currency, NET.label("amount"), fact.c.posted_at,
        ).where(BILLABLE, fact.c.invoice.is_(None)).subquery()  # fmt: skip
        keys = (live.c.legal_entity, live.c.day, live.c.currency)
        parts = [
            sa.func.coalesce(sa.func.sum(live.c.amount).filter(where), _ZERO)
            for where in (live.c.posted_at.is_(None), live.c.posted_at.is_not(None))
        ]
        rows = await self._connection.execute(
            sa.select(*keys, *parts).group_by(*keys).order_by(*keys)
        )
        return [DayOpen(*row) for row in rows]

    async def unapproved_days(self, entities: Entities) -> list[tuple[str | None, date, int]]:
        """(company, day, number) of hours that nobody has approved or refused."""
        entity = _text(_project, "legal_entity")
        rows = await self._connection.execute(
            sa.select(entity, time_entry.c.worked_on, sa.func.count())
            .select_from(
                time_entry.outerjoin(_project, _of(_project, "project", time_entry.c.project))
            )
            .where(
                time_entry.c.approval.in_(("draft", "submitted")),
                time_entry.c.state != "withdrawn", _in(entity, entities),
            )
            .group_by(entity, time_entry.c.worked_on)
        )  # fmt: skip
        return [(code, day, count) for code, day, count in rows]

    async def revenue_by_month(self, entities: Entities) -> list[tuple[date, str, Decimal]]:
        """(first day of the month of the invoice, currency, amount before tax) less credits."""
        issued = sa.cast(_text(_invoice, "issued_on"), sa.Date)
        live = _facts(
            entities, sa.cast(sa.func.date_trunc("month", issued), sa.Date).label("month"),
            fact.c.currency, NET.label("amount"),
        ).join(_invoice, _of(_invoice, "invoice", fact.c.invoice)).where(BILLABLE)  # fmt: skip
        found = live.subquery()
        keys = (found.c.month, found.c.currency)
        rows = await self._connection.execute(
            sa.select(*keys, sa.func.sum(found.c.amount)).group_by(*keys).order_by(*keys)
        )
        return [(month, currency, amount) for month, currency, amount in rows]

    async def pipeline(self, entities: Entities) -> list[tuple[str, Decimal, int]]:
        """(currency, value, number) of deals that are open."""
        money = _deal.c.data["amount"]
        currency = money["currency"].astext
        rows = await self._connection.execute(
            sa.select(currency, sa.func.sum(sa.cast(money["amount"].astext, sa.Numeric)),
                      sa.func.count())
            .where(_deal.c.kind == "opportunity", _text(_deal, "stage") == "open",
                   currency.is_not(None), _in(_text(_deal, "legal_entity"), entities))
            .group_by(currency).order_by(currency)
        )  # fmt: skip
        return [(c, amount, count) for c, amount, count in rows]

    async def held(self, entities: Entities) -> list[HeldPart]:
        """What open holds keep from being billed, by project and owner."""
        keys = (PROJECT.label("project"), ENTITY.label("entity"), hold.c.owner, hold.c.currency)
        found = sa.select(*keys, hold.c.amount).where(
            OPEN, hold.c.amount.is_not(None), hold.c.currency.is_not(None), _in(ENTITY, entities)
        ).subquery()  # fmt: skip
        by = (found.c.project, found.c.entity, found.c.owner, found.c.currency)
        rows = await self._connection.execute(
            sa.select(*by, sa.func.sum(found.c.amount), sa.func.count()).group_by(*by)
        )
        return [HeldPart(*row) for row in rows]


def _of_card() -> sa.ColumnElement[Decimal]:
    """The cost of the card that priced an hour; looked for where the person's own is not known."""
    return (
        sa.select(_rate(_card, time_entry.c.currency))
        .select_from(fact.join(_card, _of(_card, "rate_card", fact.c.rate_card)))
        .where(
            fact.c.source_kind == "time_entry", fact.c.source_id == time_entry.c.id,
            fact.c.part == 1, LIVE,
        )
        .limit(1).correlate(time_entry).scalar_subquery()
    )  # fmt: skip


def _rate(alias: Any, currency: sa.ColumnElement[str]) -> sa.ColumnElement[Decimal]:
    """A cost per hour, where it is in the currency of the work."""
    money = alias.c.data["cost_rate"]
    amount = sa.cast(money["amount"].astext, sa.Numeric)
    return sa.case((money["currency"].astext == currency, amount))
