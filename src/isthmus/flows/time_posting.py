"""Send rated hours to their ledger, in its own batch size, and store each of its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from time import monotonic

from isthmus.canonical import TimeEntry
from isthmus.connect import ConnectError, Receipt
from isthmus.connect.errors import OF_THE_CONNECTION
from isthmus.engine import Step
from isthmus.events.batching import batch_time
from isthmus.events.entry_intake import posted_key
from isthmus.events.links import Link, TheirIds
from isthmus.flows.entry_holds import entry_hold, refusal
from isthmus.flows.time_batch import AT_HAND, BatchContext, RatedBatch, entry_ids
from isthmus.kit.chunks import chunked
from isthmus.kit.turns import by_turns
from isthmus.rules.ledger_rate import ledger_rate
from isthmus.rules.periods import Posting
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, INVOICED, POSTED, RATED, RECEIVED, EntryRow
from isthmus.store.fact_rows import FactRow

POST_SIZE = 100
STORED_WITHIN = 0.5
"""Seconds that answers wait to be stored with others, while more of the batch is sent."""
OVERTAKEN = "entries that are sent once more"


async def post_batch(step: Step) -> dict[str, int]:
    """Send rated entries to their ledger in its own batch size, and store what it answers.

    A repeat sends only what has no answer yet, under the same keys. An entry that its source
    changes meanwhile is in no batch then: it is rated and sent again as it is now.
    """
    batch = step.run.at_hand.pop(AT_HAND, None) or await RatedBatch.read(step)
    posted = 0
    by_entity = sorted(batch.rows, key=batch.company_of)
    for entity, rows in groupby(by_entity, key=batch.company_of):
        posted += await _post(step, batch, step.links.erp(entity or None), list(rows))
    if step.run.at_hand.pop(OVERTAKEN, False):
        await batch_time(step.run.engine.database, step.run.engine.outbox)
    return {"posted": posted, "held": len(batch.rows) - posted}


async def _post(
    step: Step, batch: RatedBatch, erp: Link, rows: Sequence[EntryRow[TimeEntry]]
) -> int:
    told = await Told.of(step, erp, batch, rows)
    writes = erp.capability(TimeEntry).writes
    size = erp.capability(TimeEntry).batch if writes else POST_SIZE
    answers = Answers(step, batch)
    try:
        for chunk in chunked(rows, size):
            await answers.take(await _sent(step, erp, chunk, told))
    finally:
        await answers.store()
    return answers.posted


@dataclass(frozen=True)
class Told:
    """What a ledger is to be told of a batch, by entry, in its own ids."""

    entries: Mapping[str, TimeEntry]
    ids: TheirIds

    @classmethod
    async def of(
        cls,
        step: Step,
        erp: Link,
        batch: RatedBatch,
        rows: Sequence[EntryRow[TimeEntry]],
    ) -> Told:
        """Without entries that have no hours to bill, unless the ledger has them already. A ledger
        that takes no time transactions is told nothing, and gets the hours with the invoice.
        """
        if not erp.capability(TimeEntry).writes:
            return cls({}, TheirIds({}, {}))
        facts = batch.facts
        async with step.begin() as tx:
            known = await tx.xref.external_many(TimeEntry.kind, erp.space, entry_ids(rows))
            told = await by_turns(
                lambda row: _as_posted(batch.context, row.entry, facts[row.entry.id]),
                (r for r in rows
                 if r.entry.id in known or any(f.billed_hours for f in facts[r.entry.id])),
            )  # fmt: skip
            return cls({entry.id: entry for entry in told}, await erp.ids_of(tx, told))


Answer = Receipt | ConnectError
_NOT_TOLD = Receipt("", created=False)


async def _sent(
    step: Step, erp: Link, rows: Sequence[EntryRow[TimeEntry]], told: Told
) -> dict[str, Answer]:
    """By entry. One that the ledger is not told of counts as taken."""
    answers: dict[str, Answer] = dict.fromkeys((row.entry.id for row in rows), _NOT_TOLD)
    sent = [entry for row in rows if (entry := told.entries.get(row.entry.id))]
    taken = await erp.put_many(sent, step.idempotency_key, ids=told.ids) if sent else ()
    return answers | dict(zip((e.id for e in sent), taken, strict=True))


class Answers:
    """What a ledger has answered, stored as it comes in: those of half a second in one
    transaction. What a crash loses of it is asked again under the same keys.
    """

    def __init__(self, step: Step, batch: RatedBatch) -> None:
        self._step, self._batch = step, batch
        self._new: dict[str, Answer] = {}
        self._stored_at = monotonic()
        self.posted = 0

    async def take(self, answers: Mapping[str, Answer]) -> None:
        """Raises what is wrong with the connection: nobody can correct that, and the run repeats
        what is not taken.
        """
        self._new |= answers
        for answer in answers.values():
            if isinstance(answer, OF_THE_CONNECTION):
                raise answer
        if monotonic() - self._stored_at > STORED_WITHIN:
            await self.store()

    async def store(self) -> None:
        answers, self._new, self._stored_at = self._new, {}, monotonic()
        done = {id: a.external_id for id, a in answers.items() if isinstance(a, Receipt)}
        refused = {
            id: answer for id, answer in answers.items()
            if isinstance(answer, ConnectError) and not isinstance(answer, OF_THE_CONNECTION)
        }  # fmt: skip
        if done or refused:
            async with self._step.begin() as tx:
                await self._posted(tx, done)
                await self._refused(tx, refused)
        self.posted += len(done)

    async def _posted(self, tx: Transaction, done: Mapping[str, str]) -> None:
        facts, subject = self._batch.facts, self._step.subject
        await tx.ledger.mark_posted(
            {fact.id: external for id, external in done.items() for fact in facts[id]}
        )
        moved = await tx.entries.set_state(list(done), POSTED, was=RATED, batch=subject)
        billed = [id for id in moved if all(fact.invoice for fact in facts[id])]
        await tx.entries.set_state(billed, INVOICED, was=POSTED, batch=subject)
        await tx.holds.resolve_many([posted_key(id) for id in done], "posted again", "isthmus")
        if overtaken := done.keys() - set(moved):
            await _send_again(tx, overtaken)
            self._step.run.at_hand[OVERTAKEN] = True

    async def _refused(self, tx: Transaction, errors: Mapping[str, ConnectError]) -> None:
        for row in self._batch.rows if errors else ():
            if error := errors.get(row.entry.id):
                await _hold_refused(tx, self._step, self._batch.context, row, error)


async def _send_again(tx: Transaction, overtaken: Iterable[str]) -> None:
    """These changed while they were sent. What they say now may have reached the ledger before
    this, and then the ledger keeps the older hours: it is told once more.
    """
    for state in (RATED, POSTED):
        await tx.entries.set_state(sorted(overtaken), RECEIVED, was=state, rebatch=True)


def _as_posted(context: BatchContext, entry: TimeEntry, facts: Sequence[FactRow]) -> TimeEntry:
    """The entry as the ledger gets it: rated, with dimensions, on a day that may be posted to."""
    posting = context.posting(entry)
    entity = context.entity_of(entry)
    return entry.with_values({
        "worked_on": posting.day if isinstance(posting, Posting) else entry.worked_on,
        "bill_rate": ledger_rate(facts),
        "billed_hours": sum((fact.billed_hours for fact in facts), Decimal(0)),
        "cost_centre": facts[0].cost_centre,
        "profit_centre": facts[0].profit_centre,
        "legal_entity": entity.id if entity else None,
    })  # fmt: skip


async def _hold_refused(
    tx: Transaction,
    step: Step,
    context: BatchContext,
    row: EntryRow[TimeEntry],
    error: ConnectError,
) -> None:
    if not await tx.entries.set_state([row.entry.id], HELD, was=RATED, batch=step.subject):
        return
    period = context.period_of(row.entry)
    await tx.holds.open(entry_hold(step, context, row.entry, (refusal(error),), period))
