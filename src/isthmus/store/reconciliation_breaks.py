"""Breaks: seen, explained, accepted, repaired, closed when they are gone."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.reconciliation_tables import (
    reconciliation_act,
    reconciliation_break,
    reconciliation_run,
)

OPEN, EXPLAINED, ACCEPTED = "open", "explained", "accepted"
REPAIRED, CLOSED = "repaired", "closed"
UNEXPLAINED = (OPEN, REPAIRED)
"""What nobody answers for yet; a repair counts when the next run sees that it worked."""


@dataclass(frozen=True)
class BreakRow:
    """`hours` and `amount` are source less target. Values are attributes as text: of a thing that
    is on one side only, that side's; of a different one, both.
    """

    number: int
    name: str
    leg: str
    key: str
    copy: int
    kind: str
    object_kind: str
    object_id: str | None
    label: str
    entity: str | None
    happened_on: date | None
    currency: str | None
    hours: Decimal
    amount: Decimal
    source_id: str | None
    target_id: str | None
    source_values: dict[str, Any] | None
    target_values: dict[str, Any] | None
    source_at: datetime | None
    target_at: datetime | None
    state: str
    cause: str | None
    hold: int | None
    waiting_run: str | None
    owner: str
    first_run: str
    last_run: str
    first_seen_at: datetime
    last_seen_at: datetime
    times_seen: int
    repairs: int
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    closed_at: datetime | None

    @property
    def code(self) -> str:
        return f"BR-{self.number}"

    @property
    def differs(self) -> dict[str, tuple[Any, Any]]:
        """Attribute -> (value of the source, value of the target), where both sides have one."""
        if self.source_values is None or self.target_values is None:
            return {}
        theirs = self.target_values
        return {a: (v, theirs[a]) for a, v in self.source_values.items() if v != theirs[a]}


@dataclass(frozen=True)
class Backlog:
    """What nobody has explained: of one reconciliation, in one currency (None: no money)."""

    name: str
    currency: str | None
    breaks: int
    amount: Decimal
    oldest_at: datetime
    owner: str


_b = reconciliation_break.c
_COLUMNS = [_b[name] for name in BreakRow.__dataclass_fields__]


class Breaks:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, label: str, *, lock: bool = False) -> BreakRow | None:
        """By its label (BR-12) or the bare number."""
        digits = label.upper().removeprefix("BR-")
        if not digits.isdigit():
            return None
        query = sa.select(*_COLUMNS).where(_b.number == int(digits))
        row = (await self._connection.execute(query.with_for_update() if lock else query)).first()
        return None if row is None else BreakRow(*row)

    async def list(
        self,
        *,
        run: str | None = None,
        name: str | None = None,
        states: Collection[str] | None = None,
        entities: Collection[str] | None = None,
        limit: int | None = None,
    ) -> builtins.list[BreakRow]:
        """The largest amounts first. `run`: those that it saw, as they are now."""
        query = sa.select(*_COLUMNS)
        for column, value in ((_b.last_run, run), (_b.name, name)):
            if value is not None:
                query = query.where(column == value)
        if states is not None:
            query = query.where(_b.state.in_(builtins.list(states)))
        query = query.where(*_of(entities))
        order = (sa.func.abs(_b.amount).desc(), sa.func.abs(_b.hours).desc(), _b.number)
        rows = await self._connection.execute(query.order_by(*order).limit(limit))
        return [BreakRow(*row) for row in rows]

    async def counts(
        self, run: str, entities: Collection[str] | None = None
    ) -> dict[tuple[str, str, str], int]:
        """(leg, kind, state) -> number of breaks that a run saw."""
        by = (_b.leg, _b.kind, _b.state)
        query = sa.select(*by, sa.func.count()).where(_b.last_run == run, *_of(entities))
        rows = await self._connection.execute(query.group_by(*by))
        return {(leg, kind, state): count for leg, kind, state, count in rows}

    async def unexplained(
        self, run: str | None = None, entities: Collection[str] | None = None
    ) -> builtins.list[Backlog]:
        """Of one run, or of all."""
        by = (_b.name, _b.currency, _b.owner)
        amount = sa.func.sum(sa.func.abs(_b.amount))
        query = sa.select(_b.name, _b.currency, sa.func.count(), amount,
                          sa.func.min(_b.first_seen_at), _b.owner)  # fmt: skip
        query = query.where(_b.state.in_(UNEXPLAINED), *_of(entities))
        if run is not None:
            query = query.where(_b.last_run == run)
        rows = await self._connection.execute(query.group_by(*by).order_by(*by))
        return [Backlog(*row) for row in rows]

    async def repaired(self, number: int, by: str) -> None:
        await self._decided(number, REPAIRED, by, None, repairs=_b.repairs + 1)

    async def accepted(self, number: int, by: str, reason: str) -> None:
        await self._decided(number, ACCEPTED, by, reason)

    async def _decided(
        self, number: int, state: str, by: str, reason: str | None, **more: Any
    ) -> None:
        await self._connection.execute(
            sa.update(reconciliation_break)
            .where(_b.number == number)
            .values(state=state, decided_by=by, reason=reason,
                    decided_at=sa.func.clock_timestamp(), **more)
        )  # fmt: skip

    async def repairers(self, run: str, name: str) -> set[str]:
        """Who repaired what this run saw, or what was gone when it looked."""
        acts = reconciliation_act.c
        rows = await self._connection.execute(
            sa.select(acts.by)
            .join(reconciliation_break, _b.number == acts["break"])
            .where(
                acts.act == "repair",
                _b.name == name,
                sa.or_(_b.last_run == run, _b.closed_at >= _asked(run)),
            )
            .distinct()
        )
        return {by for (by,) in rows}


def _of(entities: Collection[str] | None) -> tuple[sa.ColumnElement[bool], ...]:
    """Of these companies; what is of none is seen by those alone who see all."""
    return () if entities is None else (_b.entity.in_(builtins.list(entities)),)


def _asked(run: str) -> sa.ScalarSelect[Any]:
    return (
        sa.select(reconciliation_run.c.asked_at)
        .where(reconciliation_run.c.id == run)
        .scalar_subquery()
    )
