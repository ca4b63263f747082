"""What callers submitted under their idempotency keys: one answer for each key."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.store.bulk import pairs, pairs_given
from isthmus.store.columns import among
from isthmus.store.tables import submission

KEPT = timedelta(days=7)
"""How long a key is remembered."""
FORGOTTEN_AT_ONCE = 500
"""Old keys that go at a time: the table does not grow for ever."""


@dataclass(frozen=True)
class Submission:
    digest: bytes
    answer: str


def _claim() -> sa.Executable:
    """In order, so that two who claim the same keys do not wait for each other."""
    given = pairs(sa.Text, sa.Text)
    rows = sa.select(given.c.id, sa.func.decode(given.c.value, "hex")).order_by(given.c.id)
    inserted = insert(submission).from_select(["key", "digest"], rows)
    return inserted.on_conflict_do_nothing().returning(submission.c.key)


def _answer() -> sa.Update:
    given = pairs(sa.Text, sa.Text)
    return sa.update(submission).where(submission.c.key == given.c.id).values(answer=given.c.value)


_CLAIM, _ANSWER = _claim(), _answer()
_ONE_ANSWER = (
    sa.update(submission)
    .where(submission.c.key == sa.bindparam("given_key"))
    .values(answer=sa.bindparam("given_answer"))
)


class Submissions:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def many(self, keys: Collection[str]) -> dict[str, Submission]:
        """By key; without those that nobody has used."""
        if not keys:
            return {}
        rows = await self._connection.execute(
            sa.select(submission.c.key, submission.c.digest, submission.c.answer).where(
                among(submission.c.key, keys)
            )
        )
        return {row.key: Submission(bytes(row.digest), row.answer) for row in rows}

    async def claim(self, digests: Mapping[str, bytes]) -> set[str]:
        """Keys that are ours, and to be answered in this transaction; somebody has answered the
        others. Waits for a transaction that has one of them in hand.
        """
        claimed = await self._connection.execute(
            _CLAIM, pairs_given({key: digest.hex() for key, digest in digests.items()})
        )
        return {key for (key,) in claimed}

    async def answer(self, answers: Mapping[str, str]) -> None:
        """By key. A large answer comes alone: as an element of an array each quote of it would be
        escaped.
        """
        if len(answers) == 1:
            [(key, text)] = answers.items()
            named = {"given_key": key, "given_answer": text}
            await self._connection.execute(_ONE_ANSWER, named)
        elif answers:
            await self._connection.execute(_ANSWER, pairs_given(answers))

    async def forget_old(self) -> None:
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
