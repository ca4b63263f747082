"""The published cases: where they are, and how a case is compared with what the rules say."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from isthmus.kit.money import Money
from isthmus.rules.revenue.journal import Entry

Inputs = dict[str, Any]
Adapter = Callable[[Inputs], dict[str, Any]]

ADAPTERS: dict[str, Adapter] = {}


def case(name: str) -> Callable[[Adapter], Adapter]:
    """The function below works the case out with the public rules, from its inputs alone."""

    def register(adapter: Adapter) -> Adapter:
        assert name not in ADAPTERS, f"two adapters for {name}"
        ADAPTERS[name] = adapter
        return adapter

    return register


def case_path() -> Path | None:
    named = os.environ.get("ISTHMUS_FINANCE_CASES")
    checkout = Path(__file__).parents[3]
    place = Path(named) if named else checkout.parent / "shared/reference/finance"
    path = place if place.is_file() else place / "revenue_cases.json"
    return path if path.is_file() else None


def read_cases() -> list[dict[str, Any]]:
    path = case_path()
    if path is None:
        return []
    document = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    cases: list[dict[str, Any]] = document["cases"]
    return cases


_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def comparable(value: Any) -> Any:
    """Amounts by value, so 40 is 40.00; words as they are; journal lines in any order."""
    if isinstance(value, Money):
        return value.amount
    if isinstance(value, dict):
        return {key: comparable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [comparable(part) for part in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return Decimal(value)
    return value


def in_any_order(journal: Any) -> Any:
    return [
        {**entry, "lines": sorted(entry["lines"], key=lambda line: sorted(map(str, line.items())))}
        for entry in journal
    ]


def outcome(value: dict[str, Any]) -> dict[str, Any]:
    found = comparable(value)
    if "journal" in found:
        found["journal"] = in_any_order(found["journal"])
    return found  # type: ignore[no-any-return]


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
