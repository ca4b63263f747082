"""Whether anything waits to be set going, asked at once: most often nothing does."""

from __future__ import annotations

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.entries import Entries
from isthmus.store.entry_kinds import TIME
from isthmus.store.expenses import Expenses
from isthmus.store.holds import OPEN, REPLAYING, WAITING_PERIOD, WAITING_SYSTEM
from isthmus.store.tables import hold


class Pending(StrEnum):
    ENTRIES = "entries"
    """Time or expenses without a batch."""
    SYSTEMS = "systems"
    PERIODS = "periods"
    REPLAYS = "replays"


async def pending(connection: AsyncConnection) -> frozenset[Pending]:
    states = {
        Pending.SYSTEMS: WAITING_SYSTEM,
        Pending.PERIODS: WAITING_PERIOD,
        Pending.REPLAYS: REPLAYING,
    }
    entries = sa.or_(
        Entries(connection, TIME).without_batch(), Expenses(connection).without_batch()
    )
    asked = [entries.label(Pending.ENTRIES)]
    asked += [
        sa.exists().where(OPEN, hold.c.state == state).label(name) for name, state in states.items()
    ]
    row = (await connection.execute(sa.select(*asked))).one()
    return frozenset(Pending(name) for name, waits in row._mapping.items() if waits)
