"""Locks, grace, moved accounting dates, posting once."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.case_file import Inputs
from tests.rules.facts import day, eur, month

from isthmus.rules.locks import Book, Lock, accounting_day, check_lock
from isthmus.rules.periods import posting_day
from isthmus.rules.posting import Attempt, Request, Standing, post_once, total_posted
from isthmus.rules.time_lock import check_time_lock, previous_month

LOCKED_MONTH = date(2026, 3, 1)
NEXT_MONTH = date(2026, 4, 1)


def _count(text: str) -> int:
    found = re.search(r"\d+", text)
    assert found is not None, text
    return int(found.group())


def _in_words(text: str, month_start: date) -> date:
    """The sixth of a month for "day 6"; a day before it for "5 days before"."""
    count = _count(text)
    back = -count if "before" in text else count - 1
    return month_start + timedelta(days=back)


@BILLING.case("PC-01")
def grace(given: Inputs) -> dict[str, Any]:
    found = []
    for row in given["rows"]:
        today = _in_words(row["now"], NEXT_MONTH)
        worked_on = _in_words(row["work_day"], LOCKED_MONTH)
        lock = previous_month(today, _count(given["grace"]))
        problem = check_time_lock(worked_on, lock, today, may_override=row["override"])
        found.append(problem is None)
    return {"editable": found}


@BILLING.case("PC-02")
def moved(given: Inputs) -> dict[str, Any]:
    document_on = day(given["invoice_date"])
    locks = [Lock(Book.GENERAL, day(given["lock"]))]
    return {
        "document_date": str(document_on),
        "accounting_date": str(
            accounting_day(document_on, locks, Book.RECEIVABLES, day(given["posted_on"]))
        ),
    }


@BILLING.case("PC-04")
def default_date(given: Inputs) -> dict[str, Any]:
    locks = [Lock(Book.GENERAL, day(given["lock"]))]
    return {
        "default_date": str(
            accounting_day(day(given["last_bill"]), locks, Book.PAYABLES, day(given["today"]))
        ),
    }


BILLING.disputed["PC-04"] = (
    "the default date agrees (2022-05-31); the date that the user typed, 2022-05-06, is expected "
    "back but is in no input"
)


@BILLING.case("PC-07")
def tighter_lock(given: Inputs) -> dict[str, Any]:
    locks = [
        Lock(Book.RECEIVABLES, day(given["ar_closed_to"])),
        Lock(Book.GENERAL, day(given["gl_closed_to"])),
    ]
    problem = check_lock(day(given["invoice_date"]), locks, Book.RECEIVABLES)
    return {
        "status": "held" if problem else "posted",
        "reason": problem.code if problem else None,
    }


@BILLING.case("PC-09")
def sent_again(given: Inputs) -> dict[str, Any]:
    request = Request(given["key"], eur(given["amount"]), day("2026-03-31"))
    states = {"closed": "closed", "re-opened": "open", "re-sent": "open"}
    attempts: list[Attempt] = []
    for step in given["attempts"]:
        found = posting_day(request.document_on, [month(3, states[step])])
        attempts.append(post_once(request, attempts[-1] if attempts else None, found))
    same = attempts[-1].posting == attempts[-2].posting
    words = {Standing.DUPLICATE: "duplicate: returns first result" if same else "duplicate"}
    return {
        "statuses": [words.get(a.standing, a.standing.value) for a in attempts],
        "posted_total": total_posted(attempts, "EUR"),
    }
