"""Send rated hours to their ledger, in its own batch size, and keep each of its answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from isthmus.canonical import TimeEntry
from isthmus.connect import ConnectError, Receipt
from isthmus.engine import Step
from isthmus.events.batching import batch_time
from isthmus.events.entry_intake import posted_key
from isthmus.events.links import Link
from isthmus.flows.entry_holds import entry_hold, refusal
from isthmus.flows.fact_rows import is_at_its_rate
from isthmus.flows.time_batch import BatchContext, entry_ids
from isthmus.kit.chunks import chunked
from isthmus.kit.money import Money
from isthmus.rules.periods import Posting
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, POSTED, RATED, RECEIVED, EntryRow
from isthmus.store.ledger import FactRow

POST_SIZE = 100


async def post_batch(step: Step) -> dict[str, int]:
    """Send rated entries to their ledger in its own batch size; each answer is stored at once.

    A repeat sends only what has no answer yet, under the same keys. An entry that its source
    changes meanwhile is in no batch then: it is rated and sent again as it is now.
    """
    async with step.begin() as tx:
        batched = await tx.entries.of_batch(step.subject, RATED, lock=True)
        facts = await _facts(tx, entry_ids(batched))
        rows = [row for row in batched if row.entry.id in facts]
        context = await BatchContext.read(tx, rows, step.landscape.policies, step.links)
    posted = 0
    by_entity = sorted(rows, key=lambda r: facts[r.entry.id][0].legal_entity or "")
    for entity, group in groupby(by_entity, key=lambda r: facts[r.entry.id][0].legal_entity):
        erp = step.links.erp(entity)
        size = erp.capability(TimeEntry).batch if erp.capability(TimeEntry).writes else POST_SIZE
        for chunk in chunked(group, size):
            posted += await _post(step, erp, context, chunk, facts)
    await batch_time(step.run.engine.database, step.run.engine.outbox)
    return {"posted": posted, "held": len(rows) - posted}


Facts = Mapping[str, Sequence[FactRow]]
"""Those in force by entry, one for each part of it; never none."""


async def _facts(tx: Transaction, entries: Sequence[str]) -> Facts:
    found: dict[str, list[FactRow]] = defaultdict(list)
    for fact in await tx.ledger.live(TimeEntry.kind, entries):
        found[fact.source_id].append(fact)
    return found


async def _post(
    step: Step,
    erp: Link,
    context: BatchContext,
    rows: list[EntryRow[TimeEntry]],
    facts: Facts,
) -> int:
    """A ledger that takes no time transactions gets the hours with the invoice."""
    told = await _told(step, erp, rows, facts)
    sent = [_as_posted(context, row.entry, facts[row.entry.id]) for row in told]
    answers = dict.fromkeys((row.entry.id for row in rows), _NOT_TOLD)
    answers |= dict(zip((e.id for e in sent), await _sent(step, erp, sent), strict=True))
    done = {id: a.external_id for id, a in answers.items() if isinstance(a, Receipt)}
    async with step.begin() as tx:
        await tx.ledger.mark_posted(
            {fact.id: external for id, external in done.items() for fact in facts[id]}
        )
        moved = await tx.entries.set_state(list(done), POSTED, was=RATED, batch=step.subject)
        back = [posted_key(id) for id in done]
        await tx.holds.resolve_many(back, "posted again", "isthmus")
        await _send_again(tx, done.keys() - set(moved))
        for row in rows:
            if isinstance(error := answers[row.entry.id], ConnectError):
                await _hold_refused(tx, step, context, row, error)
    return len(done)


_NOT_TOLD: Receipt | ConnectError = Receipt("", created=False)


async def _told(
    step: Step, erp: Link, rows: Sequence[EntryRow[TimeEntry]], facts: Facts
) -> list[EntryRow[TimeEntry]]:
    """Without those that have no hours to bill, unless the ledger has them already."""
    if not erp.capability(TimeEntry).writes:
        return []
    async with step.begin() as tx:
        known = await tx.xref.external_many(TimeEntry.kind, erp.space, entry_ids(rows))
    return [
        row
        for row in rows
        if row.entry.id in known or any(fact.billed_hours for fact in facts[row.entry.id])
    ]


async def _sent(
    step: Step, erp: Link, entries: Sequence[TimeEntry]
) -> Sequence[Receipt | ConnectError]:
    return await erp.put_many(entries, step.idempotency_key) if entries else ()


async def _send_again(tx: Transaction, overtaken: Iterable[str]) -> None:
    """These changed while they were sent. What they say now may have reached the ledger before
    this, and then the ledger keeps the older hours: it is told once more.
    """
    for state in (RATED, POSTED):
        await tx.entries.set_state(sorted(overtaken), RECEIVED, was=state, rebatch=True)


def _as_posted(context: BatchContext, entry: TimeEntry, facts: Sequence[FactRow]) -> TimeEntry:
    """The entry as the ledger gets it: rated, with dimensions, on a day that may be posted to.

    A ledger's time has one rate: of parts at several prices it is their mean. What the client pays
    is said by the invoice, part by part.
    """
    posting = context.posting(entry)
    entity = context.entity_of(entry)
    return entry.model_copy(
        update={
            "worked_on": posting.day if isinstance(posting, Posting) else entry.worked_on,
            "bill_rate": _rate(facts),
            "billed_hours": sum((fact.billed_hours for fact in facts), Decimal(0)),
            "cost_centre": facts[0].cost_centre,
            "profit_centre": facts[0].profit_centre,
            "legal_entity": entity.id if entity else None,
        }
    )


def _rate(facts: Sequence[FactRow]) -> Money:
    """Of an hour: the one price of all parts, or what they come to."""
    hours = sum((fact.billed_hours for fact in facts), Decimal(0))
    if not hours or (all(map(is_at_its_rate, facts)) and len({f.rate for f in facts}) == 1):
        return Money.of(facts[0].rate, facts[0].currency)
    amount = sum((fact.amount for fact in facts), Decimal(0))
    return Money.of(amount / hours, facts[0].currency).rounded()


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
