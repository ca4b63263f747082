"""Runs of reconciliations, their control totals, and the acts that are kept for good."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.reconciliation_tables import (
    reconciliation_act,
    reconciliation_run,
    reconciliation_total,
)

RUNNING, FINISHED = "running", "finished"
REPAIR, ACCEPT, SIGN = "repair", "accept", "sign"


@dataclass(frozen=True)
class ReconciliationRow:
    id: str
    number: int
    name: str
    promise: str
    plan: dict[str, Any]
    first_on: date | None
    last_on: date | None
    state: str
    asked_by: str
    asked_at: datetime
    finished_at: datetime | None

    @property
    def label(self) -> str:
        return f"RC-{self.number}"


@dataclass(frozen=True)
class TotalRow:
    """Counts, hours and money of both sides; empty entity, period, currency: of none."""

    run: str
    leg: str
    entity: str
    period: str
    currency: str
    source_count: int
    target_count: int
    source_hours: Decimal
    target_hours: Decimal
    source_amount: Decimal
    target_amount: Decimal
    matched: int
    under_way: int


@dataclass(frozen=True)
class ActRow:
    number: int
    run: str | None
    break_: int | None
    act: str
    role: str | None
    by: str
    note: str
    evidence: str | None
    done_at: datetime


_RUN = [reconciliation_run.c[name] for name in ReconciliationRow.__dataclass_fields__]
_TOTAL = [reconciliation_total.c[name] for name in TotalRow.__dataclass_fields__]
_ACT = [reconciliation_act.c[name.rstrip("_")] for name in ActRow.__dataclass_fields__]


class AlreadySigned(Exception):
    """A run has one signature of each role."""


class Reconciliations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(
        self,
        id: str,
        name: str,
        promise: str,
        *,
        plan: dict[str, Any],
        first_on: date | None,
        last_on: date | None,
        asked_by: str,
    ) -> int:
        """Its number."""
        added = await self._connection.execute(
            insert(reconciliation_run)
            .values(id=id, name=name, promise=promise, plan=plan, first_on=first_on,
                    last_on=last_on, asked_by=asked_by)
            .returning(reconciliation_run.c.number)
        )  # fmt: skip
        return int(added.scalar_one())

    async def finish(self, id: str) -> bool:
        """False: it was at its end before."""
        ended = await self._connection.execute(
            sa.update(reconciliation_run)
            .where(reconciliation_run.c.id == id, reconciliation_run.c.state == RUNNING)
            .values(state=FINISHED, finished_at=sa.func.clock_timestamp())
            .returning(reconciliation_run.c.id)
        )
        return ended.first() is not None

    async def get(self, id: str) -> ReconciliationRow:
        row = await self._connection.execute(sa.select(*_RUN).where(reconciliation_run.c.id == id))
        return ReconciliationRow(*row.one())

    async def find(self, label: str) -> ReconciliationRow | None:
        """By its label (RC-7), its bare number, or the name: the latest run of that name."""
        digits = label.upper().removeprefix("RC-")
        of = reconciliation_run.c.name == label
        if digits.isdigit():
            of = reconciliation_run.c.number == int(digits)
        query = sa.select(*_RUN).where(of).order_by(reconciliation_run.c.number.desc()).limit(1)
        row = (await self._connection.execute(query)).first()
        return None if row is None else ReconciliationRow(*row)

    async def list(
        self, *, name: str | None = None, limit: int = 100
    ) -> builtins.list[ReconciliationRow]:
        """The youngest first."""
        of = () if name is None else (reconciliation_run.c.name == name,)
        rows = await self._connection.execute(
            sa.select(*_RUN).where(*of).order_by(reconciliation_run.c.number.desc()).limit(limit)
        )
        return [ReconciliationRow(*row) for row in rows]

    async def signed(self) -> builtins.list[ReconciliationRow]:
        """The latest signed run of each reconciliation."""
        signature = sa.exists().where(
            reconciliation_act.c.run == reconciliation_run.c.id, reconciliation_act.c.act == SIGN
        )
        latest = (
            sa.select(sa.func.max(reconciliation_run.c.number))
            .where(signature)
            .group_by(reconciliation_run.c.name)
        )
        rows = await self._connection.execute(
            sa.select(*_RUN).where(reconciliation_run.c.number.in_(latest))
        )
        return [ReconciliationRow(*row) for row in rows]

    async def totals(
        self, run: str, entities: Collection[str] | None = None
    ) -> builtins.list[TotalRow]:
        """By leg, company, period and currency; of these companies only."""
        query = sa.select(*_TOTAL).where(reconciliation_total.c.run == run)
        if entities is not None:
            query = query.where(reconciliation_total.c.entity.in_(list(entities)))
        by = ("leg", "entity", "period", "currency")
        rows = await self._connection.execute(
            query.order_by(*(reconciliation_total.c[b] for b in by))
        )
        return [TotalRow(*row) for row in rows]

    async def act(
        self,
        act: str,
        by: str,
        note: str,
        *,
        run: str | None = None,
        break_: int | None = None,
        role: str | None = None,
        evidence: str | None = None,
    ) -> None:
        """Raises AlreadySigned."""
        added = await self._connection.execute(
            insert(reconciliation_act)
            .values(run=run, act=act, role=role, by=by, note=note, evidence=evidence,
                    **{"break": break_})
            .on_conflict_do_nothing()
            .returning(reconciliation_act.c.number)
        )  # fmt: skip
        if added.first() is None:
            raise AlreadySigned(f"{role} has signed it already")

    async def acts(
        self, *, run: str | None = None, break_: int | None = None
    ) -> builtins.list[ActRow]:
        wanted = {"run": run, "break": break_}
        conditions = [reconciliation_act.c[k] == v for k, v in wanted.items() if v is not None]
        rows = await self._connection.execute(
            sa.select(*_ACT).where(*conditions).order_by(reconciliation_act.c.number)
        )
        return [ActRow(*row) for row in rows]
