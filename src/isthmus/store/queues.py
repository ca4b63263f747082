"""Holds as queues of work: chosen by a filter, most pressing first, each with its clock."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.ids import new_id
from isthmus.rules.severity import Severity
from isthmus.store.bulk import Shape, given, rows_given
from isthmus.store.holds import COLUMNS, OPEN, RESOLVED, HoldRow
from isthmus.store.queue_tables import comment
from isthmus.store.tables import hold, record


@dataclass(frozen=True)
class HoldFilter:
    """What is left out chooses nothing away. `queue` is the owner, `client` in any case of letters;
    `assignee` may be `nobody`.
    """

    queue: str | None = None
    severity: str | None = None
    assignee: str | None = None
    code: str | None = None
    client: str | None = None
    state: str | None = None
    flow: str | None = None
    overdue: bool = False
    system: str | None = None
    text: str | None = None
    """Part of the reason, the client or the label."""
    period: str | None = None
    """Name of the accounting period that it waits for, or in which the held work was done."""

    def written(self) -> dict[str, Any]:
        """The keys that choose, as JSON keeps them."""
        return {key: value for key, value in asdict(self).items() if value}

    def conditions(self, now: datetime) -> list[sa.ColumnElement[bool]]:
        equal = {
            hold.c.owner: self.queue, hold.c.severity: self.severity, hold.c.code: self.code,
            hold.c.state: self.state, hold.c.flow: self.flow, hold.c.system: self.system,
        }  # fmt: skip
        found = [column == value for column, value in equal.items() if value]
        if self.client:
            found.append(sa.func.lower(hold.c.customer) == self.client.lower())
        if self.assignee == "nobody":
            found.append(hold.c.assigned_to.is_(None))
        elif self.assignee:
            found.append(hold.c.assigned_to == self.assignee)
        if self.text:
            label = sa.literal("H-") + sa.cast(hold.c.number, sa.Text)
            found.append(
                sa.or_(
                    hold.c.reason.icontains(self.text, autoescape=True),
                    hold.c.customer.icontains(self.text, autoescape=True),
                    label == self.text.upper(),
                )
            )
        if self.period:
            found.append(sa.or_(hold.c.period == self.period, _done_in(self.period)))
        if self.overdue:
            found += [hold.c.due_at <= now, OPEN]
        return found


@dataclass(frozen=True)
class Assessment:
    """What a hold's facts and the clock say of it at one instant."""

    severity: str
    deadline_on: date | None
    due_at: datetime
    overdue_at: datetime | None
    """When it was first found to be overdue."""
    look_at: datetime | None
    """When another answer is possible; None when only the hold itself can change it."""


def _assessed(found: Assessment) -> dict[str, Any]:
    return {
        "severity": found.severity, "deadline_on": found.deadline_on, "due_at": found.due_at,
        "overdue_at": found.overdue_at, "look_at": found.look_at,
    }  # fmt: skip


@lru_cache(256)
def _assessing(shape: Shape) -> sa.Update:
    new = given(hold, shape)
    told = {name: new.c[name] for name in shape.names if name != "number"}
    return sa.update(hold).where(hold.c.number == new.c.number).values(**told)


@dataclass(frozen=True)
class CommentRow:
    text: str
    said_by: str
    said_at: datetime


def _done_in(period: str) -> sa.ColumnElement[bool]:
    worked = sa.func.coalesce(hold.c.detail["worked_on"].astext, hold.c.detail["spent_on"].astext)
    first, last = record.c.data["starts_on"].astext, record.c.data["ends_on"].astext
    return sa.exists(
        sa.select(record.c.id).where(
            record.c.kind == "accounting_period",
            record.c.data["name"].astext == period,
            worked.between(first, last),
        )
    )


_RANK = sa.case(
    {severity.value: severity.rank for severity in Severity}, value=hold.c.severity, else_=-1
)


class HoldQueues:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def list(
        self, chosen: HoldFilter, now: datetime, *, open_only: bool = True, limit: int | None = 1000
    ) -> builtins.list[HoldRow]:
        """Most severe first, then what is due first."""
        conditions = [*chosen.conditions(now), *([OPEN] if open_only else [])]
        rows = await self._connection.execute(
            sa.select(*COLUMNS)
            .where(*conditions)
            .order_by(_RANK.desc(), hold.c.due_at.nulls_last(), hold.c.number)
            .limit(limit)
        )
        return [HoldRow(*row) for row in rows]

    async def to_look_at(self, now: datetime, limit: int) -> builtins.list[HoldRow]:
        """Locked until the transaction ends; those that another worker looks at are left out."""
        rows = await self._connection.execute(
            sa.select(*COLUMNS)
            .where(OPEN, hold.c.look_at <= now)
            .order_by(hold.c.look_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [HoldRow(*row) for row in rows]

    async def assessed(self, found: Mapping[int, Assessment]) -> None:
        """By number of the hold."""
        if found:
            rows = [{"number": number, **_assessed(one)} for number, one in found.items()]
            shape = Shape.of(rows)
            await self._connection.execute(_assessing(shape), rows_given(hold, shape, rows))

    async def look_at_all(self) -> None:
        """The rules may be others than those by which open holds were assessed."""
        await self._connection.execute(
            sa.update(hold)
            .where(hold.c.state != RESOLVED)
            .values(look_at=sa.func.clock_timestamp())
        )

    async def comment(self, number: int, text: str, by: str, dedup_key: str | None) -> bool:
        """Keep a comment; False when its message was kept before."""
        added = await self._connection.execute(
            insert(comment)
            .values(id=new_id(), hold=number, text=text, said_by=by, dedup_key=dedup_key)
            .on_conflict_do_nothing(index_elements=[comment.c.dedup_key])
            .returning(comment.c.id)
        )
        return added.first() is not None

    async def comments(self, number: int) -> builtins.list[CommentRow]:
        rows = await self._connection.execute(
            sa.select(comment.c.text, comment.c.said_by, comment.c.said_at)
            .where(comment.c.hold == number)
            .order_by(comment.c.said_at)
        )
        return [CommentRow(*row) for row in rows]
