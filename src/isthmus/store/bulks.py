"""Bulk acts: what is done to every hold that a filter found when it was asked for, row by row."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.queue_tables import bulk, bulk_hold

AWAITING_APPROVAL, RUNNING, DONE, DECLINED = "awaiting_approval", "running", "done", "declined"
WAITING = "waiting"


@dataclass(frozen=True)
class BulkRow:
    number: int
    act: str
    arguments: dict[str, str]
    filter: dict[str, Any]
    per_second: Decimal
    state: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    ended_at: datetime | None

    @property
    def label(self) -> str:
        return f"B-{self.number}"


@dataclass(frozen=True)
class BulkHoldRow:
    bulk: int
    hold: int
    state: str
    message: str | None
    ended_at: datetime | None


_COLUMNS = [bulk.c[name] for name in BulkRow.__dataclass_fields__]
_HOLD_COLUMNS = [bulk_hold.c[name] for name in BulkHoldRow.__dataclass_fields__]


class Bulks:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        act: str,
        holds: Sequence[int],
        *,
        arguments: Mapping[str, str],
        filter: Mapping[str, Any],
        per_second: Decimal,
        state: str,
        by: str,
    ) -> BulkRow:
        row = await self._connection.execute(
            sa.insert(bulk)
            .values(act=act, arguments=dict(arguments), filter=dict(filter),
                    per_second=per_second, state=state, asked_by=by)
            .returning(*_COLUMNS)
        )  # fmt: skip
        added = BulkRow(*row.one())
        await self._connection.execute(
            sa.insert(bulk_hold), [{"bulk": added.number, "hold": hold} for hold in holds]
        )
        return added

    async def find(self, label: str) -> BulkRow | None:
        """By its label: B-3, or the bare number."""
        digits = label.upper().removeprefix("B-")
        if not digits.isdigit():
            return None
        found = await self._connection.execute(
            sa.select(*_COLUMNS).where(bulk.c.number == int(digits))
        )
        row = found.first()
        return None if row is None else BulkRow(*row)

    async def list(self, *, state: str | None = None, limit: int = 100) -> builtins.list[BulkRow]:
        """The youngest first."""
        conditions = [] if state is None else [bulk.c.state == state]
        rows = await self._connection.execute(
            sa.select(*_COLUMNS).where(*conditions).order_by(bulk.c.number.desc()).limit(limit)
        )
        return [BulkRow(*row) for row in rows]

    async def decide(self, number: int, state: str, by: str) -> bool:
        """Let it run, or not; False when it does not wait for an approval."""
        decided = await self._connection.execute(
            sa.update(bulk)
            .where(bulk.c.number == number, bulk.c.state == AWAITING_APPROVAL)
            .values(state=state, decided_by=by, decided_at=sa.func.clock_timestamp())
            .returning(bulk.c.number)
        )
        return decided.first() is not None

    async def end(self, number: int) -> bool:
        """False when another worker ended it."""
        ended = await self._connection.execute(
            sa.update(bulk)
            .where(bulk.c.number == number, bulk.c.state == RUNNING)
            .values(state=DONE, ended_at=sa.func.clock_timestamp())
            .returning(bulk.c.number)
        )
        return ended.first() is not None

    async def next_waiting(self, number: int) -> int | None:
        """The hold whose turn it is."""
        found: int | None = await self._connection.scalar(
            sa.select(sa.func.min(bulk_hold.c.hold)).where(
                bulk_hold.c.bulk == number, bulk_hold.c.state == WAITING
            )
        )
        return found

    async def went(self, number: int, hold: int, state: str, message: str) -> None:
        await self._connection.execute(
            sa.update(bulk_hold)
            .where(bulk_hold.c.bulk == number, bulk_hold.c.hold == hold)
            .values(state=state, message=message, ended_at=sa.func.clock_timestamp())
        )

    async def counts(self, number: int) -> dict[str, int]:
        """State -> number of holds."""
        rows = await self._connection.execute(
            sa.select(bulk_hold.c.state, sa.func.count())
            .where(bulk_hold.c.bulk == number)
            .group_by(bulk_hold.c.state)
        )
        return dict(rows.all())

    async def holds(self, number: int) -> builtins.list[BulkHoldRow]:
        return await self._holds(bulk_hold.c.bulk == number)

    async def of_hold(self, hold: int) -> builtins.list[BulkHoldRow]:
        """Every bulk act that a hold was part of."""
        return await self._holds(bulk_hold.c.hold == hold)

    async def _holds(self, condition: sa.ColumnElement[bool]) -> builtins.list[BulkHoldRow]:
        rows = await self._connection.execute(
            sa.select(*_HOLD_COLUMNS).where(condition).order_by(bulk_hold.c.bulk, bulk_hold.c.hold)
        )
        return [BulkHoldRow(*row) for row in rows]
