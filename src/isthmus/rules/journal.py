"""Journal entries that balance, or do not exist."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from isthmus.canonical.journal_entry import Account
from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless

__all__ = ["Account", "Entry", "Line", "entry"]


@dataclass(frozen=True, slots=True)
class Line:
    """A debit is positive, a credit negative."""

    account: Account
    amount: Money
    counterparty: str | None = None

    @property
    def debit(self) -> Money:
        return max(self.amount, Money.zero(self.amount.currency))

    @property
    def credit(self) -> Money:
        return max(-self.amount, Money.zero(self.amount.currency))


@dataclass(frozen=True, slots=True)
class Entry:
    on: date
    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        amounts = [line.amount for line in self.lines]
        total = sum(amounts[1:], start=amounts[0]) if amounts else None
        refuse_unless(
            total is None or not total,
            "lines",
            f"The entry of {self.on} is out of balance by {total}.",
            "Report it: every entry made here is meant to balance.",
        )


def entry(on: date, lines: Iterable[Line]) -> Entry:
    """Without the lines that move nothing."""
    return Entry(on, tuple(line for line in lines if line.amount))
