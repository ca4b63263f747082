"""Notices: what each service desk is told of each hold, once, and what the desk calls it."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.holds import OPEN, REPLAYING, RESOLVED
from isthmus.store.queue_tables import notice
from isthmus.store.tables import hold

OPENED, OVERDUE, OVER = "opened", "overdue", "over"
WAITING, TOLD, DROPPED = "waiting", "told", "dropped"


@dataclass(frozen=True)
class NoticeRow:
    desk: str
    hold: int
    kind: str
    round: int
    state: str
    attempts: int
    next_at: datetime
    told_at: datetime | None
    reference: str | None
    error: str | None
    closed_at: datetime | None

    @property
    def key(self) -> str:
        """The same each time that it is told, so that a desk can know a repeat."""
        return f"{self.desk}:H-{self.hold}:{self.kind}:{self.round}"


_COLUMNS = [notice.c[name] for name in NoticeRow.__dataclass_fields__]


class Notices:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def plan_opened(
        self, desk: str, queues: Sequence[str], severities: Sequence[str], now: datetime
    ) -> None:
        """One for each open hold that the desk is told of. A hold that the desk has closed, and
        that stands open all the same, is told again.
        """
        latest = self._latest_round(desk)
        again = sa.and_(latest.c.closed_at.is_not(None), hold.c.state != REPLAYING)
        chosen = (
            sa.select(
                sa.literal(desk), hold.c.number, sa.literal(OPENED),
                sa.func.coalesce(latest.c.round, 0) + 1,
            )
            .select_from(hold.outerjoin(latest, latest.c.hold == hold.c.number))
            .where(OPEN, hold.c.owner.in_(queues), hold.c.severity.in_(severities),
                   sa.or_(latest.c.round.is_(None), again))
        )  # fmt: skip
        await self._plan(chosen, now)

    async def plan_overdue(
        self, desk: str, queues: Sequence[str], severities: Sequence[str], now: datetime
    ) -> None:
        chosen = sa.select(
            sa.literal(desk), hold.c.number, sa.literal(OVERDUE), sa.literal(1)
        ).where(
            OPEN, hold.c.owner.in_(queues), hold.c.severity.in_(severities),
            hold.c.overdue_at.is_not(None),
        )  # fmt: skip
        await self._plan(chosen, now)

    async def plan_over(self, desk: str, now: datetime) -> None:
        """For what the desk was told to be open and has not closed itself."""
        latest = self._latest_round(desk)
        chosen = (
            sa.select(sa.literal(desk), hold.c.number, sa.literal(OVER), latest.c.round)
            .select_from(hold.join(latest, latest.c.hold == hold.c.number))
            .where(hold.c.state == RESOLVED, latest.c.state == TOLD, latest.c.closed_at.is_(None))
        )
        await self._plan(chosen, now)

    def _latest_round(self, desk: str) -> sa.Subquery:
        """The last notice of each hold that it is open."""
        return (
            sa.select(notice)
            .where(notice.c.desk == desk, notice.c.kind == OPENED)
            .ext(distinct_on(notice.c.hold))
            .order_by(notice.c.hold, notice.c.round.desc())
            .subquery()
        )

    async def _plan(self, chosen: sa.Select[tuple[str, int, str, int]], now: datetime) -> None:
        await self._connection.execute(
            insert(notice)
            .from_select(
                ["desk", "hold", "kind", "round", "next_at"], chosen.add_columns(sa.literal(now))
            )
            .on_conflict_do_nothing()
        )

    async def next_due(self, desk: str, now: datetime) -> NoticeRow | None:
        row = await self._connection.execute(
            sa.select(*_COLUMNS)
            .where(notice.c.desk == desk, notice.c.state == WAITING, notice.c.next_at <= now)
            .order_by(notice.c.next_at, notice.c.hold)
            .limit(1)
        )
        found = row.first()
        return None if found is None else NoticeRow(*found)

    async def told(self, row: NoticeRow, reference: str | None) -> None:
        await self._set(row, state=TOLD, reference=reference, error=None,
                        attempts=row.attempts + 1, told_at=sa.func.clock_timestamp())  # fmt: skip

    async def dropped(self, row: NoticeRow) -> None:
        """Nobody needs to be told any more."""
        await self._set(row, state=DROPPED)

    async def failed(self, row: NoticeRow, error: str, next_at: datetime) -> None:
        await self._set(row, attempts=row.attempts + 1, error=error, next_at=next_at)

    async def _set(self, row: NoticeRow, **values: object) -> None:
        await self._connection.execute(sa.update(notice).where(*self._is(row)).values(**values))

    def _is(self, row: NoticeRow) -> builtins.list[sa.ColumnElement[bool]]:
        return [notice.c.desk == row.desk, notice.c.hold == row.hold,
                notice.c.kind == row.kind, notice.c.round == row.round]  # fmt: skip

    async def hold_of(self, desk: str, reference: str) -> int | None:
        """The hold that the desk calls by this reference."""
        found: int | None = await self._connection.scalar(
            sa.select(notice.c.hold)
            .where(notice.c.desk == desk, notice.c.reference == reference)
            .limit(1)
        )
        return found

    async def round_of(self, desk: str, number: int) -> int:
        """How often the desk was told that the hold is open; 0 when it never was to be told."""
        found = await self._connection.scalar(
            sa.select(sa.func.max(notice.c.round)).where(
                notice.c.desk == desk, notice.c.hold == number
            )
        )
        return int(found or 0)

    async def closed(self, desk: str, number: int) -> None:
        """The desk has closed what it was told of the hold."""
        await self._connection.execute(
            sa.update(notice)
            .where(notice.c.desk == desk, notice.c.hold == number, notice.c.kind == OPENED,
                   notice.c.closed_at.is_(None))
            .values(closed_at=sa.func.clock_timestamp())
        )  # fmt: skip

    async def of_hold(self, number: int) -> builtins.list[NoticeRow]:
        return await self._select(notice.c.hold == number)

    async def waiting(self) -> builtins.list[NoticeRow]:
        """Not told yet, with the last error of each."""
        return await self._select(notice.c.state == WAITING)

    async def _select(self, condition: sa.ColumnElement[bool]) -> builtins.list[NoticeRow]:
        rows = await self._connection.execute(
            sa.select(*_COLUMNS).where(condition).order_by(notice.c.desk, notice.c.hold,
                                                           notice.c.round, notice.c.next_at)
        )  # fmt: skip
        return [NoticeRow(*row) for row in rows]
