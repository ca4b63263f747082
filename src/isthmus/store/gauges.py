"""How things stand, in numbers with few labels."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.holds import OPEN
from isthmus.store.measure_tables import alert, kpi_day
from isthmus.store.tables import hold, inbox


class Gauges:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def holds(self) -> list[tuple[str, str, str | None, int, float]]:
        """(owner, severity, currency, number of open holds, amount blocked)."""
        severity = sa.func.coalesce(hold.c.severity, "unknown")
        rows = await self._connection.execute(
            sa.select(hold.c.owner, severity, hold.c.currency, sa.func.count(),
                      sa.func.coalesce(sa.func.sum(hold.c.amount), 0))
            .where(OPEN)
            .group_by(hold.c.owner, severity, hold.c.currency)
            .order_by(hold.c.owner, severity, hold.c.currency)
        )  # fmt: skip
        return [(o, s, c, n, float(a)) for o, s, c, n, a in rows]

    async def oldest_message(self, now: datetime) -> float:
        """Seconds that the oldest message waits to be read; 0: none waits."""
        oldest = await self._connection.scalar(
            sa.select(sa.func.min(inbox.c.received_at)).where(inbox.c.processed_at.is_(None))
        )
        return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())

    async def alerts(self) -> list[tuple[str, str, str, int]]:
        """(flow, owner, severity, number) of alerts that are not over."""
        names = (alert.c.flow, alert.c.owner, alert.c.severity)
        rows = await self._connection.execute(
            sa.select(*names, sa.func.count())
            .where(alert.c.resolved_at.is_(None))
            .group_by(*names)
            .order_by(*names)
        )
        return [(flow, owner, severity, n) for flow, owner, severity, n in rows]

    async def figures(self) -> list[tuple[str, str, float]]:
        """(name, currency, value) of the firm as a whole, as last kept."""
        newest = sa.select(
            kpi_day.c.name, kpi_day.c.currency, kpi_day.c.value,
            sa.func.row_number()
            .over(partition_by=(kpi_day.c.name, kpi_day.c.currency),
                  order_by=kpi_day.c.on.desc())
            .label("place"),
        ).where(kpi_day.c.legal_entity == "").subquery()  # fmt: skip
        rows = await self._connection.execute(
            sa.select(newest.c.name, newest.c.currency, newest.c.value)
            .where(newest.c.place == 1, newest.c.value.is_not(None))
            .order_by(newest.c.name, newest.c.currency)
        )
        return [(name, currency, float(value)) for name, currency, value in rows]
