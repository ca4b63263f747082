"""Canonical records: get one, list by attributes, save a new version."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.canonical import OBJECTS, CanonicalObject
from isthmus.canonical.base import is_pii, personal_texts, references
from isthmus.kit.masking import PEOPLE
from isthmus.store.columns import among_given, listed
from isthmus.store.tables import record

T = TypeVar("T", bound=CanonicalObject)
Stamp = int
"""Tells states of a row apart, also of one that was deleted and written again: a hash, 64 bits."""

MOST_SEEN = 20_000
"""Objects that a process remembers: the projects, contracts and people of a large firm."""
_STAMP = sa.func.hash_record_extended(
    sa.func.row(record.c.id, record.c.version, record.c.updated_at),
    0,
    type_=sa.BigInteger,
)
_SEEN: dict[tuple[str, str], tuple[Stamp, CanonicalObject]] = {}


_THESE = (
    record.c.kind == sa.bindparam("given_kind"),
    among_given(record.c.id, "given_ids"),
)
_STAMPS = sa.select(record.c.id, _STAMP).where(*_THESE)
_STAMPED = sa.select(record.c.id, _STAMP, record.c.data).where(*_THESE)
_SUM_OF_STAMPS = sa.select(sa.func.count(), sa.func.sum(_STAMP)).where(*_THESE)


def _these(model: type[CanonicalObject], ids: Iterable[str]) -> dict[str, str]:
    return {"given_kind": model.kind, "given_ids": listed(ids)}


def _seen(model: type[T], id: str, stamp: Stamp) -> T | None:
    """Objects are frozen, so one may serve all who read it."""
    at, obj = _SEEN.get((model.kind, id), (None, None))
    return obj if at == stamp and isinstance(obj, model) else None


def _remember(obj: CanonicalObject, stamp: Stamp) -> None:
    if len(_SEEN) >= MOST_SEEN:
        _SEEN.clear()
    _SEEN[obj.kind, obj.id] = (stamp, obj)
    if names := _PERSONAL.get(obj.kind):
        _known(type(obj), obj.model_dump(mode="json", include=names))


_PERSONAL = {
    model.kind: names
    for model in OBJECTS
    if (names := {n for n in model.model_fields if is_pii(model, n)})
}


def _known(model: type[CanonicalObject], data: Mapping[str, Any]) -> None:
    """Who is read or written here is not named in this process's logs."""
    if model.kind in _PERSONAL:
        PEOPLE.add(personal_texts(model, data))


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
        """What was read before in the same state is not read again."""
        wanted = set(ids)
        if not wanted:
            return {}
        if (seen := await self._unchanged(model, wanted)) is not None:
            return seen
        there = await self._connection.execute(_STAMPS, _these(model, wanted))
        return await self._in_state(model, dict(there.all()))

    async def _in_state(self, model: type[T], stamps: Mapping[str, Stamp]) -> dict[str, T]:
        """Reads those that this process has not seen in that state."""
        found = {id: obj for id, stamp in stamps.items() if (obj := _seen(model, id, stamp))}
        unread = stamps.keys() - found.keys()
        if unread:
            rows = await self._connection.execute(_STAMPED, _these(model, unread))
            for id, stamp, data in rows:
                found[id] = model.model_validate({"id": id, **data})
                _remember(found[id], stamp)
        return found

    async def _unchanged(self, model: type[T], wanted: set[str]) -> dict[str, T] | None:
        """All of them, where this process has read each and none has changed: the sum of their
        stamps says so in one row. None otherwise.
        """
        found, stamps = {}, 0
        for id in wanted:
            stamp, obj = _SEEN.get((model.kind, id), (0, None))
            if not isinstance(obj, model):
                return None
            found[id] = obj
            stamps += stamp
        row = await self._connection.execute(_SUM_OF_STAMPS, _these(model, wanted))
        return found if row.one() == (len(found), stamps) else None

    async def stamp(self, model: type[CanonicalObject]) -> tuple[int, int]:
        """What changes with every change of any object of a kind: (number, sum of versions)."""
        row = await self._connection.execute(
            sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(record.c.version), 0)).where(
                record.c.kind == model.kind
            )
        )
        count, versions = row.one()
        return int(count), int(versions)

    async def list(self, model: type[T], **attributes: object) -> list[T]:
        """All whose attributes equal the given ones (compared as JSON)."""
        if not attributes:
            return await self._all(model)
        rows = await self._connection.execute(
            sa.select(record.c.id, record.c.data)
            .where(record.c.kind == model.kind, record.c.data.contains(attributes))
            .order_by(record.c.id)
        )
        return [model.model_validate({"id": id, **data}) for id, data in rows]

    async def _all(self, model: type[T]) -> builtins.list[T]:
        """What was read before in the same state is not read again."""
        rows = await self._connection.execute(
            sa.select(record.c.id, _STAMP).where(record.c.kind == model.kind).order_by(record.c.id)
        )
        stamps: dict[str, Stamp] = dict(rows.all())
        found = await self._in_state(model, stamps)
        return [found[id] for id in stamps if id in found]

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
        _known(type(obj), data)
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

    async def raw(self, kind: str, id: str) -> dict[str, Any] | None:
        """The attributes as kept."""
        data: dict[str, Any] | None = await self._connection.scalar(
            sa.select(record.c.data).where(record.c.kind == kind, record.c.id == id)
        )
        return data

    async def all_raw(self, kind: str) -> builtins.list[tuple[str, dict[str, Any]]]:
        rows = await self._connection.execute(
            sa.select(record.c.id, record.c.data).where(record.c.kind == kind)
        )
        return [(id, data) for id, data in rows]

    async def personal_texts(
        self, model: type[CanonicalObject]
    ) -> AsyncIterator[tuple[str | None, str]]:
        """(code of the company that employs them, text) of what tells who the people of a kind of
        object are; None: of no company of the firm, or of one that nobody named.
        """
        rows = await self._connection.stream(
            sa.select(record.c.data).where(record.c.kind == model.kind)
        )
        async for (data,) in rows:
            for text in personal_texts(model, data):
                yield data.get("legal_entity"), text

    async def counts(self) -> dict[str, int]:
        rows = await self._connection.execute(
            sa.select(record.c.kind, sa.func.count()).group_by(record.c.kind)
        )
        return dict(rows.all())
