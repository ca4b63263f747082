"""Book the cost of a batch of expenses, one journal entry each; take back what counts no more."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from isthmus.canonical import ExpenseEntry, JournalEntry
from isthmus.connect import ConnectError
from isthmus.connect.errors import OF_THE_CONNECTION
from isthmus.engine import Step
from isthmus.flows.entry_holds import entry_hold, refusal
from isthmus.flows.expense_batch import ExpenseBatch
from isthmus.flows.expense_cost import (
    begin_taking_back,
    cost_journal,
    end_taking_back,
    is_taken_back,
    says_the_same,
    send,
)
from isthmus.flows.reading import overlaid
from isthmus.store.database import Transaction
from isthmus.store.entries import HELD, POSTED, RATED, UNBILLABLE, EntryRow
from isthmus.store.fact_rows import FactRow


@dataclass(frozen=True)
class Batch:
    step: Step
    context: ExpenseBatch
    rows: list[EntryRow[ExpenseEntry]]
    corrected: dict[str, ExpenseEntry]
    """By id, with what people corrected."""
    facts: dict[str, FactRow]


@dataclass(frozen=True)
class Outdated:
    """A journal entry that is being taken back, because its expense says something else now."""

    journal: str


async def post_expenses(step: Step) -> dict[str, Any]:
    """Book each cost, and mark what is billed as ready for its invoice.

    An expense is billed when its cost is in the books. Where the ledger's connection writes no
    journal entries, or has no account for `project_expense`, the cost is left out, and the result
    names the connection.
    """
    batch = await _batch(step)
    outcomes: Counter[str] = Counter()
    without: set[str] = set()
    for row in batch.rows:
        ledger = batch.context.ledger_of(batch.corrected[row.entry.id])
        if batch.context.keeps_cost(batch.corrected[row.entry.id]):
            outcomes[await _post(batch, row)] += 1
            continue
        if ledger is not None:
            without.add(ledger.name)
        async with step.begin() as tx:
            outcomes[await _settled(tx, batch, row)] += 1
    costs = {"costs_not_booked": sorted(without)} if without else {}
    return {**dict(sorted(outcomes.items())), **costs}


async def _batch(step: Step) -> Batch:
    async with step.begin() as tx:
        rows = await tx.expenses.of_batch(step.subject, RATED, UNBILLABLE)
        ids = [row.entry.id for row in rows]
        edits = await tx.edits.of_many(ExpenseEntry.kind, ids)
        corrected = {r.entry.id: overlaid(r.entry, edits.get(r.entry.id, {})) for r in rows}
        facts = {f.source_id: f for f in await tx.ledger.live(ExpenseEntry.kind, ids)}
        return Batch(
            step,
            await ExpenseBatch.read(tx, rows, step.landscape.policies, step.links),
            [row for row in rows if row.state == UNBILLABLE or row.entry.id in facts],
            corrected,
            facts,
        )


async def _post(batch: Batch, row: EntryRow[ExpenseEntry]) -> str:
    """`posted`, `unbillable`, `held`, or `overtaken` by a change at the source."""
    step = batch.step
    journal = cost_journal(batch.context, row, batch.corrected[row.entry.id])
    try:
        found = await _named(batch, row, journal)
        if isinstance(found, Outdated):
            await end_taking_back(step, row.entry.id, found.journal)
            found = await _named(batch, row, journal)
        if not isinstance(found, str):
            return "overtaken"
        await send(step, found)
    except OF_THE_CONNECTION:
        raise
    except ConnectError as error:
        async with step.begin() as tx:
            return await _held(tx, batch, row, journal, error)
    async with step.begin() as tx:
        return await _settled(tx, batch, row)


async def _named(
    batch: Batch, row: EntryRow[ExpenseEntry], journal: JournalEntry
) -> str | Outdated | None:
    """Id of the entry to send; None when the expense is another batch's by now.

    An entry that says the same already stays, unless somebody began to take it back.
    """
    async with batch.step.begin() as tx:
        cost = await tx.expenses.locked_in_batch(row.entry.id, batch.step.subject)
        if cost is None:
            return None
        if cost.journal is None:
            await tx.expenses.name_journal(row.entry.id, journal.id)
            await tx.records.save(journal)
            return journal.id
        before = await tx.records.get(JournalEntry, cost.journal)
        same = before.id == journal.id or says_the_same(before, journal)
        if same and not await is_taken_back(tx, before):
            return before.id
        await begin_taking_back(tx, batch.step, before.id)
        return Outdated(before.id)


async def _settled(tx: Transaction, batch: Batch, row: EntryRow[ExpenseEntry]) -> str:
    """A repeat finds it done; one that changed meanwhile is in another batch, and left to that."""
    fact = batch.facts.get(row.entry.id)
    if fact is None:
        return "unbillable"
    await tx.ledger.mark_posted({fact.id: ""})
    moved = await tx.expenses.set_state([row.entry.id], POSTED, was=RATED, batch=batch.step.subject)
    return "posted" if moved else "overtaken"


async def _held(
    tx: Transaction,
    batch: Batch,
    row: EntryRow[ExpenseEntry],
    journal: JournalEntry,
    error: ConnectError,
) -> str:
    """What the ledger refused is in no books: the expense names it no more."""
    await tx.expenses.release_journal(row.entry.id, journal.id)
    subject = batch.step.subject
    if not await tx.expenses.set_state([row.entry.id], HELD, was=row.state, batch=subject):
        return "overtaken"
    expense = batch.corrected[row.entry.id]
    period = batch.context.period_of(expense)
    await tx.holds.open(entry_hold(batch.step, batch.context, expense, (refusal(error),), period))
    return "held"


async def take_back_costs(step: Step) -> int:
    """Expenses that were withdrawn or lost their approval cost nothing; the number of them.

    One that its ledger refuses, because its period is closed, stops the run after the others.
    """
    async with step.begin() as tx:
        gone = await tx.expenses.gone_of_batch(step.subject)
    refused: dict[str, ConnectError] = {}
    for id in gone:
        try:
            await _take_back(step, id)
        except OF_THE_CONNECTION:
            raise
        except ConnectError as error:
            refused[id] = error
    if refused:
        first = next(iter(refused))
        step.at_stake(None, None, (ExpenseEntry.kind, first))
        raise refused[first]
    return len(gone)


async def _take_back(step: Step, id: str) -> None:
    async with step.begin() as tx:
        cost = await tx.expenses.locked_if_gone(id)
        if cost is None or cost.journal is None:
            return  # it counts again, and its own batch settles what the books say
        await begin_taking_back(tx, step, cost.journal)
    await end_taking_back(step, id, cost.journal)
