from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import day

from isthmus.rules.locks import Book, Lock, accounting_day, check_lock, tightest
from isthmus.rules.time_lock import TimeLock, check_time_lock, previous_month

LEDGER = Lock(Book.GENERAL, day("2026-02-28"))
RECEIVABLES = Lock(Book.RECEIVABLES, day("2026-03-31"))
PAYABLES = Lock(Book.PAYABLES, day("2026-06-30"))
LOCKS = [LEDGER, RECEIVABLES, PAYABLES]


def test_the_tighter_of_ledger_and_sub_ledger_counts() -> None:
    assert tightest(LOCKS, Book.RECEIVABLES) == RECEIVABLES
    assert tightest(LOCKS, Book.PROJECTS) == LEDGER
    assert tightest([PAYABLES], Book.RECEIVABLES) is None
    late = Lock(Book.GENERAL, day("2026-12-31"))
    assert tightest([*LOCKS, late], Book.RECEIVABLES) == late


@pytest.mark.parametrize(
    ("text", "book", "code"),
    [
        ("2026-03-31", Book.RECEIVABLES, "ar_period_closed"),
        ("2026-04-01", Book.RECEIVABLES, None),
        ("2026-02-28", Book.PROJECTS, "gl_period_closed"),
        ("2026-04-01", Book.PAYABLES, "ap_period_closed"),
    ],
)
def test_a_lock_names_the_book_that_holds(text: str, book: Book, code: str | None) -> None:
    problem = check_lock(day(text), LOCKS, book)

    assert (problem.code if problem else None) == code


@pytest.mark.parametrize(
    ("document_on", "today", "posts"),
    [
        ("2026-04-10", "2026-05-20", "2026-04-10"),
        ("2026-03-31", "2026-04-10", "2026-04-10"),
        ("2026-03-31", "2026-04-30", "2026-04-30"),
        ("2026-03-31", "2026-05-20", "2026-04-30"),
        ("2026-01-15", "2026-03-20", "2026-04-01"),
    ],
)
def test_a_locked_document_posts_in_the_first_open_month(
    document_on: str, today: str, posts: str
) -> None:
    assert accounting_day(day(document_on), LOCKS, Book.RECEIVABLES, day(today)) == day(posts)


def test_a_date_that_somebody_typed_is_kept_where_it_is_open() -> None:
    lock = [Lock(Book.GENERAL, day("2022-04-30"))]

    assert accounting_day(day("2022-05-06"), lock, Book.PAYABLES, day("2022-06-17")) == day(
        "2022-05-06"
    )


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@given(days, days, days)
def test_what_moves_ends_in_the_open_and_never_goes_back(
    document_on: date, closed_to: date, today: date
) -> None:
    locks = [Lock(Book.GENERAL, closed_to)]
    posts = accounting_day(document_on, locks, Book.RECEIVABLES, today)

    assert check_lock(posts, locks, Book.RECEIVABLES) is None
    assert posts >= document_on
    assert (posts == document_on) == (document_on > closed_to)


def test_the_month_before_is_locked_with_a_grace() -> None:
    assert previous_month(day("2026-01-06"), 10) == TimeLock(
        day("2025-12-01"), day("2025-12-31"), day("2026-01-11")
    )


LOCK = previous_month(day("2026-04-06"), 10)


@pytest.mark.parametrize(
    ("worked_on", "today", "override", "editable"),
    [
        ("2026-02-28", "2026-04-06", True, False),
        ("2026-03-01", "2026-04-11", False, True),
        ("2026-03-31", "2026-04-12", False, False),
        ("2026-03-31", "2026-04-12", True, True),
        ("2026-04-01", "2026-04-12", False, True),
    ],
)
def test_the_edges_of_the_grace(worked_on: str, today: str, override: bool, editable: bool) -> None:
    problem = check_time_lock(day(worked_on), LOCK, day(today), may_override=override)

    assert (problem is None) == editable


def test_a_locked_hour_says_until_when_it_could_be_changed() -> None:
    late = check_time_lock(day("2026-03-31"), LOCK, LOCK.grace_to + timedelta(days=1))

    assert late is not None
    assert late.reason == (
        "the work of 2026-03-31 is locked: time up to 2026-03-31 could be changed until 2026-04-11"
    )
