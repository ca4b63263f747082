"""Dry runs of billing: the last one is what the next is compared with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.tables import dry_run


class DryRuns:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def last(self) -> dict[str, Any] | None:
        plan: dict[str, Any] | None = await self._connection.scalar(
            sa.select(dry_run.c.plan).order_by(dry_run.c.number.desc()).limit(1)
        )
        return plan

    async def keep(self, plan: dict[str, Any]) -> None:
        """Only the latest is asked for; older ones go."""
        number = await self._connection.scalar(
            sa.insert(dry_run).values(plan=plan).returning(dry_run.c.number)
        )
        await self._connection.execute(sa.delete(dry_run).where(dry_run.c.number < number))
