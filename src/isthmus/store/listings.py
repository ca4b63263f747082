"""Long lists in pages, in an order that does not move while somebody reads on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.columns import as_uuid
from isthmus.store.entry_kinds import ENTRY_KINDS
from isthmus.store.hold_places import ENTITY, PROJECT, of_companies
from isthmus.store.holds import COLUMNS, OPEN, HoldRow
from isthmus.store.object_places import of_company, of_entry, of_project, run_of
from isthmus.store.queues import HoldFilter
from isthmus.store.runs import COLUMNS as RUN_COLUMNS
from isthmus.store.runs import RunRow
from isthmus.store.tables import hold, record, run, xref


@dataclass(frozen=True)
class Kept:
    """An object as it is stored: a record, or a row of time or expenses."""

    id: str
    version: int
    updated_at: datetime
    data: dict[str, Any]


class Listings:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def objects(
        self, kind: str, *, after: str | None = None, ids: Collection[str] | None = None,
        equal: dict[str, Any] | None = None, entities: Collection[str] | None = None,
        limit: int = 100,
    ) -> list[Kept]:  # fmt: skip
        """In the order of their ids; `equal` attributes are compared as JSON."""
        rows_of = ENTRY_KINDS.get(kind)
        table = rows_of.table if rows_of else record
        conditions = [] if rows_of else [record.c.kind == kind]
        if after is not None:
            conditions.append(table.c.id > after)
        if ids is not None:
            conditions.append(table.c.id.in_(list(ids)))
        if entities is not None:
            codes = sorted(entities)
            conditions.append(
                of_entry(kind, table, codes) if rows_of else of_company(record, codes)
            )
        if equal:
            conditions.append(table.c.data.contains(equal))
        rows = await self._connection.execute(
            sa.select(table.c.id, table.c.version, table.c.updated_at, table.c.data)
            .where(*conditions)
            .order_by(table.c.id)
            .limit(limit)
        )
        return [Kept(*row) for row in rows]

    async def is_of(self, kind: str, id: str, entities: Collection[str] | None) -> bool:
        """Whether an object may be seen by who sees these companies; None: all."""
        if entities is None:
            return True
        return bool(await self.objects(kind, ids=[id], entities=entities, limit=1))

    async def would_be_of(
        self, kind: str, values: dict[str, Any], entities: Collection[str]
    ) -> bool:
        """The same of an object that is not stored so; `values` are its JSON, with its id. Time and
        expenses are then rated anew, for the company of the project.
        """
        made = sa.select(
            sa.literal(kind).label("kind"),
            sa.literal(values["id"], UUID(as_uuid=False)).label("id"),
            sa.literal(values, JSONB).label("data"),
        ).subquery("supposed")
        codes = sorted(entities)
        if kind in ENTRY_KINDS:
            theirs = of_project(as_uuid(made.c.data["project"].astext), codes)
        else:
            theirs = of_company(made, codes)
        return bool(await self._connection.scalar(sa.select(theirs).select_from(made)))

    async def links(self, kind: str, ids: Collection[str]) -> dict[str, dict[str, str]]:
        """Canonical id -> space -> the system's own id."""
        rows_of = ENTRY_KINDS.get(kind)
        found: dict[str, dict[str, str]] = {id: {} for id in ids}
        if rows_of is not None:
            own = rows_of.table.c
            query = sa.select(own.id, own.connection, own.external_id).where(own.id.in_(list(ids)))
        else:
            query = sa.select(xref.c.canonical_id, xref.c.space, xref.c.external_id).where(
                xref.c.kind == kind, xref.c.canonical_id.in_(list(ids))
            )
        for id, space, external in await self._connection.execute(query):
            found[id][space] = external
        return found

    async def holds(
        self, chosen: HoldFilter, now: datetime, *, open_only: bool, after: int | None,
        entities: Collection[str] | None, limit: int,
    ) -> list[HoldRow]:  # fmt: skip
        """The youngest first."""
        conditions = [*chosen.conditions(now), *of_companies(entities)]
        if open_only:
            conditions.append(OPEN)
        if after is not None:
            conditions.append(hold.c.number < after)
        rows = await self._connection.execute(
            sa.select(*COLUMNS).where(*conditions).order_by(hold.c.number.desc()).limit(limit)
        )
        return [HoldRow(*row) for row in rows]

    async def held_projects(self, entities: Collection[str] | None) -> dict[str, list[HoldRow]]:
        """Project -> its open holds, the oldest first."""
        found: dict[str, list[HoldRow]] = {}
        for project, row in await self._placed(PROJECT, entities):
            found.setdefault(project, []).append(row)
        return found

    async def held_entities(self, entities: Collection[str]) -> list[tuple[str, HoldRow]]:
        """(code of the company, open hold), the oldest first."""
        return await self._placed(ENTITY, entities)

    async def _placed(
        self, place: sa.ColumnElement[str | None], entities: Collection[str] | None
    ) -> list[tuple[str, HoldRow]]:
        conditions = [OPEN, place.is_not(None), *of_companies(entities)]
        rows = await self._connection.execute(
            sa.select(place, *COLUMNS).where(*conditions).order_by(hold.c.number)
        )
        return [(where, HoldRow(*row)) for where, *row in rows]

    async def entity_of_hold(self, number: int) -> str | None:
        entity: str | None = await self._connection.scalar(
            sa.select(ENTITY).where(hold.c.number == number)
        )
        return entity

    async def runs(
        self, *, flow: str | None, state: str | None, subject: str | None,
        correlation_id: str | None, after: int | None, entities: Collection[str] | None,
        limit: int,
    ) -> list[RunRow]:  # fmt: skip
        """The youngest first; of some companies those that are about an object of theirs."""
        wanted = {run.c.flow: flow, run.c.state: state, run.c.subject: subject,
                  run.c.correlation_id: correlation_id}  # fmt: skip
        conditions = [column == value for column, value in wanted.items() if value is not None]
        if after is not None:
            conditions.append(run.c.number < after)
        if entities is not None:
            conditions.append(run_of(entities))
        rows = await self._connection.execute(
            sa.select(*RUN_COLUMNS).where(*conditions).order_by(run.c.number.desc()).limit(limit)
        )
        return [RunRow(*row) for row in rows]

    async def is_run_of(self, id: str, entities: Collection[str]) -> bool:
        """Whether it is about an object of one of these companies."""
        found = await self._connection.scalar(
            sa.select(run.c.id).where(run.c.id == id, run_of(entities))
        )
        return found is not None
