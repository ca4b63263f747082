"""Old key figures, alerts and reconciliations. What people put their names to stays."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.measure_tables import alert, kpi_day
from isthmus.store.reconciliation_tables import (
    reconciliation_act,
    reconciliation_break,
    reconciliation_run,
    reconciliation_total,
)


def _figures(before: datetime) -> sa.ColumnElement[bool]:
    return kpi_day.c.on < before.date()


def _alerts(before: datetime) -> sa.ColumnElement[bool]:
    return alert.c.resolved_at < before


def _breaks(before: datetime) -> sa.ColumnElement[bool]:
    """Closed, and nobody did anything about them."""
    acted = reconciliation_act.c["break"] == reconciliation_break.c.number
    return sa.and_(
        reconciliation_break.c.closed_at < before, ~sa.exists().where(acted),
        reconciliation_break.c.decided_by.is_(None),
    )  # fmt: skip


def _runs(before: datetime) -> sa.ColumnElement[bool]:
    """Finished, not the last of their reconciliation, and nothing that is kept hangs on them."""
    run, later = reconciliation_run, reconciliation_run.alias("later")
    held = sa.or_(
        reconciliation_break.c.first_run == run.c.id, reconciliation_break.c.last_run == run.c.id
    )
    return sa.and_(
        run.c.finished_at < before,
        sa.exists().where(later.c.name == run.c.name, later.c.number > run.c.number),
        ~sa.exists().where(reconciliation_act.c.run == run.c.id),
        ~sa.exists().where(sa.and_(held, ~sa.func.coalesce(_breaks(before), sa.false()))),
    )


class RetainedFigures:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def old_figures(self, before: datetime) -> int:
        return await self._count(kpi_day, _figures(before))

    async def remove_figures(self, before: datetime) -> int:
        return await self._remove(kpi_day, _figures(before))

    async def old_alerts(self, before: datetime) -> int:
        return await self._count(alert, _alerts(before))

    async def remove_alerts(self, before: datetime) -> int:
        return await self._remove(alert, _alerts(before))

    async def old_reconciliations(self, before: datetime) -> int:
        """Runs and breaks."""
        return await self._count(reconciliation_break, _breaks(before)) + await self._count(
            reconciliation_run, _runs(before)
        )

    async def remove_reconciliations(self, before: datetime) -> int:
        """Runs and breaks; totals go with their runs."""
        old = sa.select(reconciliation_run.c.id).where(_runs(before)).with_for_update()
        runs = (await self._connection.scalars(old)).all()
        breaks = await self._remove(reconciliation_break, _breaks(before))
        await self._remove(reconciliation_total, reconciliation_total.c.run.in_(runs))
        removed = await self._remove(reconciliation_run, reconciliation_run.c.id.in_(runs))
        return breaks + removed

    async def _remove(self, table: sa.Table, old: sa.ColumnElement[bool]) -> int:
        return (await self._connection.execute(sa.delete(table).where(old))).rowcount

    async def _count(self, table: sa.Table, old: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(old)
        return int(await self._connection.scalar(query) or 0)
