"""What connections allow, who holds which part of it, and what was spent.

Nothing here is written per call: a process holds a part for seconds and tells with each renewal
what it has done. The row of the quota is locked meanwhile, so the sum of all parts is exact.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.rules.quota import ramp
from isthmus.store.quota_tables import quota, quota_lease, quota_spent, quota_use

WIDEN = timedelta(minutes=1)
"""After calls at once were too many, one more is tried each time that this has passed."""
_NOW = sa.func.clock_timestamp()
_TEN_MINUTES = timedelta(minutes=10)
_DAY = timedelta(hours=24)
_BULK = 2
"""Urgency under which the calls of a dead process are booked: nobody knows theirs."""


@dataclass(frozen=True)
class QuotaRow:
    """`now` is the database's clock, by which all else is told."""

    connection: str
    concurrency: int
    calls: int | None
    per: timedelta
    daily: int | None
    daily_is_ours: bool
    narrowed_at: datetime | None
    narrowed_to: int | None
    paused_until: datetime | None
    vendor_used: int | None
    vendor_allowed: int | None
    vendor_at: datetime | None
    now: datetime

    def concurrency_now(self, closed_at: datetime | None) -> int:
        """Calls at once: fewer for a while after the system said too many, or came back."""
        limit = self.concurrency
        if self.narrowed_to is not None and self.narrowed_at is not None:
            limit = min(limit, self.narrowed_to + (self.now - self.narrowed_at) // WIDEN)
        if closed_at is not None:
            limit = ramp((self.now - closed_at).total_seconds(), limit)
        return limit

    @property
    def daily_now(self) -> int | None:
        """The vendor's own figure replaces the published one, but not the firm's share."""
        told = None if self.daily_is_ours else self.vendor_allowed
        return self.daily if told is None else told


Amounts = tuple[int, ...]
"""By urgency, the most urgent first."""
NONE: Amounts = (0, 0, 0, 0)


def plus(one: Amounts, other: Amounts) -> Amounts:
    return tuple(a + b for a, b in zip(one, other, strict=True))


@dataclass(frozen=True)
class Held:
    """Part of a quota in use: `slots` in flight at most, `calls` that have not ended. `wanted` are
    calls in flight and `waiting` ones.
    """

    slots: int = 0
    calls: int = 0
    wanted: Amounts = NONE
    waiting: Amounts = NONE

    def __add__(self, other: Held) -> Held:
        return Held(
            self.slots + other.slots, self.calls + other.calls,
            plus(self.wanted, other.wanted), plus(self.waiting, other.waiting),
        )  # fmt: skip


NOTHING_HELD = Held()


@dataclass(frozen=True)
class Used:
    """Calls of the last 24 hours by urgency; `next_out_at` is when the oldest ones leave them."""

    by_urgency: Mapping[int, int]
    next_out_at: datetime | None

    @property
    def calls(self) -> int:
        return sum(self.by_urgency.values())


_STORED: list[sa.ColumnElement[Any]] = [
    quota.c[name] for name in QuotaRow.__dataclass_fields__ if name != "now"
]


class Quotas:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def declare(
        self,
        connection: str,
        *,
        concurrency: int,
        calls: int | None,
        per: timedelta,
        daily: int | None,
        daily_is_ours: bool,
    ) -> None:
        said = {"concurrency": concurrency, "calls": calls, "per": per, "daily": daily,
                "daily_is_ours": daily_is_ours}  # fmt: skip
        await self._connection.execute(
            insert(quota)
            .values(connection=connection, **said)
            .on_conflict_do_update(index_elements=[quota.c.connection], set_=said)
        )

    async def locked(self, connection: str) -> QuotaRow:
        """Nobody else divides this quota until the transaction ends."""
        found = await self._connection.execute(
            sa.select(*_STORED).where(quota.c.connection == connection).with_for_update()
        )
        row = found.one()
        now = (await self._connection.execute(sa.select(_NOW))).scalar_one()
        return QuotaRow(**row._mapping, now=now)

    async def list(self) -> builtins.list[QuotaRow]:
        rows = await self._connection.execute(
            sa.select(*_STORED, _NOW.label("now")).order_by(quota.c.connection)
        )
        return [QuotaRow(**row._mapping) for row in rows]

    async def reap(self, connection: str) -> None:
        """Take back what dead processes hold. Their calls count as made when the lease ended."""
        gone = (
            await self._connection.execute(
                sa.delete(quota_lease)
                .where(quota_lease.c.connection == connection, quota_lease.c.expires_at < _NOW)
                .returning(quota_lease.c.calls, quota_lease.c.expires_at)
            )
        ).all()
        for calls, expired_at in gone:
            await self.spend(connection, {_BULK: calls}, at=expired_at)

    async def spend(
        self, connection: str, calls: Mapping[int, int], *, at: datetime | None = None
    ) -> None:
        """Book calls that have ended."""
        made = {urgency: n for urgency, n in calls.items() if n}
        if not made:
            return
        when: Any = _NOW if at is None else sa.literal(at)
        await self._connection.execute(
            sa.insert(quota_spent).values(connection=connection, calls=sum(made.values()), at=when)
        )
        since = sa.func.date_bin(_TEN_MINUTES, when, sa.text("timestamptz 'epoch'"))
        statement = insert(quota_use).values(
            [
                {"connection": connection, "since": since, "urgency": urgency, "calls": n}
                for urgency, n in sorted(made.items())
            ]
        )
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["connection", "since", "urgency"],
                set_={"calls": quota_use.c.calls + statement.excluded.calls},
            )
        )

    async def held(self, connection: str, *, but: str | None = None) -> Held:
        """By all processes but one."""
        table = quota_lease.c
        rows = await self._connection.execute(
            sa.select(table.slots, table.calls, table.wanted, table.waiting).where(
                table.connection == connection,
                table.holder.is_distinct_from(but),
                table.expires_at >= _NOW,
            )
        )
        parts = [Held(slots, calls, *map(tuple, lists)) for slots, calls, *lists in rows]
        return sum(parts, NOTHING_HELD)

    async def lease(self, connection: str, holder: str, part: Held, length: timedelta) -> None:
        values = {
            "slots": part.slots, "calls": part.calls, "wanted": [*part.wanted],
            "waiting": [*part.waiting], "expires_at": _NOW + length,
        }  # fmt: skip
        await self._connection.execute(
            insert(quota_lease)
            .values(connection=connection, holder=holder, **values)
            .on_conflict_do_update(index_elements=["connection", "holder"], set_=values)
        )

    async def give_back(self, connection: str, holder: str) -> None:
        await self._connection.execute(
            sa.delete(quota_lease).where(
                quota_lease.c.connection == connection, quota_lease.c.holder == holder
            )
        )

    async def spent(self, connection: str, per: timedelta) -> int:
        """Calls that ended less than `per` ago; older ones are forgotten."""
        await self._connection.execute(
            sa.delete(quota_spent).where(
                quota_spent.c.connection == connection, quota_spent.c.at <= _NOW - per
            )
        )
        return await self.spent_lately(connection, per)

    async def spent_lately(self, connection: str, per: timedelta) -> int:
        return int(
            await self._connection.scalar(
                sa.select(sa.func.coalesce(sa.func.sum(quota_spent.c.calls), 0)).where(
                    quota_spent.c.connection == connection, quota_spent.c.at > _NOW - per
                )
            )
            or 0
        )

    async def used(self, connection: str) -> Used:
        """A stretch of ten minutes counts until all of it is 24 hours ago."""
        rows = await self._connection.execute(
            sa.select(
                quota_use.c.urgency, sa.func.sum(quota_use.c.calls), sa.func.min(quota_use.c.since)
            )
            .where(
                quota_use.c.connection == connection,
                quota_use.c.since > _NOW - _DAY - _TEN_MINUTES,
            )
            .group_by(quota_use.c.urgency)
        )
        found = rows.all()
        oldest = min((since for _, _, since in found), default=None)
        return Used(
            {urgency: int(calls) for urgency, calls, _ in found},
            None if oldest is None else oldest + _DAY + _TEN_MINUTES,
        )

    async def vendor_says(self, connection: str, used: int, allowed: int) -> None:
        await self._set(connection, vendor_used=used, vendor_allowed=allowed, vendor_at=_NOW)

    async def pause(self, connection: str, seconds: float) -> None:
        """The longest of all that were asked for."""
        until = _NOW + timedelta(seconds=seconds)
        await self._set(connection, paused_until=sa.func.greatest(quota.c.paused_until, until))

    async def narrow(self, connection: str, concurrency: int) -> None:
        await self._set(connection, narrowed_to=concurrency, narrowed_at=_NOW)

    async def _set(self, connection: str, **values: object) -> None:
        await self._connection.execute(
            sa.update(quota).where(quota.c.connection == connection).values(**values)
        )
