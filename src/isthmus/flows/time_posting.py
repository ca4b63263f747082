"""Send rated hours to their ledger, in its own batch size, and keep each of its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from isthmus.canonical import TimeEntry
from isthmus.connect import ConnectError, Receipt
from isthmus.connect.errors import OF_THE_CONNECTION
from isthmus.engine import Step
from isthmus.events.batching import batch_time
from isthmus.events.left_in_ledger import is_idle, left_in_ledger, posted_key
from isthmus.events.links import Link, TheirIds
from isthmus.flows.entry_holds import entry_hold, refusal
from isthmus.flows.time_batch import AT_HAND, BatchContext, Facts, RatedBatch, entry_ids
from isthmus.kit.chunks import chunked
from isthmus.kit.turns import by_turns
from isthmus.rules.ledger_rate import ledger_rate
from isthmus.rules.periods import Posting
from isthmus.store.database import Transaction
from isthmus.store.entries import (
    HELD,
    INVOICED,
    POSTED,
    RATED,
    RECEIVED,
    WITHDRAWN,
    EntryRow,
)
from isthmus.store.fact_rows import FactRow

POST_SIZE = 100
OVERTAKEN = "entries that are sent once more"


async def post_batch(step: Step) -> dict[str, int]:
    """Send rated entries to their ledger in its own batch size; each answer is stored at once.

    A repeat sends only what has no answer yet, under the same keys. An entry that its source
    changes meanwhile is in no batch then: it is rated and sent again as it is now, also where the
    answer to what was sent before is lost.
    """
    batch = step.run.at_hand.pop(AT_HAND, None) or await _taken_up_again(step)
    rows, facts = batch.rows, batch.facts
    posted = 0
    by_entity = sorted(rows, key=lambda r: facts[r.entry.id][0].legal_entity or "")
    for entity, group in groupby(by_entity, key=lambda r: facts[r.entry.id][0].legal_entity):
        erp, of_entity = step.links.erp(entity), list(group)
        told = await Told.of(step, erp, batch.context, of_entity, facts)
        size = erp.capability(TimeEntry).batch if erp.capability(TimeEntry).writes else POST_SIZE
        for chunk in chunked(of_entity, size):
            posted += await _post(step, erp, batch.context, chunk, facts, told)
    if step.run.at_hand.pop(OVERTAKEN, False):
        await batch_time(step.run.engine.database, step.run.engine.outbox)
    return {"posted": posted, "held": len(rows) - posted}


async def _taken_up_again(step: Step) -> RatedBatch:
    """What is in the batch still. What has left it may have been sent by an attempt before, whose
    answer nobody kept, and may have reached the ledger after what it says now.
    """
    async with step.begin() as tx:
        if left := await tx.entries.left_behind(step.subject, step.run.id):
            await _send_again(tx, left)
            step.run.at_hand[OVERTAKEN] = True
    return await RatedBatch.read(step)


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
        context: BatchContext,
        rows: Sequence[EntryRow[TimeEntry]],
        facts: Facts,
    ) -> Told:
        """Without entries that have no hours to bill, unless the ledger has them already. A ledger
        that takes no time transactions is told nothing, and gets the hours with the invoice.
        """
        if not erp.capability(TimeEntry).writes:
            return cls({}, TheirIds({}, {}))
        async with step.begin() as tx:
            known = await tx.xref.external_many(TimeEntry.kind, erp.space, entry_ids(rows))
            told = await by_turns(
                lambda row: _as_posted(context, row.entry, facts[row.entry.id]),
                (r for r in rows
                 if r.entry.id in known or any(f.billed_hours for f in facts[r.entry.id])),
            )  # fmt: skip
            return cls({entry.id: entry for entry in told}, await erp.ids_of(tx, told))


async def _post(
    step: Step,
    erp: Link,
    context: BatchContext,
    rows: list[EntryRow[TimeEntry]],
    facts: Facts,
    told: Told,
) -> int:
    sent = [entry for row in rows if (entry := told.entries.get(row.entry.id))]
    answers = dict.fromkeys((row.entry.id for row in rows), _NOT_TOLD)
    taken = await erp.put_many(sent, step.idempotency_key, ids=told.ids) if sent else ()
    answers |= dict(zip((e.id for e in sent), taken, strict=True))
    done = {id: a.external_id for id, a in answers.items() if isinstance(a, Receipt)}
    async with step.begin() as tx:
        await tx.ledger.mark_posted(
            {fact.id: external for id, external in done.items() for fact in facts[id]}
        )
        moved = await tx.entries.set_state(list(done), POSTED, was=RATED, batch=step.subject)
        billed = [id for id in moved if all(fact.invoice for fact in facts[id])]
        await tx.entries.set_state(billed, INVOICED, was=POSTED, batch=step.subject)
        back = [posted_key(id) for id in done]
        await tx.holds.resolve_many(back, "posted again", "isthmus")
        if overtaken := done.keys() - set(moved):
            await _send_again(tx, overtaken)
            await _count_no_longer(tx, overtaken, facts, done)
            step.run.at_hand[OVERTAKEN] = True
        for row in rows:
            error = answers[row.entry.id]
            if isinstance(error, ConnectError) and not isinstance(error, OF_THE_CONNECTION):
                await _hold_refused(tx, step, context, row, error)
    for answer in answers.values():  # nobody can correct these: the run repeats what is not taken
        if isinstance(answer, OF_THE_CONNECTION):
            raise answer
    return len(done)


_NOT_TOLD: Receipt | ConnectError = Receipt("", created=False)


async def _send_again(tx: Transaction, overtaken: Iterable[str]) -> None:
    """These changed while they were sent. What they say now may have reached the ledger before
    this, and then the ledger keeps the older hours: it is told once more.
    """
    for state in (RATED, POSTED):
        await tx.entries.set_state(sorted(overtaken), RECEIVED, was=state, rebatch=True)


async def _count_no_longer(
    tx: Transaction, overtaken: Iterable[str], facts: Facts, done: Mapping[str, str]
) -> None:
    """Hours that were withdrawn while they were sent are in the ledger all the same."""
    now = (await tx.entries.many(overtaken)).items()
    idle = {id for id, row in now if row.state == WITHDRAWN or is_idle(row.entry)}
    posted = [replace(fact, posted_as=done[id]) for id in sorted(idle) for fact in facts[id]]
    await left_in_ledger(tx, TimeEntry.kind, posted, idle)


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
