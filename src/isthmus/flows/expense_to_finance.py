"""Approved expenses become facts for the contract's next invoice, and their cost goes in the books.

One run per batch. A bad expense is held with its owner, its amount and its fix, and the rest of
the batch goes on. What the client pays is a rated fact, corrected by reversal like that of an
hour; `contract_to_invoice` bills it apart from the work. What the firm paid is a journal entry,
also for an expense that nobody is billed for; one that changed or went away is taken back by an
equal and opposite entry. A ledger whose connection takes no journal entries gets the invoice only.
"""

from __future__ import annotations

from isthmus.engine import BATCHES, Run, flow
from isthmus.flows.expense_posting import post_expenses, take_back_costs
from isthmus.flows.expense_rating import rate_expenses


@flow(on="expense.batched", owner="finance", priority=30, queue=BATCHES)
async def expense_to_finance(run: Run) -> None:
    await run.step(rate_expenses)
    await run.step(post_expenses)
    await run.step(take_back_costs)
