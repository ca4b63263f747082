"""The clock of an office: nights, weekends, holidays, changes of the clock."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.rules.business_time import DAY, BusinessHours

WEEK = frozenset(range(5))
AMSTERDAM = BusinessHours("Europe/Amsterdam", WEEK, 9 * 60, 17 * 60)
ALWAYS = BusinessHours("UTC", frozenset(range(7)), 0, DAY)
ZONES = ("Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "Pacific/Apia", "UTC")  # fmt: skip


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "hours", "due"),
    [
        ("2026-07-06 07:00", 4, "2026-07-06 11:00"),  # Monday 9:00 there
        ("2026-07-06 13:00", 4, "2026-07-07 09:00"),  # two hours left of Monday
        ("2026-07-06 13:00", 2, "2026-07-06 15:00"),  # due when the office closes, not next day
        ("2026-07-10 14:00", 2, "2026-07-13 08:00"),  # over a weekend
        ("2026-07-11 10:00", 1, "2026-07-13 08:00"),  # opened on Saturday
        ("2026-07-06 04:00", 1, "2026-07-06 08:00"),  # opened before the office
        ("2026-10-23 14:00", 2, "2026-10-26 09:00"),  # summer time ends on the 25th
    ],
)
def test_an_office_in_amsterdam(since: str, hours: int, due: str) -> None:
    assert AMSTERDAM.due_at(utc(since), timedelta(hours=hours)) == utc(due)


def test_a_holiday_is_not_a_working_day() -> None:
    holiday = BusinessHours(
        "Europe/Amsterdam", WEEK, 9 * 60, 17 * 60, frozenset({date(2026, 12, 25)})
    )
    assert holiday.due_at(utc("2026-12-24 15:00"), timedelta(hours=2)) == utc("2026-12-28 09:00")


def test_an_office_that_never_closes_counts_every_hour() -> None:
    assert ALWAYS.due_at(utc("2026-12-31 23:30"), timedelta(hours=30)) == utc("2027-01-02 05:30")


def test_a_night_that_loses_an_hour_is_an_hour_shorter() -> None:
    nights = BusinessHours("Europe/Amsterdam", frozenset(range(7)), 0, 6 * 60)
    start, end = utc("2026-03-28 23:00"), utc("2026-03-29 12:00")
    assert nights.between(start, end) == timedelta(hours=5)


@pytest.mark.parametrize(
    ("weekdays", "opens", "closes"),
    [(frozenset(), 0, DAY), (frozenset({7}), 0, DAY), (WEEK, 600, 600), (WEEK, 0, DAY + 1)],
)
def test_hours_that_never_open_are_refused(
    weekdays: frozenset[int], opens: int, closes: int
) -> None:
    with pytest.raises(ValueError, match="business hours"):
        BusinessHours("UTC", weekdays, opens, closes)


@st.composite
def offices(draw: st.DrawFn) -> BusinessHours:
    opens = draw(st.integers(0, DAY - 60))
    closes = draw(st.integers(opens + 30, DAY))
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    first = date(2026, 1, 1)
    off = draw(st.frozensets(st.integers(0, 364), max_size=8))
    holidays = frozenset(first + timedelta(days=n) for n in off)
    return BusinessHours(draw(st.sampled_from(ZONES)), days, opens, closes, holidays)


instants = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001 - made aware below
    lambda t: t.replace(tzinfo=UTC)
)
work = st.integers(1, 200 * 60).map(lambda minutes: timedelta(minutes=minutes))


@given(offices(), instants, work)
def test_exactly_the_work_fits_before_it_is_due(
    office: BusinessHours, since: datetime, length: timedelta
) -> None:
    due = office.due_at(since, length)
    assert due >= since + length
    assert office.between(since, due) == length


@given(offices(), instants, work, work)
def test_more_work_is_never_due_earlier(
    office: BusinessHours, since: datetime, one: timedelta, more: timedelta
) -> None:
    step = office.due_at(since, one)
    assert office.due_at(since, one + more) == office.due_at(step, more)


@given(offices(), instants, instants, instants)
def test_business_time_adds_up(
    office: BusinessHours, a: datetime, b: datetime, c: datetime
) -> None:
    assert office.between(a, b) + office.between(b, c) == office.between(a, c)
    assert abs(office.between(a, b)) <= abs(b - a)
