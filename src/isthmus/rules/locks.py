"""Lock dates: nothing more posts up to a day. Documents keep their date, postings move.

A ledger has one lock, each of its sub-ledgers may have its own; the tighter one counts. Locks are
days, as in Odoo, NetSuite or Xero; `isthmus.rules.periods` has the periods that other ledgers open
and close one by one.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from isthmus.rules.problems import Problem


class Book(StrEnum):
    GENERAL = "gl"
    RECEIVABLES = "ar"
    PAYABLES = "ap"
    PROJECTS = "projects"


@dataclass(frozen=True, slots=True)
class Lock:
    """`closed_to` is the last day that is closed."""

    book: Book
    closed_to: date


def tightest(locks: Iterable[Lock], book: Book) -> Lock | None:
    """Of the book itself and of the ledger; of two alike, the book's, whose owner is nearer."""
    counting = [lock for lock in locks if lock.book in (book, Book.GENERAL)]
    return max(counting, key=lambda lock: (lock.closed_to, lock.book is book), default=None)


def check_lock(day: date, locks: Iterable[Lock], book: Book) -> Problem | None:
    lock = tightest(locks, book)
    if lock is None or lock.closed_to < day:
        return None
    return Problem(
        f"{lock.book}_period_closed",
        f"{day} is locked: {lock.book} is closed to {lock.closed_to}",
        "finance",
        f"Move the lock of {lock.book} to before {day}, or let the accounting date move, "
        "then replay.",
    )


def accounting_day(document_on: date, locks: Iterable[Lock], book: Book, today: date) -> date:
    """The day a document posts on; the document keeps its own date.

    A locked one posts in the first month that is open: today if that is in it, else the month's
    last day, so a document found late lands as near to its own date as the lock lets it (Odoo,
    `account.move._get_accounting_date`). For the default date of a new document give the date of
    the one before it.
    """
    lock = tightest(locks, book)
    if lock is None or lock.closed_to < document_on:
        return document_on
    first = lock.closed_to + timedelta(days=1)
    return max(first, min(today, _month_end(first)))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
