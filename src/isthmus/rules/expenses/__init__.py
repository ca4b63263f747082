"""Expenses: what the client pays, what the firm bears, what the employee gets back.

`judge_expense` answers all three for one approved expense. Billable and reimbursable are two
questions: a company card's dinner with a client is billed and paid back to nobody.

* `cost`: the receipt, and the tax on it that the firm gets back
* `currencies`: spent, paid back and billed, each with its dated or agreed rate
* `client_share`: what the client pays before mark-up, `policy`: receipts and limits
* `allowances`: mileage and per diem
* `markup`: what is added
* `posting`: the journal entries
"""

from isthmus.rules.expenses.client_share import ExpenseContext
from isthmus.rules.expenses.judgement import Verdict, judge_expense

__all__ = ["ExpenseContext", "Verdict", "judge_expense"]
