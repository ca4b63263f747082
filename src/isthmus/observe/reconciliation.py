"""The backlog of reconciliations: what two systems do not agree on and nobody answers for."""

from __future__ import annotations

from isthmus.store.database import Database
from isthmus.store.reconciliation_breaks import Backlog


async def reconciliation_backlog(database: Database) -> list[Backlog]:
    """By reconciliation and currency: number of unexplained breaks, the money between both sides
    (absolute amounts), since when the oldest is seen, and who owns them.
    """
    async with database.begin() as tx:
        return await tx.breaks.unexplained()
