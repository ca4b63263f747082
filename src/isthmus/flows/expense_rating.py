"""Check and mark up a batch of expenses: facts for the billable ones, holds for the bad ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.time_entry import Approval
from isthmus.engine import Step
from isthmus.flows.entry_facts import corrected_or_problem, facts_in_force, lock_contracts
from isthmus.flows.entry_outcomes import counts, settle
from isthmus.flows.expense_batch import ExpenseBatch, Verdict
from isthmus.kit.ids import derived_id
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction
from isthmus.store.edits import EditRow
from isthmus.store.entries import RATED, RECEIVED, EntryRow


async def rate_expenses(step: Step) -> dict[str, int]:
    """Check every expense of the batch and mark it up in one transaction; counts by outcome."""
    async with step.begin() as tx:
        await lock_contracts(tx, await tx.expenses.projects_of(step.subject, RECEIVED))
        rows = await _received(tx, step)
        context = await ExpenseBatch.read(tx, rows, step.landscape.policies, step.links)
        live, versions = await facts_in_force(tx, step, tx.expenses, rows)
        edits = await tx.edits.of_many(ExpenseEntry.kind, [row.entry.id for row in rows])
        verdicts = [
            judged_expense(context, row.entry, edits.get(row.entry.id, {}))
            for row in rows
            if row.entry.id not in live
        ]
        await tx.ledger.add(
            [_fact(step, context, v.entry, v.rated, versions) for v in verdicts if v.rated]
        )
        await settle(tx, step, context, tx.expenses, verdicts)
        await tx.expenses.set_state(list(live), RATED)
    return dict(counts(verdicts, len(live)))


async def _received(tx: Transaction, step: Step) -> list[EntryRow[ExpenseEntry]]:
    """Without those whose approval was taken back: the batch only takes back their cost."""
    rows = await tx.expenses.of_batch(step.subject, RECEIVED, lock=True)
    return [row for row in rows if row.entry.approval is Approval.APPROVED]


def judged_expense(
    context: ExpenseBatch, entry: ExpenseEntry, edits: Mapping[str, EditRow]
) -> Verdict:
    corrected = corrected_or_problem(entry, edits)
    if isinstance(corrected, Problem):
        return Verdict(entry, None, (corrected,))
    return context.judge(corrected)


def _fact(
    step: Step,
    context: ExpenseBatch,
    entry: ExpenseEntry,
    billed: Money,
    versions: Mapping[str, int],
) -> dict[str, Any]:
    contract, version = context.contract_of(entry), versions[entry.id]
    return {
        "id": derived_id("fact", entry.id, str(version)),
        "source_kind": entry.kind,
        "source_id": entry.id,
        "source_version": version,
        "contract": contract.id if contract else None,
        "project": entry.project,
        "resource": entry.resource,
        "role": entry.category,
        "happened_on": entry.spent_on,
        "hours": 0,
        "billed_hours": 1,
        "rate": billed.amount,
        "amount": billed.amount,
        "currency": billed.currency,
        "description": context.told(entry),
        "cost_centre": context.cost_centre_of(entry),
        "profit_centre": context.profit_centre_of(entry),
        "legal_entity": contract.legal_entity if contract else None,
        "trail": _trail(entry, billed),
        "run_id": step.run.id,
    }


def _trail(entry: ExpenseEntry, billed: Money) -> list[dict[str, str]]:
    """How the receipt became the billed amount."""
    spent = f"{entry.amount} on the receipt"
    if entry.tax:
        spent += (
            f", {entry.tax} of it tax{' that we recover' if entry.tax_recovered_percent else ''}"
        )
    if entry.non_billable_amount:
        spent += f", {entry.non_billable_amount} of it not billable"
    return [{"scope": "expense terms of the contract", "looked_for": spent,
             "found": f"billed at {billed}"}]  # fmt: skip
