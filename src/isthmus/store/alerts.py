"""Alerts: promises of flows that are being broken, who was told, and when it was over."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.holds import COLUMNS, OPEN, HoldRow
from isthmus.store.measure_tables import alert
from isthmus.store.tables import hold, run

ENDED = ("succeeded", "skipped")


@dataclass(frozen=True)
class AlertRow:
    number: int
    key: str
    flow: str
    owner: str
    severity: str
    title: str
    body: str
    facts: dict[str, Any]
    opened_at: datetime
    told_at: datetime | None
    error: str | None
    resolved_at: datetime | None
    resolution_told_at: datetime | None

    @property
    def label(self) -> str:
        return f"A-{self.number}"


_COLUMNS = [alert.c[name] for name in AlertRow.__dataclass_fields__]


class Alerts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, *, open_only: bool = True, limit: int = 1000) -> builtins.list[AlertRow]:
        """The latest first."""
        query = sa.select(*_COLUMNS).order_by(alert.c.number.desc()).limit(limit)
        if open_only:
            query = query.where(alert.c.resolved_at.is_(None))
        return [AlertRow(*row) for row in await self._connection.execute(query)]

    async def untold_resolutions(self) -> builtins.list[AlertRow]:
        """Over, and somebody was told that they began."""
        rows = await self._connection.execute(
            sa.select(*_COLUMNS).where(
                alert.c.resolved_at.is_not(None),
                alert.c.told_at.is_not(None),
                alert.c.resolution_told_at.is_(None),
            )
        )
        return [AlertRow(*row) for row in rows]

    async def open(self, **values: Any) -> AlertRow:
        row = await self._connection.execute(sa.insert(alert).values(**values).returning(*_COLUMNS))
        return AlertRow(*row.one())

    async def change(self, number: int, **values: Any) -> AlertRow:
        row = await self._connection.execute(
            sa.update(alert).where(alert.c.number == number).values(**values).returning(*_COLUMNS)
        )
        return AlertRow(*row.one())

    async def runs_since(
        self, flow: str, since: datetime, limit: int = 50_000
    ) -> builtins.list[tuple[datetime, datetime | None]]:
        """(when asked, when ended well or None) of runs that were asked for or ended since, or are
        not done; the latest.
        """
        ended = sa.case((run.c.state.in_(ENDED), run.c.finished_at), else_=None)
        rows = await self._connection.execute(
            sa.select(run.c.created_at, ended)
            .where(
                run.c.flow == flow,
                sa.or_(
                    run.c.created_at > since,
                    run.c.finished_at > since,
                    run.c.state.not_in(ENDED),
                ),
            )
            .order_by(run.c.number.desc())
            .limit(limit)
        )
        return [(asked, done) for asked, done in rows]

    async def in_the_way(self, flow: str, limit: int) -> builtins.list[HoldRow]:
        """Open holds of a flow, the largest amount first."""
        rows = await self._connection.execute(
            sa.select(*COLUMNS)
            .where(hold.c.flow == flow, OPEN)
            .order_by(hold.c.amount.desc().nulls_last(), hold.c.number)
            .limit(limit)
        )
        return [HoldRow(*row) for row in rows]

    async def blocked(self, flow: str) -> tuple[int, Mapping[str, Decimal]]:
        """Number of open holds of a flow, and currency -> amount that they block."""
        rows: Sequence[Any] = (
            await self._connection.execute(
                sa.select(hold.c.currency, sa.func.count(), sa.func.sum(hold.c.amount))
                .where(hold.c.flow == flow, OPEN)
                .group_by(hold.c.currency)
                .order_by(hold.c.currency)
            )
        ).all()
        amounts = {c: a for c, _, a in rows if c is not None and a is not None}
        return sum(n for _, n, _ in rows), amounts
