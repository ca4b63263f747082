"""What the rules made of a scenario. Field names are the keys under `expect`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.journal_entry import Account
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.scenario.month import Month

Trail = tuple[str, ...]
"""Why an amount is what it is, one sentence to a line."""


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    kind: LineKind
    project: str | None
    quantity: Decimal
    price: Money
    amount: Money
    trail: Trail


@dataclass(frozen=True, slots=True)
class Invoice:
    contract: str
    on: date
    posted: date
    company: str
    customer: str
    purchase_order: str | None
    lines: tuple[Line, ...]
    net: Money
    tax: Money | None = None
    total: Money | None = None
    taxed: Trail = ()


@dataclass(frozen=True, slots=True)
class CreditMemo:
    """A memo that takes back 100 says 100. `invoice` is the date on the one it credits."""

    contract: str
    invoice: date
    on: date
    posted: date
    company: str
    customer: str
    reason: str
    rebill: bool
    lines: tuple[Line, ...]
    net: Money
    tax: Money | None = None
    total: Money | None = None
    taxed: Trail = ()


@dataclass(frozen=True, slots=True)
class Held:
    what: str
    contract: str
    amount: Money | None
    reason: str
    since: date
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Released:
    what: str
    contract: str
    amount: Money | None
    reason: str
    since: date
    released: date


@dataclass(frozen=True, slots=True)
class JournalLine:
    account: Account
    debit: Money
    credit: Money


@dataclass(frozen=True, slots=True)
class Journal:
    company: str
    contract: str
    on: date
    lines: tuple[JournalLine, ...]
    trail: Trail


@dataclass(frozen=True, slots=True)
class CapUse:
    """What is billed or to bill of one cap; `alert` is the highest percentage told of."""

    contract: str
    cap: str
    amount: Money
    hours: Decimal
    alert: int | None


ByMonth = Mapping[str, Mapping[Month, Money]]


@dataclass(frozen=True, slots=True)
class Outcome:
    invoices: tuple[Invoice, ...]
    credit_memos: tuple[CreditMemo, ...]
    held: tuple[Held, ...]
    released: tuple[Released, ...]
    to_invoice: Mapping[str, Money]
    not_charged: Mapping[str, Money]
    cap_usage: tuple[CapUse, ...]
    revenue: ByMonth
    """Months in which nothing was earned are left out."""
    unbilled: ByMonth
    deferred: ByMonth
    journals: tuple[Journal, ...]
    earned: Mapping[str, Mapping[Month, Trail]]
    """The trail of `revenue`."""
    given: Mapping[str, Trail]
    """The trail of `not_charged`."""


def as_plain(value: Any) -> Any:
    """Keys, lists and values; amounts stay amounts, months are text."""
    if is_dataclass(value) and not isinstance(value, type | Month):
        return {f.name: as_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_plain(part) for key, part in value.items()}
    if isinstance(value, Month):
        return str(value)
    return [as_plain(part) for part in value] if isinstance(value, tuple) else value
