"""Accounting periods: which one a transaction posts to, and whether it may.

Rules from the vendor page, sections 3 and 9. Unverified: that the preference "Default Posting
Period When Transaction Date in Closed Period" moves only out of closed periods, and that a locked
one refuses instead.
"""

from datetime import date

from isthmus.sandbox.netsuite.books import Books, Row, ref_id, user_error
from isthmus.sandbox.netsuite.wire import NetSuiteError

Locks = tuple[str, ...]
RECEIVABLES: Locks = ("closed", "allLocked", "arLocked")
TIME: Locks = ("closed", "allLocked")
GENERAL: Locks = ("closed", "allLocked")
"""Journal entries: the locks of receivables and payables do not stop them (unverified)."""


def base_periods(books: Books) -> list[Row]:
    periods = [
        row
        for row in books.all("accountingPeriod")
        if not (row.get("isQuarter") or row.get("isYear") or row.get("isAdjust"))
    ]
    return sorted(periods, key=lambda row: str(row["startDate"]))


def period_of(books: Books, day: str) -> Row | None:
    holding = (row for row in base_periods(books) if row["startDate"] <= day <= row["endDate"])
    return next(holding, None)


def is_locked(period: Row, locks: Locks) -> bool:
    return any(period.get(lock) for lock in locks)


def check_open(books: Books, period: Row, locks: Locks) -> None:
    if not is_locked(period, locks):
        return
    name = period["periodName"]
    word = "closed" if period.get("closed") else "locked"
    code = books.settings.closed_period_error
    detail = {
        "USER_ERROR": f"The accounting period {name} is {word}; "
        f"you cannot create or change transactions in a period that is {word}.",
        "TRAN_PRD_CLOSED": f"This transaction cannot be posted: posting period {name} is {word}.",
        "TRAN_PERIOD_CLOSED": f"The posting period is {word}: {name}.",
    }[code]
    error = user_error(detail, "postingPeriod")
    raise NetSuiteError(code, error.detail, path=error.path)


def posting_period(books: Books, row: Row, *, was_sent: bool, locks: Locks = RECEIVABLES) -> str:
    """The id of the period a transaction posts to."""
    day = str(row["tranDate"])
    if not was_sent:
        period = _default_period(books, day, locks)
    else:
        period = books.get("accountingPeriod", str(ref_id(row, "postingPeriod")))
        _check_sent(books, period, day)
    check_open(books, period, locks)
    return str(period["id"])


def _check_sent(books: Books, period: Row, day: str) -> None:
    if period.get("isQuarter") or period.get("isYear") or not period.get("isPosting", True):
        raise user_error(f"{period['periodName']} is not a posting period.", "postingPeriod")
    is_outside = not period["startDate"] <= day <= period["endDate"]
    if is_outside and books.settings.date_outside_period == "disallow":
        raise user_error(
            "The transaction date you specified is not within the date range of your accounting "
            f"period {period['periodName']}.",
            "tranDate",
        )


def _default_period(books: Books, day: str, locks: Locks) -> Row:
    period = period_of(books, day)
    if period is None:
        raise user_error(f"Please set up an accounting period for the date {day}.", "tranDate")
    if not period.get("closed"):
        return period
    return _moved(books, day, locks) or period


def _moved(books: Books, day: str, locks: Locks) -> Row | None:
    """Out of a closed period without a word: to the current one, or to the first open one."""
    if books.settings.default_period_when_closed == "current":
        current = period_of(books, books.today().isoformat())
        if current is not None and not is_locked(current, locks):
            return current
    later = (row for row in base_periods(books) if row["startDate"] > day)
    return next((row for row in later if not is_locked(row, locks)), None)


def check_time_day(books: Books, day: str) -> None:
    period = period_of(books, day)
    if period is not None:
        check_open(books, period, TIME)


def due_date(tran_date: str, days: int) -> str:
    return date.fromordinal(date.fromisoformat(tran_date).toordinal() + days).isoformat()
