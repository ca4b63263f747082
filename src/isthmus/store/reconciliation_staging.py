"""Both sides of a comparison, each copied into a table of its own connection, then joined there.

The tables are temporary: they end with the connection, so nothing of a run that died is left, and
a run whose connection was lost cannot compare what it no longer has. Memory does not grow with the
rows: PostgreSQL sorts beyond its own limit on disk, and only what differs is kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

SIDES = ("source", "target")
_ZERO = Decimal(0)


class Staged(NamedTuple):
    """One thing as one side has it. `compared` is its attributes as JSON text, the same text for
    the same values; `at` is when it came to be so, and `arrived_at`, of the target, when it got
    there for the first time, where that is known.
    """

    key: str
    object_id: str | None
    external_id: str
    label: str
    compared: str
    entity: str | None = None
    day: date | None = None
    currency: str | None = None
    hours: Decimal = _ZERO
    amount: Decimal = _ZERO
    at: datetime | None = None
    arrived_at: datetime | None = None


_COLUMNS = ", ".join(Staged._fields)
_TABLE = """
create temporary table {name} (
  key text collate "C" not null, object_id uuid, external_id text collate "C" not null,
  label text not null, compared text collate "C" not null, entity text, day date, currency text,
  hours numeric not null, amount numeric not null, at timestamptz,
  arrived_at timestamptz
)"""
WORK_MEM = "16MB"
"""Of each sort while two sides are joined; what does not fit is sorted on disk."""


class Staging:
    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def prepare(self) -> None:
        for side in SIDES:
            await self._do(f"drop table if exists staged_{side}")
            await self._do(_TABLE.format(name=f"staged_{side}"))
        await self.connection.commit()

    async def _do(self, statement: str) -> None:
        await self.connection.execute(sa.text(statement))

    async def take(self, side: str, rows: Iterable[Staged]) -> int:
        """Copy rows to a side, and commit: no transaction is open while the next are fetched."""
        raw = await self.connection.get_raw_connection()
        driver = raw.driver_connection
        assert driver is not None, "the connection is in use"
        count = 0
        async with driver.cursor() as cursor:
            statement = f"copy staged_{side} ({_COLUMNS}) from stdin"
            async with cursor.copy(statement) as copy:
                for row in rows:
                    await copy.write_row(row)
                    count += 1
        await driver.commit()
        return count

    async def ready(self) -> None:
        """Nobody analyses a temporary table by itself."""
        for side in SIDES:
            await self._do(f"analyze staged_{side} (key)")
        await self.connection.commit()

    async def sort_in_memory(self) -> None:
        """Until the end of the transaction."""
        await self._do(f"set local work_mem = '{WORK_MEM}'")

    async def leave(self) -> None:
        for side in SIDES:
            await self._do(f"drop table if exists staged_{side}")
        await self.connection.commit()
