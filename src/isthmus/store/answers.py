"""What callers asked under their idempotency keys, and what they were answered, for a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.answer_tables import answer

KEPT = timedelta(hours=24)
AT_WORK_FOR = timedelta(minutes=5)
"""After so long without an answer the process that had the request in hand is taken for dead."""
_NOW = sa.func.clock_timestamp()


@dataclass(frozen=True)
class Claim:
    """Whose key, which, and the SHA-256 of what was asked under it."""

    principal: str
    key: str
    digest: bytes


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Earlier:
    """`answer` is None while the request is at work."""

    digest: bytes
    answer: Answer | None


class Answers:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def claim(self, claim: Claim) -> bool:
        """Ours to answer; False: the key is known. An old one, or one whose process died at it, is
        as good as new.
        """
        values = {"digest": claim.digest, "asked_at": _NOW, "status": None, "headers": None,
                  "body": None}  # fmt: skip
        over = sa.or_(
            answer.c.asked_at < _NOW - KEPT,
            sa.and_(
                answer.c.status.is_(None),
                answer.c.digest == claim.digest,
                answer.c.asked_at < _NOW - AT_WORK_FOR,
            ),
        )
        claimed = await self._connection.execute(
            insert(answer)
            .values(principal=claim.principal, key=claim.key, **values)
            .on_conflict_do_update(
                index_elements=[answer.c.principal, answer.c.key], set_=values, where=over
            )
            .returning(answer.c.key)
        )
        return claimed.first() is not None

    async def find(self, claim: Claim) -> Earlier | None:
        row = (await self._connection.execute(sa.select(answer).where(_of(claim)))).first()
        if row is None:
            return None
        kept = None if row.status is None else Answer(row.status, row.headers, bytes(row.body))
        return Earlier(bytes(row.digest), kept)

    async def keep(self, claim: Claim, given: Answer) -> None:
        await self._connection.execute(
            sa.update(answer)
            .where(_of(claim))
            .values(status=given.status, headers=given.headers, body=given.body)
        )

    async def free(self, claim: Claim) -> None:
        """Nothing was done under it."""
        await self._connection.execute(sa.delete(answer).where(_of(claim)))

    async def remove_old(self, now: datetime) -> int:
        removed = await self._connection.execute(
            sa.delete(answer).where(answer.c.asked_at < now - KEPT)
        )
        return removed.rowcount


def _of(claim: Claim) -> sa.ColumnElement[bool]:
    return sa.and_(answer.c.principal == claim.principal, answer.c.key == claim.key)
