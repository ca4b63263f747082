"""The journal entries of an expense: one for its cost, one for what the client will pay.

Cost is booked in the currency it is paid back in, the client's side in the contract's; a ledger
that keeps a third one translates both, as it does with any document.
"""

from __future__ import annotations

from datetime import date

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.expense_entry import PaidBy
from isthmus.kit.money import Money
from isthmus.rules.expenses.cost import Cost, payer
from isthmus.rules.journal import Account, Entry, Line, entry

_OWED_TO = {
    PaidBy.EMPLOYEE: Account.EMPLOYEE_PAYABLE,
    PaidBy.COMPANY_CARD: Account.CARD_PAYABLE,
}


def cost_entry(on: date, expense: ExpenseEntry, cost: Cost, *, disbursed: bool) -> Entry:
    """`disbursed`: paid in the client's name and billed to it, so no cost of ours."""
    what = Account.CLIENT_DISBURSEMENT if disbursed else Account.PROJECT_EXPENSE
    return entry(
        on,
        [
            Line(what, cost.net),
            Line(Account.INPUT_TAX, cost.recovered_tax),
            Line(_OWED_TO[payer(expense)], -cost.gross),
        ],
    )


def accrual_entry(on: date, to_bill: Money) -> Entry:
    """Earned when it is approved, before its invoice (Dynamics 365: unbilled sales actual)."""
    return entry(on, [Line(Account.UNBILLED, to_bill), Line(Account.EXPENSE_REVENUE, -to_bill)])


def expense_entries(
    on: date, expense: ExpenseEntry, cost: Cost, to_bill: Money, *, disbursed: bool
) -> tuple[Entry, ...]:
    """Without those that move nothing."""
    found = [cost_entry(on, expense, cost, disbursed=disbursed)]
    if not disbursed:
        found.append(accrual_entry(on, to_bill))
    return tuple(posted for posted in found if posted.lines)
