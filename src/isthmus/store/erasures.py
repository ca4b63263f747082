"""People whose data was erased: by what they are known again, and by what they are called."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.access_tables import erasure


@dataclass(frozen=True)
class ErasureRow:
    """`subject` is the canonical id of the person, or of the customer whose contact it was."""

    id: str
    kind: str
    subject: str
    pseudonym: str
    salt: bytes
    digests: Mapping[str, str]
    erased_by: str
    erased_at: datetime


_SUBJECTS = sa.select(erasure.c.subject).where(erasure.c.kind == sa.bindparam("given_kind"))


class Erasures:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(
        self, id: str, kind: str, subject: str, pseudonym: str, salt: bytes,
        digests: Mapping[str, str], by: str,
    ) -> None:  # fmt: skip
        await self._connection.execute(
            sa.insert(erasure).values(
                id=id, kind=kind, subject=subject, pseudonym=pseudonym, salt=salt,
                digests=dict(digests), erased_by=by,
            )
        )  # fmt: skip

    async def list(self, kind: str | None = None) -> builtins.list[ErasureRow]:
        columns = [erasure.c[name] for name in ErasureRow.__dataclass_fields__]
        query = sa.select(*columns).order_by(erasure.c.erased_at)
        if kind is not None:
            query = query.where(erasure.c.kind == kind)
        return [ErasureRow(*row) for row in await self._connection.execute(query)]

    async def subjects(self, kind: str) -> frozenset[str]:
        rows = await self._connection.execute(_SUBJECTS, {"given_kind": kind})
        return frozenset(rows.scalars())
