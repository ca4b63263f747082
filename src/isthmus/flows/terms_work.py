"""What the terms of a contract move of work that is rated already, billed or not.

Only what the terms move: a rate card that became dearer, or a project that was closed since, is
there with the old terms too and does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from isthmus.canonical import Contract, ExpenseEntry, TimeEntry
from isthmus.engine import Engine
from isthmus.flows.billed_work import Priced
from isthmus.flows.expense_batch import ExpenseBatch, Verdict
from isthmus.flows.expense_rating import judged_expense
from isthmus.flows.rerating import Repriced, Supposed, repriced
from isthmus.kit.money import Money
from isthmus.rules.periods import ClosedPeriodPolicy
from isthmus.store.database import Transaction
from isthmus.store.fact_rows import FactRow


@dataclass(frozen=True)
class MovedWork:
    """`facts` are all of the entries that move; an entry of which a part is invoiced is billed."""

    changes: tuple[Repriced, ...]
    facts: tuple[FactRow, ...]
    currency: str

    @property
    def open(self) -> tuple[Repriced, ...]:
        invoiced = self._invoiced()
        return tuple(c for c in self.changes if c.entry not in invoiced)

    @property
    def billed(self) -> tuple[Repriced, ...]:
        """Those that would still be billed, or for nothing: what would be held stays as it is."""
        invoiced = self._invoiced()
        return tuple(c for c in self.changes if c.entry in invoiced and not c.held)

    def open_facts(self) -> list[FactRow]:
        entries = {c.entry for c in self.open}
        return [fact for fact in self.facts if fact.source_id in entries]

    def billed_facts(self) -> list[Priced]:
        """Invoiced ones; the difference of an entry is with its first."""
        more = {c.entry: self.difference([c]) for c in self.billed}
        found: list[Priced] = []
        for fact in self.facts:
            if fact.invoice and fact.source_id in more:
                found.append((fact, more[fact.source_id]))
                more[fact.source_id] = Money.zero(self.currency)
        return found

    def difference(self, changes: Iterable[Repriced]) -> Money:
        zero = Money.zero(self.currency)
        return Money.total(((c.new or zero) - c.old for c in changes), self.currency)

    def _invoiced(self) -> set[str]:
        return {fact.source_id for fact in self.facts if fact.invoice}


async def work_moved(
    tx: Transaction, engine: Engine, before: Contract, after: Contract, since: date
) -> MovedWork:
    """Work on or after a day whose amount is another one with the terms of `after`."""
    kinds = (TimeEntry.kind, ExpenseEntry.kind)
    facts = [
        fact
        for fact in await tx.ledger.of_contract(after.id)
        if fact.source_kind in kinds and since <= fact.happened_on
    ]
    known = set(await _under(tx, engine, before, facts)) if facts else set()
    found = await _under(tx, engine, after, facts) if facts else []
    changes = tuple(change for change in found if change not in known)
    entries = {change.entry for change in changes}
    moving = tuple(fact for fact in facts if fact.source_id in entries)
    return MovedWork(changes, moving, after.currency)


async def _under(
    tx: Transaction, engine: Engine, contract: Contract, facts: Sequence[FactRow]
) -> list[Repriced]:
    """Invoiced hours are priced as if they were on no invoice; open ones come after them."""
    time = [fact for fact in facts if fact.source_kind == TimeEntry.kind]
    expenses = [fact for fact in facts if fact.source_kind == ExpenseEntry.kind]
    invoiced = {fact.source_id for fact in time if fact.invoice}
    open_ = [fact for fact in time if fact.source_id not in invoiced]
    billed = [fact for fact in time if fact.source_id in invoiced]
    async with tx.supposing():
        await tx.records.save(contract)
        return [
            *await repriced(tx, engine, contract.id, open_, Supposed.OPEN),
            *await repriced(tx, engine, contract.id, billed, Supposed.UNBILLED),
            *await _expenses(tx, engine, expenses),
        ]


async def _expenses(tx: Transaction, engine: Engine, facts: Sequence[FactRow]) -> list[Repriced]:
    rows = await tx.expenses.many([fact.source_id for fact in facts])
    policies, links = engine.landscape.policies, engine.links
    context = await ExpenseBatch.read(tx, list(rows.values()), policies, links)
    context = replace(context, closed_period=ClosedPeriodPolicy.REDATE)
    edits = await tx.edits.of_many(ExpenseEntry.kind, list(rows))
    judged = (
        (f, judged_expense(context, rows[f.source_id].entry, edits.get(f.source_id, {})))
        for f in facts
    )
    found = (_repriced(fact, verdict) for fact, verdict in judged)
    return [change for change in found if change]


def _repriced(fact: FactRow, verdict: Verdict) -> Repriced | None:
    old, new = Money.of(fact.amount, fact.currency), verdict.rated
    if new == old:
        return None
    if verdict.problems:
        why = "would be held: " + "; ".join(problem.reason for problem in verdict.problems)
    else:
        why = f"{old} billed, now {new}" if new else "is not billed any more"
    return Repriced(
        fact.source_id, fact.description, fact.happened_on, old, new, why, bool(verdict.problems)
    )
