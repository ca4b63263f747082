"""Open holds in groups: a thousand of one cause are one row with a number and an amount."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.rules.severity import Severity
from isthmus.store.holds import COLUMNS, OPEN, RESOLVED, HoldRow
from isthmus.store.queues import HoldFilter
from isthmus.store.tables import hold

_RANK = sa.case(
    {severity.value: severity.rank for severity in Severity}, value=hold.c.severity, else_=0
)
_SAME = (hold.c.code, hold.c.owner, hold.c.state, hold.c.system)


@dataclass(frozen=True)
class HoldGroup:
    """Holds of one cause, owner, state and system. `first` is the most pressing of them; `blocked`
    is by currency, the largest amount first.
    """

    code: str
    owner: str
    state: str
    system: str | None
    holds: int
    clients: int
    blocked: Mapping[str, Decimal]
    severity: str
    oldest_at: datetime
    due_at: datetime | None
    first: int
    reason: str
    customer: str | None

    @property
    def first_label(self) -> str:
        return f"H-{self.first}"


@dataclass(frozen=True)
class DayEnd:
    """What was open at the end of a day (UTC), or is now."""

    day: date
    holds: int
    blocked: Mapping[str, Decimal]


@dataclass(frozen=True)
class Deadline:
    """Billing of a day, and what misses it as long as it is open."""

    on: date
    holds: int
    blocked: Mapping[str, Decimal]


def pressing(now: datetime) -> tuple[sa.ColumnElement[object], ...]:
    """Severity, which rules make of cause, money and nearness; within one, money times urgency."""
    urgency = sa.case(
        (hold.c.due_at <= now, 4), (hold.c.due_at <= now + timedelta(days=1), 2), else_=1
    )
    return (
        _RANK.desc(),
        (sa.func.abs(hold.c.amount) * urgency).desc().nulls_last(),
        hold.c.due_at.nulls_last(),
        hold.c.number,
    )


class HoldGroups:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(self, chosen: HoldFilter, now: datetime) -> builtins.list[HoldGroup]:
        """The most pressing group first."""
        order = pressing(now)

        def first(column: sa.ColumnElement[object]) -> sa.ColumnElement[object]:
            return sa.func.array_agg(aggregate_order_by(column, *order))[1]

        conditions = [*chosen.conditions(now), OPEN]
        sums = await self._sums(conditions)
        rows = await self._connection.execute(
            sa.select(
                *_SAME, sa.func.count(), sa.func.count(hold.c.customer.distinct()),
                sa.func.max(_RANK), sa.func.min(hold.c.opened_at), sa.func.min(hold.c.due_at),
                first(hold.c.number), first(hold.c.reason), first(hold.c.customer),
            )
            .where(*conditions)
            .group_by(*_SAME)
        )  # fmt: skip
        names = list(Severity)
        found = [
            HoldGroup(
                code, owner, state, system, number, clients,
                sums.get((code, owner, state, system), {}), names[rank].value, *rest,
            )
            for code, owner, state, system, number, clients, rank, *rest in rows
        ]  # fmt: skip
        return sorted(found, key=lambda group: _weight(group, now), reverse=True)

    async def _sums(
        self, conditions: builtins.list[sa.ColumnElement[bool]]
    ) -> dict[tuple[str, str, str, str | None], dict[str, Decimal]]:
        total = sa.func.sum(hold.c.amount)
        rows = await self._connection.execute(
            sa.select(*_SAME, hold.c.currency, total)
            .where(*conditions, hold.c.amount.is_not(None), hold.c.currency.is_not(None))
            .group_by(*_SAME, hold.c.currency)
            .order_by(sa.func.abs(total).desc())
        )
        sums: dict[tuple[str, str, str, str | None], dict[str, Decimal]] = {}
        for code, owner, state, system, currency, amount in rows:
            sums.setdefault((code, owner, state, system), {})[currency] = amount
        return sums

    async def members(
        self, chosen: HoldFilter, now: datetime, *, limit: int, after: int = 0
    ) -> builtins.list[HoldRow]:
        """Single holds, the most pressing first."""
        rows = await self._connection.execute(
            sa.select(*COLUMNS)
            .where(*chosen.conditions(now), OPEN)
            .order_by(*pressing(now))
            .limit(limit)
            .offset(after)
        )
        return [HoldRow(*row) for row in rows]

    async def choices(self) -> Mapping[str, builtins.list[str]]:
        """What open holds can be chosen by: their flows, connections, clients and persons."""
        columns = {"flow": hold.c.flow, "system": hold.c.system, "client": hold.c.customer,
                   "assignee": hold.c.assigned_to}  # fmt: skip
        found: dict[str, builtins.list[str]] = {}
        for name, column in columns.items():
            rows = await self._connection.execute(
                sa.select(column).where(OPEN, column.is_not(None)).distinct().order_by(column)
            )
            found[name] = [value for (value,) in rows]
        return found

    async def history(self, now: datetime, days: int) -> builtins.list[DayEnd]:
        """Open holds at the end of each of the last days, the youngest last: now."""
        ends = [now - timedelta(days=back) for back in range(days, -1, -1)]
        listed = sa.cast(ends, sa.ARRAY(sa.DateTime(timezone=True)))
        at = sa.func.unnest(listed).table_valued("at").render_derived(name="day_end")
        was_open = sa.and_(
            hold.c.opened_at <= at.c.at,
            sa.or_(hold.c.state != RESOLVED, hold.c.resolved_at > at.c.at),
        )
        rows = await self._connection.execute(
            sa.select(at.c.at, hold.c.currency, sa.func.count(hold.c.number),
                      sa.func.sum(hold.c.amount))
            .select_from(at.outerjoin(hold, was_open))
            .group_by(at.c.at, hold.c.currency)
        )  # fmt: skip
        counts = dict.fromkeys(ends, 0)
        sums: dict[datetime, dict[str, Decimal]] = {end: {} for end in ends}
        for end, currency, number, amount in rows:
            counts[end] += number
            if currency is not None and amount is not None:
                sums[end][currency] = amount
        return [DayEnd(end.date(), counts[end], sums[end]) for end in ends]

    async def deadlines(self, limit: int = 5) -> builtins.list[Deadline]:
        rows = await self._connection.execute(
            sa.select(
                hold.c.deadline_on, hold.c.currency, sa.func.count(), sa.func.sum(hold.c.amount)
            )
            .where(OPEN, hold.c.deadline_on.is_not(None))
            .group_by(hold.c.deadline_on, hold.c.currency)
        )
        counts: dict[date, int] = {}
        sums: dict[date, dict[str, Decimal]] = {}
        for on, currency, number, amount in rows:
            counts[on] = counts.get(on, 0) + number
            if currency is not None and amount is not None:
                sums.setdefault(on, {})[currency] = amount
        return [Deadline(on, counts[on], sums.get(on, {})) for on in sorted(counts)[:limit]]


def _weight(group: HoldGroup, now: datetime) -> tuple[int, Decimal, int]:
    late = group.due_at is not None and group.due_at <= now
    money = max((abs(amount) for amount in group.blocked.values()), default=Decimal(0))
    return Severity(group.severity).rank, money * (4 if late else 1), group.holds
