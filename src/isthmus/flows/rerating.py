"""Re-rating: what open work of a contract would be priced at now, and, if asked, that it be so.

A price stays as it was when the work was rated; a later rate card does not move it. Whoever wants
it moved looks at the difference first. What is on an invoice is frozen, and corrected by a credit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import Enum, auto

from isthmus.canonical import Contract
from isthmus.engine import Engine
from isthmus.events.batching import batch_time
from isthmus.events.envelope import Event
from isthmus.flows.contract_pricing import InLedger, Repricing
from isthmus.flows.time_batch import BatchContext
from isthmus.flows.time_rating import judged
from isthmus.kit.money import Money
from isthmus.rules.facts import Fact
from isthmus.rules.judging import Verdict
from isthmus.rules.periods import ClosedPeriodPolicy
from isthmus.rules.problems import Problem
from isthmus.rules.time.pricing import is_priced_alone
from isthmus.store.database import Transaction
from isthmus.store.entries import RECEIVED
from isthmus.store.fact_rows import FactRow


@dataclass(frozen=True)
class Repriced:
    """One entry whose amount would move; `new` is None where it would be held or not billed."""

    entry: str
    person: str
    worked_on: date
    old: Money
    new: Money | None
    why: str
    held: bool = False


class Supposed(Enum):
    """What a price is asked for that nobody may write: every month open, and then also no invoice
    made.
    """

    OPEN = auto()
    UNBILLED = auto()


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
        changes = await repriced(tx, engine, contract, facts)
        if write and changes:
            moved = [fact for fact in facts if fact.source_id in {c.entry for c in changes}]
            await _take_back(tx, moved)
            await engine.outbox.emit(tx, _event(contract, changes, by))
    if write and changes:
        await batch_time(engine.database, engine.outbox)
    return Rerating(
        contract, len({f.source_id for f in facts}), tuple(changes), written=bool(write and changes)
    )


async def _open(tx: Transaction, contract: str, since: date) -> list[FactRow]:
    return [
        fact
        for fact in await tx.ledger.of_contract(contract)
        if fact.source_kind == "time_entry" and fact.invoice is None and since <= fact.happened_on
    ]


async def repriced(
    tx: Transaction,
    engine: Engine,
    contract: str,
    facts: Sequence[FactRow],
    supposed: Supposed | None = None,
) -> list[Repriced]:
    """Entries whose facts would be of another amount now."""
    rows = await tx.entries.many([fact.source_id for fact in facts])
    policies, links = engine.landscape.policies, engine.links
    context = await BatchContext.read(tx, list(rows.values()), policies, links)
    if supposed is not None:
        context = replace(context, closed_period=ClosedPeriodPolicy.REDATE)
    edits = await tx.edits.of_many("time_entry", list(rows))
    verdicts = {id: judged(context, row.entry, edits.get(id, {})) for id, row in rows.items()}
    ledger = await InLedger.read(
        tx, await tx.records.get(Contract, contract), thawed=supposed is Supposed.UNBILLED
    )
    priced = _priced(ledger, verdicts)
    by_entry: dict[str, list[FactRow]] = defaultdict(list)
    for fact in facts:
        by_entry[fact.source_id].append(fact)
    found = (_repriced(of_entry, priced[id]) for id, of_entry in by_entry.items())
    return [repriced for repriced in found if repriced]


@dataclass(frozen=True)
class Priced:
    facts: Sequence[Fact]
    problems: Sequence[Problem]


def _priced(ledger: InLedger, verdicts: Mapping[str, Verdict]) -> dict[str, Priced]:
    """What each entry would be priced at. Caps are those of the contract's detailed terms."""
    if is_priced_alone(ledger.contract):
        return {id: Priced([v.rated] if v.rated else [], v.problems) for id, v in verdicts.items()}
    good = [v for v in verdicts.values() if v.rated]
    bad = verdicts.keys() - {v.entry.id for v in good}
    found = Repricing.of(good, ledger.without(bad))
    return {
        id: Priced(found.facts.get(id, ()), v.problems or found.problems(id))
        for id, v in verdicts.items()
    }


def _repriced(facts: Sequence[FactRow], now: Priced) -> Repriced | None:
    first = facts[0]
    old = Money.total((Money.of(f.amount, f.currency) for f in facts), first.currency)
    new = Money.total((f.amount for f in now.facts), first.currency) if now.facts else None
    if new == old:
        return None
    return Repriced(
        first.source_id, first.description, first.happened_on, old, new, _why(facts, now),
        bool(now.problems),
    )  # fmt: skip


def _why(facts: Sequence[FactRow], now: Priced) -> str:
    if now.problems:
        return "would be held: " + "; ".join(problem.reason for problem in now.problems)
    if not now.facts:
        return "is not billable any more"
    before, after = Money.of(facts[0].rate, facts[0].currency), now.facts[0]
    if after.rate != before:
        found = after.work.trail[-1].found if after.work.trail else str(after.rate)
        return f"{before} an hour, now {found}"
    reasons = dict.fromkeys(why for fact in now.facts for why in fact.why)
    billed = sum((fact.billed_hours for fact in facts), Decimal(0))
    hours = sum((fact.billed_hours for fact in now.facts), Decimal(0))
    return f"{billed} h billed, now {hours} h" if billed != hours else "; ".join(reasons)


async def _take_back(tx: Transaction, facts: Sequence[FactRow]) -> None:
    """As for an entry that its PSA changed: the old fact is reversed, the entry waits again."""
    await tx.ledger.reverse(facts, "rerating")
    ids = sorted({fact.source_id for fact in facts})
    await tx.entries.renew(ids)
    await tx.entries.set_state(ids, RECEIVED, rebatch=True)


def _event(contract: str, changes: Sequence[Repriced], by: str) -> Event:
    zero = Money.zero(changes[0].old.currency)
    total = Money.total(((c.new or zero) - c.old for c in changes), zero.currency)
    return Event(
        type="time.rerated", source="rerating", subject=contract, correlation_id=contract,
        data={"entries": len(changes), "difference": str(total), "by": by},
    )  # fmt: skip
