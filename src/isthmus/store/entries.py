"""Entries as rows: received -> rated -> posted -> invoiced, or held, or unbillable.

Time and expenses live alike. What differs between them is told by an `EntryKind`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Generic

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from isthmus.store.columns import among, listed
from isthmus.store.entry_bulk import (
    insert_new,
    moving,
    put_into_batches,
    settling,
    store_versions,
)
from isthmus.store.entry_counts import (
    HELD,
    INVOICED,
    POSTED,
    RATED,
    RECEIVED,
    UNBILLABLE,
    WITHDRAWN,
    EntryCounts,
)
from isthmus.store.entry_kinds import E
from isthmus.store.fact_tables import fact

__all__ = [
    "HELD",
    "INVOICED",
    "POSTED",
    "RATED",
    "RECEIVED",
    "UNBILLABLE",
    "WITHDRAWN",
    "Entries",
    "EntryRow",
    "Upserted",
]


@dataclass(frozen=True)
class EntryRow(Generic[E]):
    """An entry with its bookkeeping; `entry.id` is the canonical id."""

    entry: E
    connection: str
    external_id: str
    version: int
    state: str


@dataclass(frozen=True)
class Upserted(Generic[E]):
    """What a batch of changes did: canonical ids by outcome."""

    new: tuple[str, ...]
    changed: tuple[EntryRow[E], ...]
    """As they were before the change."""
    unchanged: int


class Entries(EntryCounts[E]):
    def _row(self, row: Any) -> EntryRow[E]:
        return EntryRow(
            self.kind.model.model_validate({"id": row.id, **row.data}),
            row.connection, row.external_id, row.version, row.state,
        )  # fmt: skip

    def _values(self, connection: str, external_id: str, entry: E) -> dict[str, Any]:
        return {
            "id": entry.id,
            "connection": connection,
            "external_id": external_id,
            "approval": entry.approval.value,
            self.kind.day: getattr(entry, self.kind.day),
            "project": entry.project,
            "resource": entry.resource,
            "data": entry.model_dump(mode="json", exclude={"id"}, exclude_defaults=True),
            **self.kind.own(entry),
        }

    async def by_external(
        self, connection: str, external_ids: Sequence[str]
    ) -> dict[str, EntryRow[E]]:
        """Lock the rows that exist, by the source's id."""
        rows = await self._connection.execute(
            sa.select(*self._columns)
            .where(
                self._table.c.connection == connection,
                among(self._table.c.external_id, external_ids),
            )
            .order_by(self._table.c.id)
            .with_for_update()
        )
        return {row.external_id: self._row(row) for row in rows}

    async def insert(
        self, connection: str, entries: Mapping[str, E], batch_of: Callable[[E], str | None]
    ) -> list[E]:
        """Those that are new, by the source's id, in the batch that each is to have."""
        # By id, so that two who bring the same do not wait for each other.
        fresh = sorted(entries.items(), key=lambda pair: pair[1].id)
        rows = [
            {**self._values(connection, key, entry), "batch": batch_of(entry)}
            for key, entry in fresh
        ]
        return [entries[key] for key in await insert_new(self._connection, self._table, rows)]

    async def upsert(
        self,
        connection: str,
        entries: Mapping[str, E],
        invoiced: AbstractSet[str] = frozenset(),
    ) -> Upserted[E]:
        """Insert new ones, store a new version of changed ones, leave equal ones alone.

        A changed entry waits to be rated again, unless its id is among the `invoiced`: what is on
        an invoice stays as it was billed, and the caller decides.
        """
        rest, new, changed = dict(entries), list[str](), list[EntryRow[E]]()
        for _ in range(2):  # what another transaction stores meanwhile is seen by the second look
            known = await self.by_external(connection, list(rest))
            before = [row for k, row in known.items() if row.entry != rest[k]]
            versions = [self._version(row, rest[row.external_id], invoiced) for row in before]
            await store_versions(self._connection, self._table, versions)
            changed += before
            rest = {k: e for k, e in rest.items() if k not in known}
            stored = {e.id for e in await self.insert(connection, rest, lambda entry: None)}
            new += stored
            rest = {k: e for k, e in rest.items() if e.id not in stored}
            if not rest:
                break
        if rest:
            raise ValueError(f"ids of {connection} {sorted(rest)[:3]} belong to other entries")
        return Upserted(tuple(new), tuple(changed), len(entries) - len(new) - len(changed))

    def _version(self, before: EntryRow[E], entry: E, invoiced: AbstractSet[str]) -> dict[str, Any]:
        stays = before.state == INVOICED or entry.id in invoiced
        values = self._values(before.connection, before.external_id, entry)
        return {**values, "state": INVOICED if stays else RECEIVED}

    async def batch_waiting(self, size: int, at_once: int) -> list[tuple[str, int]]:
        """Put up to `at_once` entries that wait into batches of at most `size`: (batch id, count),
        the oldest days first.
        """
        oldest = (
            sa.select(self._table.c.id)
            .where(self._waits(), self._table.c.batch.is_(None))
            .order_by(self._day, self._table.c.id)
            .limit(at_once)
        )
        return await put_into_batches(self._connection, self._table, oldest, size)

    async def of_batch(self, batch: str, *states: str, lock: bool = False) -> list[EntryRow[E]]:
        """By day. `lock` keeps their source from changing them until the end."""
        query = sa.select(*self._columns).where(self._table.c.batch == batch)
        if states:
            query = query.where(self._table.c.state.in_(states))
        query = query.order_by(self._table.c.id)
        rows = await self._connection.execute(query.with_for_update() if lock else query)
        return sorted((self._row(row) for row in rows), key=self._by_day)

    def _by_day(self, row: EntryRow[E]) -> tuple[Any, str]:
        return getattr(row.entry, self.kind.day), row.entry.id

    async def many(self, ids: Iterable[str]) -> dict[str, EntryRow[E]]:
        rows = await self._connection.execute(
            sa.select(*self._columns).where(among(self._table.c.id, set(ids)))
        )
        return {row.id: self._row(row) for row in rows}

    async def left_behind(self, batch: str, run: str) -> list[str]:
        """Ids of those that a run has rated in this batch and that have left it before the run
        knew whether their ledger has them.
        """
        rated = sa.select(fact.c.source_id).where(
            fact.c.run_id == run, fact.c.reversal_of.is_(None), fact.c.posted_as.is_(None)
        )
        rows = await self._connection.execute(
            sa.select(self._table.c.id)
            .where(self._table.c.id.in_(rated), self._table.c.batch.is_distinct_from(batch))
            .order_by(self._table.c.id)
        )
        return [id for (id,) in rows]

    async def projects_of(self, batch: str, state: str) -> list[str]:
        rows = await self._connection.execute(
            sa.select(self._table.c.project)
            .where(self._table.c.batch == batch, self._table.c.state == state)
            .distinct()
        )
        return [project for (project,) in rows]

    async def external_ids(self, connection: str, ids: Iterable[str]) -> dict[str, str]:
        """The source's ids of those that came from a connection, by canonical id."""
        rows = await self._connection.execute(
            sa.select(self._table.c.id, self._table.c.external_id).where(
                among(self._table.c.id, ids), self._table.c.connection == connection
            )
        )
        return dict(rows.all())

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
        if not ids:
            return []
        values = {"state": state, **({"batch": None} if rebatch else {})}
        asked = {"state": was, "batch": batch}
        expected = {name: value for name, value in asked.items() if value is not None}
        moved = await self._connection.execute(
            moving(self._table, tuple(expected), tuple(values)),
            {
                "given_ids": listed(ids),
                **{f"expected_{name}": value for name, value in expected.items()},
                **{f"given_{name}": value for name, value in values.items()},
            },
        )
        return [id for (id,) in moved]

    async def settle(self, ids: Sequence[str], state: str) -> None:
        """As `set_state`, of entries that the caller has locked."""
        if ids:
            named = {"given_ids": listed(ids), "given_state": state}
            await self._connection.execute(settling(self._table), named)

    async def take_over(self, ids: Sequence[str], state: str, batch: str) -> None:
        """Into a batch that has priced them anew, also out of the one that they are in. Those that
        wait for a person or for another version of themselves stay where they are.
        """
        await self._connection.execute(
            sa.update(self._table)
            .where(
                among(self._table.c.id, ids),
                sa.or_(
                    self._table.c.batch == batch,
                    self._table.c.state.in_((RATED, POSTED, INVOICED)),
                ),
            )
            .values(state=state, batch=batch, updated_at=sa.func.clock_timestamp())
        )

    async def revise(self, id: str) -> None:
        """A correction makes a new version, so that facts rated before it are taken back."""
        await self._connection.execute(
            sa.update(self._table)
            .where(self._table.c.id == id)
            .values(version=self._table.c.version + 1, updated_at=sa.func.clock_timestamp())
        )

    async def withdraw(self, ids: Sequence[str]) -> None:
        """Nothing is left of them; the same entered again is then a change."""
        path = sa.cast(list(self.kind.quantity_path), ARRAY(sa.Text))
        await self._connection.execute(
            sa.update(self._table)
            .where(among(self._table.c.id, ids))
            .values({
                "state": WITHDRAWN,
                "batch": None,
                self.kind.quantity: 0,
                "data": sa.func.jsonb_set(self._table.c.data, path, sa.cast("0", JSONB)),
                "updated_at": sa.func.clock_timestamp(),
            })
        )  # fmt: skip

    async def renew(self, ids: Sequence[str]) -> None:
        """A new version of the same: their next fact is another one."""
        await self._connection.execute(
            sa.update(self._table)
            .where(among(self._table.c.id, ids))
            .values(version=self._table.c.version + 1)
        )
