"""Holds: what cannot go on. One open hold per key (a run, or one object in a flow)."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.columns import joined_given, listed
from isthmus.store.tables import hold

HELD, WAITING_SYSTEM, WAITING_PERIOD, DEAD = "held", "waiting_system", "waiting_period", "dead"
REPLAYING, RESOLVED = "replaying", "resolved"


@dataclass(frozen=True)
class NewHold:
    """Who is stopped, why, who owns it and what mends it; the amount and client it blocks."""

    key: str
    state: str
    code: str
    reason: str
    owner: str
    fix: str
    flow: str
    step: str | None = None
    run_id: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    customer: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    system: str | None = None
    period: str | None = None
    correlation_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class HoldRow:
    number: int
    state: str
    code: str
    reason: str
    owner: str
    fix: str
    flow: str
    step: str | None
    run_id: str | None
    object_kind: str | None
    object_id: str | None
    customer: str | None
    amount: Decimal | None
    currency: str | None
    system: str | None
    period: str | None
    detail: dict[str, Any]
    correlation_id: str | None
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    resolved_by: str | None
    key: str
    resolution_code: str | None = None
    assigned_to: str | None = None
    severity: str | None = None
    """None until it has been looked at for the first time, a few seconds after it opened."""
    deadline_on: date | None = None
    due_at: datetime | None = None
    overdue_at: datetime | None = None

    @property
    def label(self) -> str:
        return f"H-{self.number}"


COLUMNS = [hold.c[name] for name in HoldRow.__dataclass_fields__]
OPEN = hold.c.state != sa.literal_column(f"'{RESOLVED}'")
"""A literal, not a parameter: under a generic plan PostgreSQL cannot tell that a parameter is the
constant of the partial index, and an upsert on open holds would fail from its sixth call on."""


def _values(new: NewHold) -> dict[str, Any]:
    return {**vars(new), "detail": dict(new.detail)}


def _opening() -> Insert:
    statement = insert(hold)
    names = [name for name in NewHold.__dataclass_fields__ if name != "key"]
    changed: dict[str, Any] = {name: statement.excluded[name] for name in names}
    changed["detail"] = hold.c.detail.op("||")(statement.excluded.detail)
    changed |= {"look_at": sa.func.clock_timestamp(), "resolution_code": None}
    return statement.on_conflict_do_update(
        index_elements=[hold.c.key], index_where=OPEN, set_=changed
    )


_RESOLVED = (
    sa.update(hold)
    .where(joined_given(hold.c.key, "given_keys"), OPEN)
    .values(
        state=RESOLVED,
        resolution=sa.bindparam("given_resolution"),
        resolved_by=sa.bindparam("given_by"),
        resolved_at=sa.func.clock_timestamp(),
    )
)


class Holds:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open(self, new: NewHold) -> int:
        """Open, or bring the open hold of the same key up to date; its number."""
        statement = _opening().returning(hold.c.number)
        return int(await self._connection.scalar(statement, _values(new)) or 0)

    async def open_many(self, new: builtins.list[NewHold], *, as_given: bool = False) -> None:
        """In the order of their keys, so that two who open the same do not wait for each other;
        `as_given` by who has locked what they are about.
        """
        if new:
            in_order = new if as_given else sorted(new, key=lambda each: each.key)
            await self._connection.execute(_opening(), [_values(each) for each in in_order])

    async def find(self, label: str) -> HoldRow | None:
        """By its label: H-17, or the bare number."""
        digits = label.upper().removeprefix("H-")
        if not digits.isdigit():
            return None
        return await self._one(hold.c.number == int(digits))

    async def of_key(self, key: str) -> HoldRow | None:
        return await self._one(sa.and_(hold.c.key == key, OPEN))

    async def _one(self, condition: sa.ColumnElement[bool]) -> HoldRow | None:
        row = (await self._connection.execute(sa.select(*COLUMNS).where(condition))).first()
        return None if row is None else HoldRow(*row)

    async def resolve(self, key: str, resolution: str, by: str) -> bool:
        """Close the open hold of a key; False when there is none."""
        found = await self._connection.execute(
            sa.update(hold)
            .where(hold.c.key == key, OPEN)
            .values(
                state=RESOLVED,
                resolution=resolution,
                resolved_by=by,
                resolved_at=sa.func.clock_timestamp(),
            )
            .returning(hold.c.number)
        )
        return found.first() is not None

    async def assign(self, number: int, person: str) -> None:
        await self._connection.execute(
            sa.update(hold).where(hold.c.number == number).values(assigned_to=person)
        )

    async def coded(self, number: int, code: str) -> None:
        """What became of it, unless it has stopped again meanwhile."""
        await self._connection.execute(
            sa.update(hold)
            .where(hold.c.number == number, hold.c.state.in_((REPLAYING, RESOLVED)))
            .values(resolution_code=code)
        )

    async def resolve_many(self, keys: builtins.list[str], resolution: str, by: str) -> None:
        """Close whatever is open under the keys, in one statement."""
        if not keys:
            return
        named = {"given_keys": listed(keys), "given_resolution": resolution, "given_by": by}
        await self._connection.execute(_RESOLVED, named)

    async def replaying(self, key: str, by: str) -> None:
        """A replay is under way: the hold stays open until the run succeeds or stops again."""
        await self._connection.execute(
            sa.update(hold)
            .where(hold.c.key == key, OPEN)
            .values(state=REPLAYING, resolved_by=by, resolved_at=sa.func.clock_timestamp())
        )

    async def list(
        self, *, open_only: bool = True, limit: int = 1000, **equal: str | None
    ) -> builtins.list[HoldRow]:
        """Filtered by equal columns (owner, state, system, run_id, code, object_id); None: any."""
        conditions = [hold.c[k] == v for k, v in equal.items() if v is not None]
        if open_only:
            conditions.append(OPEN)
        rows = await self._connection.execute(
            sa.select(*COLUMNS).where(*conditions).order_by(hold.c.number).limit(limit)
        )
        return [HoldRow(*row) for row in rows]

    async def waiting_systems(self) -> builtins.list[str]:
        rows = await self._connection.execute(
            sa.select(hold.c.system).where(hold.c.state == WAITING_SYSTEM).distinct()
        )
        return [system for (system,) in rows if system]

    async def waiting_periods(self) -> builtins.list[tuple[str | None, str]]:
        """(system, period) that holds wait for."""
        rows = await self._connection.execute(
            sa.select(hold.c.system, hold.c.period)
            .where(hold.c.state == WAITING_PERIOD, hold.c.period.is_not(None))
            .distinct()
        )
        return [(system, period) for system, period in rows]

    async def counts(self) -> dict[tuple[str, str], int]:
        """(state, owner) -> number of holds, resolved ones left out."""
        rows = await self._connection.execute(
            sa.select(hold.c.state, hold.c.owner, sa.func.count())
            .where(OPEN)
            .group_by(hold.c.state, hold.c.owner)
        )
        return {(state, owner): count for state, owner, count in rows}

    async def blocked_by_owner(
        self,
    ) -> builtins.list[tuple[str, str, str | None, int, Decimal | None]]:
        """(owner, state, currency, number of open holds, amount blocked)."""
        columns = (hold.c.owner, hold.c.state, hold.c.currency)
        rows = await self._connection.execute(
            sa.select(*columns, sa.func.count(), sa.func.sum(hold.c.amount))
            .where(OPEN)
            .group_by(*columns)
            .order_by(*columns)
        )
        return [(o, s, c, n, a) for o, s, c, n, a in rows]

    async def blocked(self) -> dict[str, Decimal]:
        """Currency -> amount that open holds keep from being billed."""
        rows = await self._connection.execute(
            sa.select(hold.c.currency, sa.func.sum(hold.c.amount))
            .where(OPEN, hold.c.currency.is_not(None), hold.c.amount.is_not(None))
            .group_by(hold.c.currency)
        )
        return {c: a for c, a in rows if c is not None}
