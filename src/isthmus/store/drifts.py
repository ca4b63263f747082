"""Drift: what systems wrote to attributes they do not own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.kit.ids import new_id
from isthmus.store.tables import drift


@dataclass(frozen=True)
class DriftRow:
    kind: str
    canonical_id: str
    connection: str
    attribute: str
    owner: str
    policy: str
    kept: Any
    offered: Any
    seen_at: datetime


class Drifts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def note(self, kind: str, canonical_id: str, connection: str, **values: Any) -> bool:
        """Record the latest foreign write; False when the same was noted before.

        `values`: attribute, owner, policy, kept, offered.
        """
        statement = insert(drift).values(
            id=new_id(), kind=kind, canonical_id=canonical_id, connection=connection,
            **values,
        )  # fmt: skip
        noted = await self._connection.execute(
            statement.on_conflict_do_update(
                constraint="drift_kind_canonical_id_connection_attribute_key",
                set_={
                    "kept": statement.excluded.kept,
                    "offered": statement.excluded.offered,
                    "seen_at": sa.func.clock_timestamp(),
                },
                where=sa.or_(
                    drift.c.offered.is_distinct_from(statement.excluded.offered),
                    drift.c.kept.is_distinct_from(statement.excluded.kept),
                ),
            ).returning(drift.c.id)
        )
        return noted.first() is not None

    async def list(self, canonical_id: str | None = None) -> list[DriftRow]:
        columns = [drift.c[name] for name in DriftRow.__dataclass_fields__]
        query = sa.select(*columns).order_by(drift.c.seen_at)
        if canonical_id is not None:
            query = query.where(drift.c.canonical_id == canonical_id)
        return [DriftRow(*row) for row in await self._connection.execute(query)]
