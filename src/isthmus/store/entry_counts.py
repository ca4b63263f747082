"""How many entries are in which state, and what they are worth."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Generic

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.money import Money
from isthmus.store.entry_kinds import E, EntryKind
from isthmus.store.tables import run

RECEIVED, RATED, POSTED, INVOICED = "received", "rated", "posted", "invoiced"
HELD, UNBILLABLE, WITHDRAWN = "held", "unbillable", "withdrawn"
RATED_BY = {"time_entry": "time_to_invoice", "expense_entry": "expense_to_finance"}
"""The flow whose runs are about the batches of a kind."""
NOT_ENDED = ("queued", "running", "held", "waiting_system", "waiting_period", "dead")


class EntryCounts(Generic[E]):
    def __init__(self, connection: AsyncConnection, kind: EntryKind[E]) -> None:
        self._connection = connection
        self.kind: EntryKind[E] = kind
        self._table, self._day = kind.table, kind.table.c[kind.day]
        names = ("id", "data", "connection", "external_id", "version", "state")
        self._columns = [kind.table.c[name] for name in names]

    def _waits(self) -> sa.ColumnElement[bool]:
        """Which rows want a batch."""
        return sa.and_(self._table.c.state == RECEIVED, self._table.c.approval == "approved")

    def without_batch(self) -> sa.ColumnElement[bool]:
        """Whether any row wants a batch and has none."""
        return sa.exists().where(self._waits(), self._table.c.batch.is_(None))

    async def waiting(self, at_most: int) -> int:
        """How many approved entries are not rated yet; no more than `at_most` are counted.

        Those in batches are looked up by the runs that have not ended: no index knows their state.
        By an array of these, as a join may compare each entry with each run.
        """
        table, flow = self._table, RATED_BY[self.kind.model.kind]
        waits = sa.select(table.c.id).where(self._waits())
        open_ = sa.select(sa.cast(run.c.subject, UUID)).where(
            run.c.flow == flow, run.c.state.in_(NOT_ENDED)
        )
        batches = sa.func.array(open_.scalar_subquery(), type_=ARRAY(UUID))
        batched = waits.where(table.c.batch == sa.any_(batches))
        some = sa.union_all(waits.where(table.c.batch.is_(None)), batched).limit(at_most)
        count = await self._connection.scalar(
            sa.select(sa.func.count()).select_from(some.subquery())
        )
        return int(count or 0)

    async def in_state(self, project: str, state: str, *, since: date) -> list[str]:
        """Ids of a project's entries of a day or later."""
        rows = await self._connection.execute(
            sa.select(self._table.c.id)
            .where(
                self._table.c.project == project,
                self._table.c.state == state,
                self._day >= since,
            )
            .order_by(self._table.c.id)
        )
        return [id for (id,) in rows]

    async def of_project(self, project: str) -> list[tuple[str, str, int]]:
        """(approval, state, number of entries)."""
        columns = (self._table.c.approval, self._table.c.state)
        rows = await self._connection.execute(
            sa.select(*columns, sa.func.count())
            .where(self._table.c.project == project)
            .group_by(*columns)
            .order_by(*columns)
        )
        return [(a, s, n) for a, s, n in rows]

    async def counts(self) -> dict[str, int]:
        """State -> number of approved entries; unapproved ones are counted as `unapproved`."""
        state = sa.case(
            (self._table.c.approval == "approved", self._table.c.state), else_="unapproved"
        )
        rows = await self._connection.execute(sa.select(state, sa.func.count()).group_by(state))
        return dict(rows.all())

    async def values_by_state(self) -> list[tuple[str, str, Decimal, int]]:
        """(state, currency, value in the PSA's own terms, count) of approved billable entries.

        Each entry's value is rounded on its own, as it is billed and as its hold shows it.
        """
        value = self.kind.worth
        rows = await self._connection.execute(
            sa.select(self._table.c.state, self._table.c.currency, value, sa.func.count())
            .where(self._table.c.approval == "approved", self._table.c.state != UNBILLABLE)
            .group_by(self._table.c.state, self._table.c.currency, value)
        )
        sums: dict[tuple[str, str], tuple[Decimal, int]] = {}
        for state, currency, exact, count in rows:
            amount, entries = sums.get((state, currency), (Decimal(0), 0))
            rounded = Money.of(exact, currency).rounded().amount * count
            sums[state, currency] = (amount + rounded, entries + count)
        return [(s, c, amount, n) for (s, c), (amount, n) in sums.items()]
