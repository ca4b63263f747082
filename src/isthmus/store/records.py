"""Canonical records: get one, list by attributes, save a new version."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.canonical import OBJECTS, CanonicalObject
from isthmus.canonical.base import references
from isthmus.store.tables import record

T = TypeVar("T", bound=CanonicalObject)


@dataclass(frozen=True)
class Stored:
    """Raw attributes as kept, for merging with a change before validation."""

    version: int
    data: dict[str, Any]


class Records:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, model: type[T], id: str) -> T | None:
        data = await self._connection.scalar(
            sa.select(record.c.data).where(record.c.kind == model.kind, record.c.id == id)
        )
        return None if data is None else model.model_validate({"id": id, **data})

    async def get(self, model: type[T], id: str) -> T:
        found = await self.find(model, id)
        if found is None:
            raise LookupError(f"no {model.kind} {id}")
        return found

    async def many(self, model: type[T], ids: Iterable[str]) -> dict[str, T]:
        wanted = list(set(ids))
        rows = await self._connection.execute(
            sa.select(record.c.id, record.c.data).where(
                record.c.kind == model.kind, record.c.id.in_(wanted)
            )
        )
        return {id: model.model_validate({"id": id, **data}) for id, data in rows}

    async def list(self, model: type[T], **attributes: object) -> list[T]:
        """All whose attributes equal the given ones (compared as JSON)."""
        query = sa.select(record.c.id, record.c.data).where(record.c.kind == model.kind)
        if attributes:
            query = query.where(record.c.data.contains(attributes))
        rows = await self._connection.execute(query.order_by(record.c.id))
        return [model.model_validate({"id": id, **data}) for id, data in rows]

    async def lock(self, model: type[CanonicalObject], id: str) -> Stored | None:
        row = (
            await self._connection.execute(
                sa.select(record.c.version, record.c.data)
                .where(record.c.kind == model.kind, record.c.id == id)
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else Stored(row.version, row.data)

    async def save(self, obj: CanonicalObject) -> int:
        """Insert or replace; the new version number."""
        data = obj.model_dump(mode="json", exclude={"id"})
        statement = insert(record).values(kind=obj.kind, id=obj.id, data=data)
        upsert = statement.on_conflict_do_update(
            index_elements=[record.c.kind, record.c.id],
            set_={
                "data": statement.excluded.data,
                "version": record.c.version + 1,
                "updated_at": sa.func.clock_timestamp(),
            },
        ).returning(record.c.version)
        return int((await self._connection.execute(upsert)).scalar_one())

    async def delete(self, model: type[CanonicalObject], id: str) -> None:
        await self._connection.execute(
            sa.delete(record).where(record.c.kind == model.kind, record.c.id == id)
        )

    async def repoint(self, kind: str, source: str, target: str) -> None:
        """Two objects are one: what pointed at `source` points at `target` from now on."""
        for model in OBJECTS:
            for name, pointed_at in references(model).items():
                if pointed_at == kind:
                    await self._connection.execute(
                        sa.update(record)
                        .where(record.c.kind == model.kind, record.c.data[name].astext == source)
                        .values(
                            data=record.c.data.concat({name: target}),
                            version=record.c.version + 1,
                            updated_at=sa.func.clock_timestamp(),
                        )
                    )

    async def counts(self) -> dict[str, int]:
        rows = await self._connection.execute(
            sa.select(record.c.kind, sa.func.count()).group_by(record.c.kind)
        )
        return dict(rows.all())
