"""How each kind of entry is kept as rows: its table, its day, what one is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from isthmus.canonical import ExpenseEntry, TimeEntry
from isthmus.store.tables import expense_entry, time_entry

E = TypeVar("E", TimeEntry, ExpenseEntry)


@dataclass(frozen=True)
class EntryKind(Generic[E]):
    """`own` are the columns that only this kind has, besides its JSON."""

    model: type[E]
    table: sa.Table
    day: str
    """Attribute and column of the day that it is about."""
    quantity: str
    """Column of what was worked or spent; none of it is left of an entry that is withdrawn."""
    quantity_path: tuple[str, ...]
    """The same in the JSON."""
    worth: sa.ColumnElement[Any]
    """What one is worth in the PSA's own terms, exactly."""
    own: Callable[[E], Mapping[str, Any]]


TIME = EntryKind(
    TimeEntry, time_entry, "worked_on", "hours", ("hours",),
    time_entry.c.hours * sa.func.coalesce(time_entry.c.source_rate, 0),
    lambda entry: {
        "hours": entry.hours,
        "currency": entry.currency,
        "source_rate": entry.source_rate.amount if entry.source_rate else None,
    },
)  # fmt: skip
EXPENSES = EntryKind(
    ExpenseEntry, expense_entry, "spent_on", "amount", ("amount", "amount"),
    expense_entry.c.amount,
    lambda entry: {"amount": entry.amount.amount, "currency": entry.amount.currency},
)  # fmt: skip

ENTRY_KINDS: Mapping[str, EntryKind[Any]] = {"time_entry": TIME, "expense_entry": EXPENSES}
"""Objects that are kept as rows with a life cycle, not as records."""
