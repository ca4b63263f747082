"""How far each broker and webhook has been sent the events, and which process sends to it.

A lease by the database's clock: whoever holds it sends; one that is not renewed can be taken.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.tables import destination


@dataclass(frozen=True)
class DestinationRow:
    name: str
    position: int
    holder: str | None
    held_until: datetime | None
    failures: int
    error: str | None
    sent: int
    sent_at: datetime | None


_COLUMNS = [destination.c[name] for name in DestinationRow.__dataclass_fields__]
_NOW = sa.func.clock_timestamp()


class Destinations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, name: str, position: int) -> None:
        """Begin after a position; one that is known keeps its own."""
        statement = insert(destination).values(name=name, position=position)
        await self._connection.execute(statement.on_conflict_do_nothing())

    async def find(self, name: str) -> DestinationRow | None:
        statement = sa.select(*_COLUMNS).where(destination.c.name == name)
        row = (await self._connection.execute(statement)).first()
        return None if row is None else DestinationRow(*row)

    async def list(self) -> builtins.list[DestinationRow]:
        rows = await self._connection.execute(sa.select(*_COLUMNS).order_by(destination.c.name))
        return [DestinationRow(*row) for row in rows]

    async def hold(self, name: str, holder: str, seconds: float) -> DestinationRow | None:
        """Take or renew the lease; None while another process has it."""
        free = sa.or_(
            destination.c.holder.is_(None),
            destination.c.holder == holder,
            destination.c.held_until < _NOW,
        )
        until = _NOW + sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        return await self._changed(
            sa.and_(destination.c.name == name, free), holder=holder, held_until=until
        )

    async def release(self, name: str, holder: str) -> None:
        await self._changed(_held(name, holder), holder=None, held_until=None)

    async def move(self, name: str, holder: str, position: int, *, was: int, sent: int) -> bool:
        """The events up to `position` are there. False when the lease is lost, or a person has
        moved the position meanwhile.
        """
        reached: dict[str, Any] = {"position": position, "failures": 0, "error": None}
        if sent:
            reached |= {"sent": destination.c.sent + sent, "sent_at": _NOW}
        return (
            await self._changed(
                sa.and_(_held(name, holder), destination.c.position == was), **reached
            )
            is not None
        )

    async def fail(self, name: str, holder: str, error: str) -> int:
        """One more attempt failed; how many have since the last success, 0 without the lease."""
        row = await self._changed(
            _held(name, holder), failures=destination.c.failures + 1, error=error
        )
        return 0 if row is None else row.failures

    async def rewind(self, name: str, position: int) -> bool:
        """Send again what comes after a position; False when there is no such destination."""
        found = await self._changed(destination.c.name == name, position=position)
        return found is not None

    async def remove(self, name: str) -> bool:
        """False while a process sends to it."""
        free = sa.or_(destination.c.holder.is_(None), destination.c.held_until < _NOW)
        removed = await self._connection.execute(
            sa.delete(destination).where(destination.c.name == name, free)
        )
        return removed.rowcount == 1

    async def forgive(self, name: str) -> None:
        """Count failures from none again."""
        await self._changed(destination.c.name == name, failures=0)

    async def _changed(
        self, condition: sa.ColumnElement[bool], **values: Any
    ) -> DestinationRow | None:
        statement = sa.update(destination).where(condition).values(**values)
        row = (await self._connection.execute(statement.returning(*_COLUMNS))).first()
        return None if row is None else DestinationRow(*row)


def _held(name: str, holder: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        destination.c.name == name,
        destination.c.holder == holder,
        destination.c.held_until >= _NOW,
    )
