"""Runs: one row per run of a flow. The row's id is the idempotency key of the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.columns import among
from isthmus.store.holds import WAITING_SYSTEM
from isthmus.store.tables import hold, run


@dataclass(frozen=True)
class RunRow:
    id: str
    number: int
    flow: str
    subject: str
    event_id: str
    correlation_id: str
    priority: int
    state: str
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    emptied_at: datetime | None = None

    @property
    def label(self) -> str:
        return f"R-{self.number:04d}"


COLUMNS = [run.c[name] for name in RunRow.__dataclass_fields__]


class Runs:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self, id: str, *, flow: str, subject: str, event_id: str, correlation_id: str, priority: int
    ) -> bool:
        """Register; False when the run exists: the event was seen before."""
        added = await self._connection.execute(
            insert(run)
            .values(id=id, flow=flow, subject=subject, event_id=event_id,
                    correlation_id=correlation_id, priority=priority)
            .on_conflict_do_nothing()
            .returning(run.c.id)
        )  # fmt: skip
        return added.first() is not None

    async def get(self, id: str) -> RunRow | None:
        row = (await self._connection.execute(sa.select(*COLUMNS).where(run.c.id == id))).first()
        return None if row is None else RunRow(*row)

    async def many(self, ids: Iterable[str]) -> dict[str, RunRow]:
        rows = await self._connection.execute(sa.select(*COLUMNS).where(among(run.c.id, ids)))
        return {found.id: found for found in (RunRow(*row) for row in rows)}

    async def find(self, label: str) -> RunRow | None:
        """By its label (R-0031) or its id."""
        head, _, number = label.partition("-")
        if head.upper() == "R" and number.isdigit():
            condition: sa.ColumnElement[bool] = run.c.number == int(number)
        else:
            condition = run.c.id == label
        row = (await self._connection.execute(sa.select(*COLUMNS).where(condition))).first()
        return None if row is None else RunRow(*row)

    async def started(self, id: str) -> None:
        await self._connection.execute(
            sa.update(run)
            .where(run.c.id == id)
            .values(
                state="running",
                attempts=run.c.attempts + 1,
                started_at=sa.func.coalesce(run.c.started_at, sa.func.clock_timestamp()),
                finished_at=None,
            )
        )

    async def finished(self, id: str, state: str) -> None:
        await self._connection.execute(
            sa.update(run)
            .where(run.c.id == id)
            .values(state=state, finished_at=sa.func.clock_timestamp())
        )

    async def queued(self, id: str) -> None:
        await self._connection.execute(
            sa.update(run).where(run.c.id == id).values(state="queued", finished_at=None)
        )

    async def waiting_for(self, system: str, limit: int = 1000) -> list[RunRow]:
        """Runs that a system's absence or limits have stopped, the most urgent first."""
        rows = await self._connection.execute(
            sa.select(*COLUMNS)
            .join(hold, hold.c.run_id == run.c.id)
            .where(hold.c.state == WAITING_SYSTEM, hold.c.system == system)
            .order_by(run.c.priority, run.c.number)
            .limit(limit)
        )
        return [RunRow(*row) for row in rows]

    async def list(
        self,
        *,
        flow: str | None = None,
        state: str | None = None,
        subject: str | None = None,
        correlation_id: str | None = None,
        limit: int = 100,
    ) -> list[RunRow]:
        wanted = {
            "flow": flow,
            "state": state,
            "subject": subject,
            "correlation_id": correlation_id,
        }
        conditions = [run.c[k] == v for k, v in wanted.items() if v is not None]
        rows = await self._connection.execute(
            sa.select(*COLUMNS).where(*conditions).order_by(run.c.number.desc()).limit(limit)
        )
        return [RunRow(*row) for row in rows]

    async def counts(self) -> dict[tuple[str, str], int]:
        """(flow, state) -> number of runs."""
        rows = await self._connection.execute(
            sa.select(run.c.flow, run.c.state, sa.func.count()).group_by(run.c.flow, run.c.state)
        )
        return {(flow, state): count for flow, state, count in rows}
