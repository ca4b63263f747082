"""The cost of an expense as a journal entry, sent to its ledger once, and taken back by another.

An expense names the entry that keeps its cost before that is sent, so whoever takes it back knows
of it even if the sender died. Taking back begins with a record of the opposite entry, under the
lock of the expense, and ends by sending the first one, in case it never arrived, and its opposite;
the ledger knows both by their ids, so a repeat makes nothing twice.
"""

from __future__ import annotations

from datetime import date

from isthmus.canonical import ExpenseEntry, JournalEntry, LegalEntity
from isthmus.canonical.journal_entry import JournalLine
from isthmus.engine import Step
from isthmus.flows.expense_batch import ExpenseBatch
from isthmus.flows.reading import author, periods_of
from isthmus.kit.ids import derived_id
from isthmus.rules.expenses.cost import cost_of
from isthmus.rules.expenses.posting import cost_entry
from isthmus.rules.periods import Posting, period_for, posting_day
from isthmus.store.database import Transaction
from isthmus.store.entries import EntryRow


def cost_journal(
    context: ExpenseBatch, row: EntryRow[ExpenseEntry], expense: ExpenseEntry
) -> JournalEntry:
    """`expense` is the row's with what people corrected."""
    entity, posting = context.entity_of(expense), context.posting(expense)
    assert entity is not None  # judged before: without one it is held
    day = posting.day if isinstance(posting, Posting) else expense.spent_on
    period = context.period_of(expense)
    as_agent = context.is_agent(expense)
    cost = cost_of(expense, as_agent=as_agent)
    lines = tuple(
        JournalLine(
            account=line.account, amount=line.amount, project=expense.project,
            cost_centre=context.cost_centre_of(expense),
            profit_centre=context.profit_centre_of(expense),
        )
        for line in cost_entry(day, expense, cost, disbursed=as_agent).lines
    )  # fmt: skip
    number = f" ({expense.number})" if expense.number else ""
    return JournalEntry(
        id=derived_id("journal_entry", expense.id, str(row.version)),
        reference=f"{row.connection}:{row.external_id}:{row.version}",
        legal_entity=entity.id, currency=expense.amount.currency, posted_on=day,
        period=period.id if period else None, memo=context.told(expense) + number, lines=lines,
    )  # fmt: skip


def says_the_same(one: JournalEntry, other: JournalEntry) -> bool:
    """To the books: a new note, or who pays the client's bill, moves no cost."""
    return (one.legal_entity, one.posted_on, one.lines) == (
        other.legal_entity, other.posted_on, other.lines,
    )  # fmt: skip


async def send(step: Step, journal_id: str) -> None:
    async with step.begin() as tx:
        journal = await tx.records.get(JournalEntry, journal_id)
        entity = await tx.records.get(LegalEntity, journal.legal_entity)
    await step.links.erp(entity.code).put(journal, step.idempotency_key)


async def begin_taking_back(tx: Transaction, step: Step, journal_id: str) -> None:
    """Under the lock of its expense: from now on the entry is taken back, whoever ends it."""
    journal = await tx.records.get(JournalEntry, journal_id)
    await author(tx, await _reversal(tx, step, journal))


async def is_taken_back(tx: Transaction, journal: JournalEntry) -> bool:
    return await tx.records.find(JournalEntry, _reversal_id(journal.id)) is not None


async def end_taking_back(step: Step, expense_id: str, journal_id: str) -> None:
    """The books are as if the cost had never been there; then the expense names no entry."""
    await send(step, journal_id)
    await send(step, _reversal_id(journal_id))
    async with step.begin() as tx:
        await tx.expenses.release_journal(expense_id, journal_id)


def _reversal_id(journal_id: str) -> str:
    return derived_id("reversal", journal_id)


async def _reversal(tx: Transaction, step: Step, journal: JournalEntry) -> JournalEntry:
    day, period = await _day(tx, step, journal)
    lines = tuple(line.model_copy(update={"amount": -line.amount}) for line in journal.lines)
    return JournalEntry(
        id=_reversal_id(journal.id), reference=f"{journal.reference}:reversal",
        legal_entity=journal.legal_entity, currency=journal.currency, posted_on=day, period=period,
        memo=f"Reversal: {journal.memo}", lines=lines,
    )  # fmt: skip


async def _day(tx: Transaction, step: Step, journal: JournalEntry) -> tuple[date, str | None]:
    """The day of what it takes back, or by policy a later one. A closed period is sent all the
    same: the ledger refuses it, and the run waits.
    """
    entity = await tx.records.get(LegalEntity, journal.legal_entity)
    periods = await periods_of(tx, step.links.erp(entity.code))
    found = posting_day(
        journal.posted_on, periods, step.landscape.policies.closed_period, entity.id
    )
    if isinstance(found, Posting):
        return found.day, found.period.id
    covering = period_for(journal.posted_on, periods, entity.id)
    return journal.posted_on, covering.id if covering else None
