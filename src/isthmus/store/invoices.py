"""Invoices as a list: the youngest first, with names, and the sums of what is listed."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.tables import record

_invoice, _client, _entity = (record.alias(n) for n in ("invoice", "client", "entity"))
_TABLES = _invoice.outerjoin(
    _client,
    sa.and_(
        _client.c.kind == "customer",
        sa.cast(_client.c.id, sa.Text) == _invoice.c.data["customer"].astext,
    ),
).outerjoin(
    _entity,
    sa.and_(
        _entity.c.kind == "legal_entity",
        sa.cast(_entity.c.id, sa.Text) == _invoice.c.data["legal_entity"].astext,
    ),
)


def _of(alias: Any, name: str) -> sa.ColumnElement[str]:
    return alias.c.data[name].astext  # type: ignore[no-any-return] # an alias has no types


def _amount(name: str) -> sa.ColumnElement[Decimal]:
    return sa.cast(_invoice.c.data[name]["amount"].astext, sa.Numeric)


_issued: sa.ColumnElement[date] = sa.cast(_of(_invoice, "issued_on"), sa.Date)
_NET: sa.ColumnElement[Decimal] = sa.func.coalesce(
    _amount("subtotal"),
    sa.literal_column(
        "(select sum(cast(line->'amount'->>'amount' as numeric))"
        " from jsonb_array_elements(invoice.data->'lines') line)",
        sa.Numeric,
    ),
)
"""Before tax: what the ledger says, of what it has not got the sum of our lines."""


@dataclass(frozen=True)
class InvoiceFilter:
    """None: all. `entities` are codes; days are of the invoice, both included."""

    entities: Collection[str] | None = None
    client: str | None = None
    status: str | None = None
    since: date | None = None
    until: date | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        found = [_invoice.c.kind == "invoice"]
        if self.entities is not None:
            found.append(_of(_entity, "code").in_(sorted(self.entities)))
        if self.client is not None:
            found.append(_of(_client, "name") == self.client)
        if self.status is not None:
            found.append(_of(_invoice, "status") == self.status)
        if self.since is not None:
            found.append(_issued >= self.since)
        if self.until is not None:
            found.append(_issued <= self.until)
        return found


@dataclass(frozen=True)
class InvoiceRow:
    """`net` is before tax; `total` and `due` are None until the ledger has it."""

    id: str
    number: str | None
    reference: str
    status: str
    issued_on: date
    currency: str
    client: str | None
    legal_entity: str | None
    net: Decimal
    total: Decimal | None
    due: Decimal | None


@dataclass(frozen=True)
class InvoiceSum:
    currency: str
    invoices: int
    net: Decimal
    due: Decimal


class Invoices:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(
        self, chosen: InvoiceFilter, *, limit: int, after: int = 0
    ) -> builtins.list[InvoiceRow]:
        rows = await self._connection.execute(
            sa.select(
                _invoice.c.id, _of(_invoice, "number"), _of(_invoice, "reference"),
                _of(_invoice, "status"), _issued, _of(_invoice, "currency"), _of(_client, "name"),
                _of(_entity, "code"), _NET, _amount("total"), _amount("amount_due"),
            )
            .select_from(_TABLES).where(*chosen.conditions())
            .order_by(_issued.desc(), _of(_invoice, "reference").desc()).limit(limit).offset(after)
        )  # fmt: skip
        return [InvoiceRow(*row) for row in rows]

    async def sums(self, chosen: InvoiceFilter) -> builtins.list[InvoiceSum]:
        currency = _of(_invoice, "currency")
        rows = await self._connection.execute(
            sa.select(
                currency, sa.func.count(), sa.func.sum(_NET),
                sa.func.coalesce(sa.func.sum(_amount("amount_due")), Decimal(0)),
            ).select_from(_TABLES).where(*chosen.conditions()).group_by(currency).order_by(currency)
        )  # fmt: skip
        return [InvoiceSum(*row) for row in rows]

    async def clients(self, entities: Collection[str] | None) -> builtins.list[str]:
        name = _of(_client, "name")
        rows = await self._connection.execute(
            sa.select(name).select_from(_TABLES)
            .where(*InvoiceFilter(entities).conditions(), name.is_not(None))
            .distinct().order_by(name)
        )  # fmt: skip
        return [client for (client,) in rows]
