"""The date on a credit memo and the day it posts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from isthmus.rules.locks import Book, Lock, accounting_day, check_lock


@dataclass(frozen=True, slots=True)
class MemoDates:
    issued_on: date
    posted_on: date


def memo_dates(today: date, locks: Sequence[Lock], wanted: date | None = None) -> MemoDates:
    """A wanted date that is locked gives way to today.

    Unlike a supplier's invoice, whose own date stays, the memo is ours to date, and one dated into
    a declared tax period would belong into a return that is filed. If today is locked too, the
    posting alone moves on.
    """
    issued_on = wanted or today
    if check_lock(issued_on, locks, Book.RECEIVABLES) is not None:
        issued_on = today
    return MemoDates(issued_on, accounting_day(issued_on, locks, Book.RECEIVABLES, today))
