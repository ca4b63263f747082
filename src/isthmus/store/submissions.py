"""What callers submitted under their idempotency keys: one answer for each key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.tables import submission

KEPT = timedelta(days=7)
"""How long a key is remembered."""
FORGOTTEN_AT_ONCE = 10
"""Old keys that go whenever a new one comes: the table does not grow for ever."""


@dataclass(frozen=True)
class Submission:
    digest: bytes
    answer: str


class Submissions:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(self, key: str) -> Submission | None:
        row = (
            await self._connection.execute(
                sa.select(submission.c.digest, submission.c.answer).where(submission.c.key == key)
            )
        ).first()
        return None if row is None else Submission(bytes(row.digest), row.answer)

    async def claim(self, key: str, digest: bytes) -> bool:
        """Ours, and to be answered in this transaction; False: somebody has answered it. Waits
        for a transaction that has the key in hand.
        """
        claimed = await self._connection.execute(
            insert(submission)
            .values(key=key, digest=digest)
            .on_conflict_do_nothing()
            .returning(submission.c.key)
        )
        if claimed.first() is None:
            return False
        await self._forget_old()
        return True

    async def answer(self, key: str, answer: str) -> None:
        await self._connection.execute(
            sa.update(submission).where(submission.c.key == key).values(answer=answer)
        )

    async def _forget_old(self) -> None:
        old = (
            sa.select(submission.c.key)
            .where(submission.c.received_at < sa.func.clock_timestamp() - KEPT)
            .order_by(submission.c.received_at)
            .limit(FORGOTTEN_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        await self._connection.execute(
            sa.delete(submission).where(submission.c.key.in_(old.scalar_subquery()))
        )
