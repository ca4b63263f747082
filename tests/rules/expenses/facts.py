"""An approved hotel bill, so that a test states only what it is about."""

from typing import Any

from tests.rules.facts import eur

from isthmus.canonical import ExchangeRate, ExpenseEntry
from isthmus.canonical.terms import ExpenseTerms
from isthmus.rules.expenses import ExpenseContext, Verdict, judge_expense
from isthmus.rules.journal import Entry


def expense(**changes: Any) -> ExpenseEntry:
    facts = {
        "id": "e1", "resource": "r1", "project": "p1", "category": "hotel",
        "spent_on": "2026-03-05", "amount": eur("119.00"), "tax": eur("19.00"),
        "approval": "approved",
    }  # fmt: skip
    return ExpenseEntry.model_validate(facts | changes)


def rate(source: str, target: str, value: str, on: str = "2026-03-01") -> ExchangeRate:
    return ExchangeRate.model_validate(
        {"id": f"{source}{target}{on}", "source": source, "target": target, "rated_on": on,
         "rate": value}
    )  # fmt: skip


def judged(
    entry: ExpenseEntry, terms: ExpenseTerms | None = None, currency: str = "EUR", **ctx: Any
) -> Verdict:
    return judge_expense(entry, terms or ExpenseTerms(), ExpenseContext(currency, **ctx))


def booked(entries: tuple[Entry, ...]) -> list[dict[str, str]]:
    return [
        {
            line.account.value: f"{'dr' if line.debit else 'cr'} {line.debit or line.credit}"
            for line in entry.lines
        }
        for entry in entries
    ]
