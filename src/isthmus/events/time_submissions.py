"""Time entries that callers submit by the thousand: stored and answered in one transaction.

What is answered is on disk. A request that fails has stored nothing and has not used its key, so
it is sent again as it is. Many entries are batches of their own; few share the transaction of those
that come in at the same moment, and are gathered into one batch with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from isthmus.connect import Change, FieldProblem
from isthmus.events.backlog import Backlog
from isthmus.events.batch_soon import BatchSoon
from isthmus.events.batching import BATCH, OWN_BATCH, Batches
from isthmus.events.entry_intake import TIME, EntriesTaken, EntryIntake
from isthmus.events.entry_scope import foreign, refused
from isthmus.events.outbox import Outbox
from isthmus.events.sent_entries import Known, Sent, change, known, read
from isthmus.events.together import Together
from isthmus.kit.beside import beside
from isthmus.kit.ids import derived_id
from isthmus.store.database import Database, Transaction
from isthmus.store.submissions import Submission

if TYPE_CHECKING:
    from isthmus.events.links import Connected

REMEDY = "Correct the entry and send it again."
OUTCOMES = ("accepted", "changed", "unchanged", "refused")


class KeyUsed(Exception):
    """The idempotency key belongs to another request."""


@dataclass(frozen=True)
class Answer:
    text: str
    """JSON; a repeat gets the same to the letter."""
    repeated: bool
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Request:
    source: Connected
    key: str
    digest: bytes
    sent: Sequence[Sent]
    entities: Collection[str] | None
    """Codes of the companies that the caller submits for; None: all."""

    @property
    def size(self) -> int:
        return len(self.sent)

    @property
    def touches(self) -> AbstractSet[Hashable]:
        return {self.key, *((self.source.name, one.external_id) for one in self.sent
                            if one.external_id is not None)}  # fmt: skip


class TimeSubmissions:
    def __init__(self, database: Database, outbox: Outbox, limit: int) -> None:
        self._database, self._outbox = database, outbox
        self._backlog = Backlog(database, limit)
        self._few = BatchSoon(database, outbox)
        self._intake = EntryIntake(TIME)
        self._together = Together[Request, Answer](self._store, BATCH)

    async def take(
        self, source: Connected, key: str, digest: bytes, elements: Sequence[Any],
        entities: Collection[str] | None,
    ) -> Answer:  # fmt: skip
        """Raises KeyUsed, Backlogged."""
        await self._backlog.ensure_room(key)
        sent = await beside(len(elements), read, elements)
        request = Request(source, key, digest, sent, entities)
        take = self._together.take if len(sent) < OWN_BATCH else self._alone
        answer = await take(request)
        self._backlog.add(0 if answer.repeated else len(sent))
        if stored := answer.counts.get("accepted", 0) + answer.counts.get("changed", 0):
            self._few.nudge(stored)
        return answer

    async def close(self) -> None:
        await self._backlog.close()
        await self._few.close()

    async def _alone(self, request: Request) -> Answer:
        [answer] = await self._store([request])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def _store(self, group: Sequence[Request]) -> list[Answer | Exception]:
        """In one transaction. The requests name different entries under different keys."""
        async with self._database.begin() as tx:
            ours = await tx.submissions.claim({one.key: one.digest for one in group})
            answers = await self._answers(tx, [one for one in group if one.key in ours])
            await tx.submissions.answer({key: answer.text for key, answer in answers.items()})
            theirs = await tx.submissions.many({one.key for one in group} - ours)
        return [
            answers.get(one.key) or _again(one.key, one.digest, theirs[one.key]) for one in group
        ]

    async def _answers(self, tx: Transaction, requests: Sequence[Request]) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        for source in {one.source.name: one.source for one in requests}.values():
            of_source = [one for one in requests if one.source is source]
            outcomes = await self._stored(tx, source, of_source)
            answers |= {one.key: _answer(islice(outcomes, one.size)) for one in of_source}
        return answers

    async def _stored(
        self, tx: Transaction, source: Connected, requests: Sequence[Request]
    ) -> Iterator[dict[str, Any]]:
        sent = [one for request in requests for one in request.sent]
        there = await known(tx, source, sent)
        changes, others = await _own(tx, source, requests, there)
        own = Batches()
        give = own.give if len(changes) >= OWN_BATCH else lambda entry: None
        taken = await self._intake.take_resolved(tx, source, changes, REMEDY, give)
        await own.announce(tx, self._outbox, taken.new)
        taken = replace(taken, refused={**taken.refused, **others})
        return (_outcome(source, one, taken) for one in sent)


async def _own(
    tx: Transaction, source: Connected, requests: Sequence[Request], there: Known
) -> tuple[list[Change], dict[str, list[FieldProblem]]]:
    """What each caller may submit, and what is refused because it is of other companies."""
    own: list[Change] = []
    others: set[str] = set()
    for request in requests:
        changes = [change(source, one, there) for one in request.sent if one.external_id]
        projects = {c.external_id: c.attributes.get("project") for c in changes}
        theirs = await foreign(tx, source, TIME.model.kind, projects, request.entities)
        own += [c for c in changes if c.external_id not in theirs]
        others |= theirs
    return own, {id: [refused(TIME.model.kind)] for id in others}


def _answer(outcomes: Iterator[dict[str, Any]]) -> Answer:
    entries = list(outcomes)
    counted = Counter(entry["outcome"] for entry in entries)
    counts = {name: counted[name] for name in OUTCOMES}
    text = to_json({**counts, "entries": entries}).decode()
    return Answer(text, repeated=False, counts=counts)


def _again(key: str, digest: bytes, earlier: Submission) -> Answer | KeyUsed:
    if earlier.digest != digest:
        return KeyUsed(key)
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
