"""The revenue cases, and what their adapters share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.finance.case_file import CaseBook, Inputs

from isthmus.kit.money import Money
from isthmus.rules.journal import Entry

__all__ = ["REVENUE", "Inputs", "case"]

REVENUE = CaseBook("revenue_cases")
case = REVENUE.case


def journal(labels: Sequence[str], entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """As the cases write a journal. They date an entry by a word; the word comes from the case."""
    return [
        {"date": label, "lines": _lines(entry)}
        for label, entry in zip(labels, entries, strict=True)
    ]


def _lines(entry: Entry) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for line in entry.lines:
        name = line.account.value
        account = f"{name}_{line.counterparty}" if line.counterparty else name
        side = {"dr": line.debit} if line.debit else {"cr": line.credit}
        lines.append({"account": account, **side})
    return lines


def usd(amount: str | int | Decimal) -> Money:
    return Money.of(amount, "USD")


def all_usd(amounts: Iterable[str]) -> list[Money]:
    return [usd(amount) for amount in amounts]


def number(text: str | int) -> Decimal:
    """The number a text starts with: "12%", "5,000 units"."""
    return Decimal(re.sub(r"[,%].*", "", str(text)))


def first_number(text: str) -> Decimal:
    found = re.search(r"-?\d+(\.\d+)?", text)
    assert found is not None, text
    return Decimal(found.group())


DAY_ONE = date(2026, 1, 1)


def nth_day(n: int) -> date:
    """For cases that number their events and date none."""
    return DAY_ONE + timedelta(days=n)


def priced(prices: dict[str, str]) -> dict[str, Money]:
    return {name: usd(amount) for name, amount in prices.items() if "-" not in amount}


WHOLE = Decimal(1)
"""The standard prints whole units of currency."""
