"""Circuit breakers: one row per connection, so that all processes agree on who is away."""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.quota_tables import circuit

LATER = 1.5
"""Each pause by the last: a system is found back within half of the time that it was away."""
_NOW = sa.func.clock_timestamp()


@dataclass(frozen=True)
class Circuit:
    """Open while `opened_at` is set; then `probe_at` is when one call is let through."""

    connection: str
    failures: int
    opened_at: datetime | None
    reason: str | None
    probe_at: datetime | None
    closed_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None


_COLUMNS = [circuit.c[name] for name in Circuit.__dataclass_fields__]


class Circuits:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, connection: str) -> Circuit | None:
        """None where nothing has ever failed."""
        found = await self._connection.execute(
            sa.select(*_COLUMNS).where(circuit.c.connection == connection)
        )
        row = found.first()
        return None if row is None else Circuit(*row)

    async def list(self) -> builtins.list[Circuit]:
        rows = await self._connection.execute(sa.select(*_COLUMNS).order_by(circuit.c.connection))
        return [Circuit(*row) for row in rows]

    async def failed(self, connection: str, reason: str) -> int:
        """Count one more failure in a row; their number."""
        statement = insert(circuit).values(connection=connection, failures=1, reason=reason)
        return int(
            await self._connection.scalar(
                statement.on_conflict_do_update(
                    index_elements=[circuit.c.connection],
                    set_={"failures": circuit.c.failures + 1, "reason": reason},
                ).returning(circuit.c.failures)
            )
            or 0
        )

    async def succeeded(self, connection: str) -> None:
        await self._connection.execute(
            sa.update(circuit)
            .where(circuit.c.connection == connection, circuit.c.opened_at.is_(None))
            .values(failures=0)
        )

    async def open(self, connection: str, pause: timedelta) -> datetime | None:
        """When it was opened; None when it was open already."""
        opened_at: datetime | None = await self._connection.scalar(
            sa.update(circuit)
            .where(circuit.c.connection == connection, circuit.c.opened_at.is_(None))
            .values(opened_at=_NOW, pause=pause, probe_at=_NOW + pause, probed_by=None)
            .returning(circuit.c.opened_at)
        )
        return opened_at

    async def due(self, connection: str) -> None:
        """The next probe is not waited for."""
        await self._connection.execute(
            sa.update(circuit)
            .where(circuit.c.connection == connection, circuit.c.opened_at.is_not(None))
            .values(probe_at=sa.func.least(circuit.c.probe_at, _NOW))
        )

    async def take_probe(self, connection: str, by: str, within: timedelta) -> bool:
        """True for exactly one caller once a probe is due; it has so long to tell the result."""
        taken = await self._connection.execute(
            sa.update(circuit)
            .where(
                circuit.c.connection == connection,
                circuit.c.opened_at.is_not(None),
                circuit.c.probe_at <= _NOW,
                sa.or_(circuit.c.probed_by.is_(None), circuit.c.probe_until < _NOW),
            )
            .values(probed_by=by, probe_until=_NOW + within)
        )
        return taken.rowcount == 1

    async def close(self, connection: str, by: str) -> datetime | None:
        """The probe was answered. When it had been opened; None when it was not `by`'s probe."""
        mine = sa.and_(
            circuit.c.connection == connection,
            circuit.c.probed_by == by,
            circuit.c.opened_at.is_not(None),
        )
        opened_at: datetime | None = await self._connection.scalar(
            sa.select(circuit.c.opened_at).where(mine).with_for_update()
        )
        await self._connection.execute(
            sa.update(circuit)
            .where(mine)
            .values(
                opened_at=None, closed_at=_NOW, failures=0, probed_by=None, probe_at=None,
                reason=None,
            )
        )  # fmt: skip
        return opened_at

    async def put_off(
        self, connection: str, by: str, reason: str | None, *, longest: timedelta
    ) -> None:
        """The probe failed, or with no reason said nothing: the next one is later, or at once."""
        pause = sa.func.least(
            sa.func.interval_mul(circuit.c.pause, LATER, type_=sa.Interval), longest
        )
        later = {"pause": pause, "probe_at": _NOW + pause, "reason": reason} if reason else {}
        await self._connection.execute(
            sa.update(circuit)
            .where(circuit.c.connection == connection, circuit.c.probed_by == by)
            .values(probed_by=None, **later)
        )
