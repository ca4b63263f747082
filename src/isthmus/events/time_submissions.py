"""Time entries that callers submit by the thousand: stored and answered in one transaction.

What is answered is on disk. A request that fails has stored nothing and has not used its key, so
it is sent again as it is. Batches are made by the workers, a moment later and of many requests.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from isthmus.connect import FieldProblem
from isthmus.events.entry_intake import TIME, EntriesTaken, EntryIntake
from isthmus.events.sent_entries import Sent, change, known, read
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database, Transaction
from isthmus.store.submissions import Submission

if TYPE_CHECKING:
    from isthmus.events.links import Connected

COUNTED_EVERY = 1.0
"""Seconds for which a count of what waits is believed, as long as it is below the limit."""
REMEDY = "Correct the entry and send it again."
OUTCOMES = ("accepted", "changed", "unchanged", "refused")


class KeyUsed(Exception):
    """The idempotency key belongs to another request."""


class Backlogged(Exception):
    """As many entries wait to be rated as may wait."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"{limit:,} time entries or more wait to be rated")


@dataclass(frozen=True)
class Answer:
    text: str
    """JSON; a repeat gets the same to the letter."""
    repeated: bool
    counts: Mapping[str, int] = field(default_factory=dict)


class TimeSubmissions:
    def __init__(self, database: Database, limit: int) -> None:
        self._database, self._limit = database, limit
        self._intake = EntryIntake(TIME)
        self._waiting, self._counted_at = limit, 0.0

    async def take(
        self, source: Connected, key: str, digest: bytes, elements: Sequence[Any]
    ) -> Answer:
        """Raises KeyUsed, Backlogged."""
        async with self._database.begin() as tx:
            if earlier := await tx.submissions.find(key):
                return _again(key, digest, earlier)
            await self._ensure_room(tx)
        sent = await asyncio.to_thread(read, elements)
        async with self._database.begin() as tx:
            if not await tx.submissions.claim(key, digest):
                earlier = await tx.submissions.find(key)
                assert earlier is not None, "keys are kept for days"
                return _again(key, digest, earlier)
            entries = await self._stored(tx, source, sent)
            counted = Counter(entry["outcome"] for entry in entries)
            counts = {name: counted[name] for name in OUTCOMES}
            text = to_json({**counts, "entries": entries}).decode()
            await tx.submissions.answer(key, text)
        self._waiting += len(sent)
        return Answer(text, repeated=False, counts=counts)

    async def _ensure_room(self, tx: Transaction) -> None:
        """Own additions count at once, those of other processes when it is counted again."""
        now = time.monotonic()
        if self._waiting >= self._limit or now - self._counted_at > COUNTED_EVERY:
            self._waiting, self._counted_at = await tx.entries.waiting(self._limit), now
        if self._waiting >= self._limit:
            raise Backlogged(self._limit)

    async def _stored(
        self, tx: Transaction, source: Connected, sent: Sequence[Sent]
    ) -> list[dict[str, Any]]:
        there = await known(tx, source, sent)
        changes = [change(source, one, there) for one in sent if one.external_id]
        taken = await self._intake.take_resolved(tx, source, changes, REMEDY)
        return [_outcome(source, one, taken) for one in sent]


def _again(key: str, digest: bytes, earlier: Submission) -> Answer:
    if earlier.digest != digest:
        raise KeyUsed(key)
    return Answer(earlier.answer, repeated=True)


def _outcome(source: Connected, one: Sent, taken: EntriesTaken) -> dict[str, Any]:
    if one.external_id is None:
        return {"index": one.index, "outcome": "refused", "problems": _told(one.problems)}
    told = {"index": one.index, "external_id": one.external_id}
    if problems := taken.refused.get(one.external_id):
        return {**told, "outcome": "refused", "problems": _told(problems)}
    id = derived_id(TIME.model.kind, source.name, one.external_id)
    new = "accepted" if id in taken.new else "unchanged"
    outcome = {**told, "id": id, "outcome": "changed" if id in taken.changed else new}
    return {**outcome, "held": True} if id in taken.invoiced else outcome


def _told(problems: Sequence[FieldProblem]) -> list[dict[str, str]]:
    return [{"field": p.field, "reason": p.reason, "remedy": p.remedy or REMEDY} for p in problems]
