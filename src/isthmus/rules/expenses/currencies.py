"""The three currencies of an expense: spent, paid back, billed (Certinia keeps a rate for each).

Each amount is converted straight from what was spent, so one rounding never feeds another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from isthmus.canonical import ExchangeRate, ExpenseEntry
from isthmus.rules.fx import find_rate
from isthmus.rules.problems import Problem
from isthmus.rules.rounding import Number


@dataclass(frozen=True, slots=True)
class LineRate:
    """`source` says where the rate is from, for people who ask."""

    rate: Number
    currency: str
    source: str


def billing_rate(
    entry: ExpenseEntry, currency: str, rates: Iterable[ExchangeRate]
) -> LineRate | Problem:
    return _rate(entry, currency, entry.billing_rate, rates)


def reimbursement_rate(entry: ExpenseEntry, rates: Iterable[ExchangeRate]) -> LineRate | Problem:
    currency = entry.reimbursement_currency or entry.amount.currency
    return _rate(entry, currency, entry.reimbursement_rate, rates)


def _rate(
    entry: ExpenseEntry, currency: str, agreed: Decimal | None, rates: Iterable[ExchangeRate]
) -> LineRate | Problem:
    spent = entry.amount.currency
    if spent == currency:
        return LineRate(Decimal(1), currency, "as spent")
    if agreed is not None:
        return LineRate(agreed, currency, f"{agreed} as agreed on the expense")
    found = find_rate(rates, spent, currency, entry.spent_on)
    if isinstance(found, Problem):
        return found
    return LineRate(found.value, currency, found.words())
