"""Time entries as rows: received -> rated -> posted -> invoiced, or held, or unbillable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.canonical import TimeEntry
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money
from isthmus.store.tables import time_entry

RECEIVED, RATED, POSTED, INVOICED = "received", "rated", "posted", "invoiced"
HELD, UNBILLABLE, WITHDRAWN = "held", "unbillable", "withdrawn"


@dataclass(frozen=True)
class EntryRow:
    """An entry with its bookkeeping; `entry.id` is the canonical id."""

    entry: TimeEntry
    connection: str
    external_id: str
    version: int
    state: str


@dataclass(frozen=True)
class Upserted:
    """What a batch of changes did: canonical ids by outcome."""

    new: tuple[str, ...]
    changed: tuple[EntryRow, ...]
    """As they were before the change."""
    unchanged: int


def _values(connection: str, external_id: str, entry: TimeEntry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "connection": connection,
        "external_id": external_id,
        "approval": entry.approval.value,
        "worked_on": entry.worked_on,
        "hours": entry.hours,
        "project": entry.project,
        "resource": entry.resource,
        "currency": entry.currency,
        "source_rate": entry.source_rate.amount if entry.source_rate else None,
        "data": entry.model_dump(mode="json", exclude={"id"}),
    }


def _row(row: Any) -> EntryRow:
    return EntryRow(
        TimeEntry.model_validate({"id": row.id, **row.data}),
        row.connection, row.external_id, row.version, row.state,
    )  # fmt: skip


_COLUMNS = (time_entry.c.id, time_entry.c.data, time_entry.c.connection, time_entry.c.external_id,
            time_entry.c.version, time_entry.c.state)  # fmt: skip


class Entries:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def by_external(
        self, connection: str, external_ids: Sequence[str]
    ) -> dict[str, EntryRow]:
        """Lock the rows that exist, by the source's id."""
        rows = await self._connection.execute(
            sa.select(*_COLUMNS)
            .where(
                time_entry.c.connection == connection,
                time_entry.c.external_id.in_(list(external_ids)),
            )
            .order_by(time_entry.c.id)
            .with_for_update()
        )
        return {row.external_id: _row(row) for row in rows}

    async def upsert(
        self,
        connection: str,
        entries: dict[str, TimeEntry],
        invoiced: AbstractSet[str] = frozenset(),
    ) -> Upserted:
        """Insert new ones, store a new version of changed ones, leave equal ones alone.

        A changed entry waits to be rated again, unless its id is among the `invoiced`: what is on
        an invoice stays as it was billed, and the caller decides.
        """
        known = await self.by_external(connection, list(entries))
        fresh = {k: e for k, e in entries.items() if k not in known}
        changed = {k: e for k, e in entries.items() if k in known and known[k].entry != e}
        if fresh:
            await self._connection.execute(
                sa.insert(time_entry), [_values(connection, k, e) for k, e in fresh.items()]
            )
        for external_id, entry in changed.items():
            before = known[external_id]
            stays = before.state == INVOICED or entry.id in invoiced
            await self._connection.execute(
                sa.update(time_entry)
                .where(time_entry.c.id == before.entry.id)
                .values(
                    **_values(connection, external_id, entry),
                    version=before.version + 1,
                    state=INVOICED if stays else RECEIVED,
                    batch=None,
                    updated_at=sa.func.clock_timestamp(),
                )
            )
        return Upserted(
            tuple(e.id for e in fresh.values()),
            tuple(known[k] for k in changed),
            len(entries) - len(fresh) - len(changed),
        )

    async def batch_waiting(self, size: int) -> list[tuple[str, int]]:
        """Put approved entries that wait into batches of at most `size`: (batch id, count)."""
        batches: list[tuple[str, int]] = []
        while True:
            batch = new_id()
            chosen = (
                sa.select(time_entry.c.id)
                .where(
                    time_entry.c.state == RECEIVED,
                    time_entry.c.approval == "approved",
                    time_entry.c.batch.is_(None),
                )
                .order_by(time_entry.c.worked_on, time_entry.c.id)
                .limit(size)
                .with_for_update(skip_locked=True)
            )
            taken = await self._connection.execute(
                sa.update(time_entry)
                .where(time_entry.c.id.in_(chosen.scalar_subquery()))
                .values(batch=batch)
                .returning(time_entry.c.id)
            )
            count = len(taken.all())
            if not count:
                return batches
            batches.append((batch, count))

    async def of_batch(self, batch: str, *states: str, lock: bool = False) -> list[EntryRow]:
        """By day of work. `lock` keeps their source from changing them until the end."""
        query = sa.select(*_COLUMNS).where(time_entry.c.batch == batch)
        if states:
            query = query.where(time_entry.c.state.in_(states))
        query = query.order_by(time_entry.c.id)
        rows = await self._connection.execute(query.with_for_update() if lock else query)
        return sorted((_row(row) for row in rows), key=lambda r: (r.entry.worked_on, r.entry.id))

    async def many(self, ids: Iterable[str]) -> dict[str, EntryRow]:
        rows = await self._connection.execute(
            sa.select(*_COLUMNS).where(time_entry.c.id.in_(list(set(ids))))
        )
        return {row.id: _row(row) for row in rows}

    async def set_state(
        self,
        ids: Sequence[str],
        state: str,
        *,
        rebatch: bool = False,
        was: str | None = None,
        batch: str | None = None,
    ) -> list[str]:
        """Move entries on; the ids of those that moved.

        `was` and `batch` are what the caller read them with: an entry that changed at its source
        meanwhile is in another state and in no batch, and is not his any more.
        """
        values: dict[str, Any] = {"state": state, "updated_at": sa.func.clock_timestamp()}
        if rebatch:
            values["batch"] = None
        expected = {"state": was, "batch": batch}
        chosen = (
            sa.select(time_entry.c.id)
            .where(
                time_entry.c.id.in_(list(ids)),
                *(time_entry.c[k] == v for k, v in expected.items() if v is not None),
            )
            .order_by(time_entry.c.id)
            .with_for_update()
        )
        moved = await self._connection.execute(
            sa.update(time_entry)
            .where(time_entry.c.id.in_(chosen.scalar_subquery()))
            .values(**values)
            .returning(time_entry.c.id)
        )
        return [id for (id,) in moved]

    async def revise(self, id: str) -> None:
        """A correction makes a new version, so that facts rated before it are taken back."""
        await self._connection.execute(
            sa.update(time_entry)
            .where(time_entry.c.id == id)
            .values(version=time_entry.c.version + 1, updated_at=sa.func.clock_timestamp())
        )

    async def of_project(self, project: str) -> list[tuple[str, str, int, Decimal]]:
        """(approval, state, number of entries, hours)."""
        columns = (time_entry.c.approval, time_entry.c.state)
        rows = await self._connection.execute(
            sa.select(*columns, sa.func.count(), sa.func.sum(time_entry.c.hours))
            .where(time_entry.c.project == project)
            .group_by(*columns)
            .order_by(*columns)
        )
        return [(a, s, n, h) for a, s, n, h in rows]

    async def withdraw(self, ids: Sequence[str]) -> None:
        """No hours any more; the same hours entered again are then a change."""
        await self._connection.execute(
            sa.update(time_entry)
            .where(time_entry.c.id.in_(list(ids)))
            .values(
                state=WITHDRAWN,
                hours=0,
                data=time_entry.c.data.concat({"hours": "0"}),
                updated_at=sa.func.clock_timestamp(),
            )
        )

    async def renew(self, ids: Sequence[str]) -> None:
        """A new version of the same hours: their next fact is another one."""
        await self._connection.execute(
            sa.update(time_entry)
            .where(time_entry.c.id.in_(list(ids)))
            .values(version=time_entry.c.version + 1)
        )

    async def counts(self) -> dict[str, int]:
        """State -> number of approved entries; unapproved ones are counted as `unapproved`."""
        state = sa.case(
            (time_entry.c.approval == "approved", time_entry.c.state), else_="unapproved"
        )
        rows = await self._connection.execute(sa.select(state, sa.func.count()).group_by(state))
        return dict(rows.all())

    async def values_by_state(self) -> list[tuple[str, str, Decimal, int]]:
        """(state, currency, value at the PSA's own rate, count) of approved billable entries.

        Each entry's value is rounded on its own, as it is billed and as its hold shows it.
        """
        value = time_entry.c.hours * sa.func.coalesce(time_entry.c.source_rate, 0)
        rows = await self._connection.execute(
            sa.select(time_entry.c.state, time_entry.c.currency, value, sa.func.count())
            .where(time_entry.c.approval == "approved", time_entry.c.state != UNBILLABLE)
            .group_by(time_entry.c.state, time_entry.c.currency, value)
        )
        sums: dict[tuple[str, str], tuple[Decimal, int]] = {}
        for state, currency, exact, count in rows:
            amount, entries = sums.get((state, currency), (Decimal(0), 0))
            rounded = Money.of(exact, currency).rounded().amount * count
            sums[state, currency] = (amount + rounded, entries + count)
        return [(s, c, amount, n) for (s, c), (amount, n) in sums.items()]
