"""A person's corrections of held objects, kept beside the originals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.ids import new_id
from isthmus.store.columns import among
from isthmus.store.tables import edit


@dataclass(frozen=True)
class EditRow:
    hold: int
    attribute: str
    original: Any
    value: Any
    edited_by: str
    edited_at: datetime


class Edits:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self,
        hold: int,
        object_kind: str,
        object_id: str,
        *,
        attribute: str,
        original: Any,
        value: Any,
        by: str,
    ) -> None:
        await self._connection.execute(
            sa.insert(edit).values(
                id=new_id(), hold=hold, object_kind=object_kind, object_id=object_id,
                attribute=attribute, original=original, value=value, edited_by=by,
            )
        )  # fmt: skip

    async def of(self, object_kind: str, object_id: str) -> dict[str, EditRow]:
        """Attribute -> its latest correction."""
        return (await self.of_many(object_kind, [object_id])).get(object_id, {})

    async def of_many(
        self, object_kind: str, object_ids: list[str]
    ) -> dict[str, dict[str, EditRow]]:
        columns = [edit.c[name] for name in EditRow.__dataclass_fields__]
        rows = await self._connection.execute(
            sa.select(edit.c.object_id, *columns)
            .where(edit.c.object_kind == object_kind, among(edit.c.object_id, object_ids))
            .order_by(edit.c.edited_at)
        )
        found: dict[str, dict[str, EditRow]] = {}
        for object_id, *values in rows:
            row = EditRow(*values)
            found.setdefault(object_id, {})[row.attribute] = row
        return found

    async def of_hold(self, hold: int) -> list[EditRow]:
        columns = [edit.c[name] for name in EditRow.__dataclass_fields__]
        rows = await self._connection.execute(
            sa.select(*columns).where(edit.c.hold == hold).order_by(edit.c.edited_at)
        )
        return [EditRow(*row) for row in rows]

    async def made_by(
        self, by: str, hold: int, object_kind: str | None, object_id: str | None
    ) -> set[tuple[str, str]]:
        """(kind, attribute) that somebody corrected for the hold, or of its object for another."""
        own = sa.and_(edit.c.object_kind == object_kind, edit.c.object_id == object_id)
        rows = await self._connection.execute(
            sa.select(edit.c.object_kind, edit.c.attribute).where(
                edit.c.edited_by == by, sa.or_(edit.c.hold == hold, own)
            )
        )
        return {(kind, attribute) for kind, attribute in rows}
