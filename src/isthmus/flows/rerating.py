"""Re-rating: what open work of a contract would be priced at now, and, if asked, that it be so.

A price stays as it was when the work was rated; a later rate card does not move it. Whoever wants
it moved looks at the difference first. What is on an invoice is frozen, and corrected by a credit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from isthmus.engine import Engine
from isthmus.events.batching import batch_time
from isthmus.events.envelope import Event
from isthmus.flows.time_batch import BatchContext
from isthmus.flows.time_rating import judged
from isthmus.kit.money import Money
from isthmus.rules.judging import Verdict
from isthmus.store.database import Transaction
from isthmus.store.entries import RECEIVED
from isthmus.store.ledger import FactRow


@dataclass(frozen=True)
class Repriced:
    """One entry whose amount would move; `new` is None where it would be held or not billed."""

    entry: str
    person: str
    worked_on: date
    old: Money
    new: Money | None
    why: str


@dataclass(frozen=True)
class Rerating:
    contract: str
    entries: int
    """Open entries that were looked at."""
    changes: tuple[Repriced, ...]
    written: bool

    def difference(self) -> Money | None:
        """What all changes move together; None where nothing moves."""
        if not self.changes:
            return None
        zero = Money.zero(self.changes[0].old.currency)
        return Money.total(((c.new or zero) - c.old for c in self.changes), zero.currency)


async def rerate(
    engine: Engine, contract: str, since: date, *, write: bool = False, by: str = ""
) -> Rerating:
    """Compare; with `write`, also take the facts that differ back and let their entries be rated.

    Writing is one transaction under the contract's lock, so what was shown is what is taken back;
    the entries then go the way of all hours, caps included.
    """
    async with engine.database.begin() as tx:
        await tx.lock(f"contract:{contract}")
        facts = await _open(tx, contract, since)
        changes = await _changes(tx, engine, facts)
        if write and changes:
            moved = [fact for fact in facts if fact.source_id in {c.entry for c in changes}]
            await _take_back(tx, moved)
            await engine.outbox.emit(tx, _event(contract, changes, by))
    if write and changes:
        await batch_time(engine.database, engine.outbox)
    return Rerating(contract, len(facts), tuple(changes), written=bool(write and changes))


async def _open(tx: Transaction, contract: str, since: date) -> list[FactRow]:
    return [
        fact
        for fact in await tx.ledger.of_contract(contract)
        if fact.source_kind == "time_entry" and fact.invoice is None and since <= fact.happened_on
    ]


async def _changes(tx: Transaction, engine: Engine, facts: Sequence[FactRow]) -> list[Repriced]:
    rows = await tx.entries.many([fact.source_id for fact in facts])
    policies, links = engine.landscape.policies, engine.links
    context = await BatchContext.read(tx, list(rows.values()), policies, links)
    edits = await tx.edits.of_many("time_entry", list(rows))
    found = []
    for fact in facts:
        row = rows[fact.source_id]
        verdict = judged(context, row.entry, edits.get(row.entry.id, {}))
        if repriced := _repriced(fact, verdict):
            found.append(repriced)
    return found


def _repriced(fact: FactRow, verdict: Verdict) -> Repriced | None:
    old = Money.of(fact.amount, fact.currency)
    new = verdict.rated.amount if verdict.rated else None
    if new == old:
        return None
    return Repriced(
        fact.source_id, fact.description, fact.happened_on, old, new, _why(fact, verdict)
    )


def _why(fact: FactRow, verdict: Verdict) -> str:
    if verdict.problems:
        return "would be held: " + "; ".join(problem.reason for problem in verdict.problems)
    if verdict.rated is None:
        return "is not billable any more"
    before = Money.of(fact.rate, fact.currency)
    now = verdict.rated
    if now.rate != before:
        found = now.work.trail[-1].found if now.work.trail else str(now.rate)
        return f"{before} an hour, now {found}"
    return f"{fact.billed_hours} h billed, now {now.billed_hours} h"


async def _take_back(tx: Transaction, facts: Sequence[FactRow]) -> None:
    """As for an entry that its PSA changed: the old fact is reversed, the entry waits again."""
    await tx.ledger.reverse(facts, "rerating")
    ids = [fact.source_id for fact in facts]
    await tx.entries.renew(ids)
    await tx.entries.set_state(ids, RECEIVED, rebatch=True)


def _event(contract: str, changes: Sequence[Repriced], by: str) -> Event:
    zero = Money.zero(changes[0].old.currency)
    total = Money.total(((c.new or zero) - c.old for c in changes), zero.currency)
    return Event(
        type="time.rerated", source="rerating", subject=contract, correlation_id=contract,
        data={"entries": len(changes), "difference": str(total), "by": by},
    )  # fmt: skip
