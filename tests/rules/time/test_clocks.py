from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.rules.refusal import Unusable
from isthmus.rules.time.clock import ClockMode, ClockRounding, rounded_clock
from isthmus.rules.time.elapsed import Clocked, by_day, elapsed_seconds, instant


def at(text: str, zone: str) -> datetime:
    return instant(datetime.fromisoformat(text), zone)


def clocked(start: str, end: str, zone: str) -> Clocked:
    return Clocked(at(start, zone), at(end, zone), zone)


def test_the_night_of_the_change_has_seven_hours_in_spring_and_nine_in_autumn() -> None:
    spring = clocked("2026-03-28T22:00", "2026-03-29T06:00", "Europe/Berlin")
    autumn = clocked("2026-10-24T22:00", "2026-10-25T06:00", "Europe/Berlin")
    assert [(p.worked_on.day, p.hours) for p in by_day(spring)] == [(28, 2), (29, 5)]
    assert [(p.worked_on.day, p.hours) for p in by_day(autumn)] == [(24, 2), (25, 7)]


def test_the_day_of_work_is_that_of_its_zone() -> None:
    """One shift is two days in Berlin and one in New York."""
    start, end = datetime(2026, 3, 31, 20, tzinfo=UTC), datetime(2026, 4, 1, 0, 30, tzinfo=UTC)
    berlin = by_day(Clocked(start, end, "Europe/Berlin"))
    new_york = by_day(Clocked(start, end, "America/New_York"))
    assert [(p.worked_on, p.hours) for p in berlin] == [
        (date(2026, 3, 31), Decimal(2)),
        (date(2026, 4, 1), Decimal("2.5")),
    ]
    assert [(p.worked_on, p.hours) for p in new_york] == [(date(2026, 3, 31), Decimal("4.5"))]


def test_a_day_whose_midnight_never_came_starts_at_the_change() -> None:
    """Clocks in Santiago went from 24:00 to 01:00 on 6 September 2026."""
    parts = by_day(clocked("2026-09-05T23:00", "2026-09-06T02:00", "America/Santiago"))
    assert [(p.worked_on.day, p.hours) for p in parts] == [(5, 1), (6, 1)]


def test_an_hour_shown_twice_is_the_first_unless_told() -> None:
    shown = datetime(2026, 10, 25, 2, 30)  # noqa: DTZ001 - as the clock on the wall shows it
    first, second = (
        instant(shown, "Europe/Berlin"),
        instant(shown, "Europe/Berlin", later=True),
    )
    assert second - first == timedelta(hours=1)


def test_an_hour_never_shown_is_refused() -> None:
    with pytest.raises(Unusable, match="never showed 2026-03-29 02:30:00"):
        at("2026-03-29T02:30", "Europe/Berlin")


def test_what_is_no_time_is_refused() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    with pytest.raises(Unusable, match="before it starts"):
        Clocked(noon, noon - timedelta(seconds=1), "UTC")
    with pytest.raises(Unusable, match="without an offset"):
        Clocked(noon.replace(tzinfo=None), noon, "UTC")
    with pytest.raises(Unusable, match="'Europe/Bonn' is not a time zone"):
        by_day(Clocked(noon, noon + timedelta(hours=1), "Europe/Bonn"))


def test_a_start_rounded_over_the_change_loses_no_hour() -> None:
    """01:52 goes up to 03:00 on the wall, eight minutes later."""
    night = clocked("2026-03-29T01:52", "2026-03-29T04:00", "Europe/Berlin")
    found = rounded_clock(night, ClockRounding(begin=15, mode=ClockMode.UP))
    assert f"{found.started_at:%H:%M}" == "03:00"
    assert found.seconds == 3600


def test_rounding_inwards_leaves_nothing_less_than_nothing() -> None:
    five = clocked("2026-03-02T09:01", "2026-03-02T09:06", "UTC")
    found = rounded_clock(five, ClockRounding(begin=15, mode=ClockMode.UP))
    assert (found.seconds, found.ended_at) == (0, found.started_at)


@settings(deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made UTC below
    st.integers(0, 10 * 24 * 3600),
    st.sampled_from(["Europe/Berlin", "America/Santiago", "Asia/Kathmandu", "Australia/Lord_Howe"]),
)
def test_days_add_up_to_what_elapsed(start: datetime, seconds: int, zone: str) -> None:
    begun = start.replace(tzinfo=UTC)
    work = Clocked(begun, begun + timedelta(seconds=seconds), zone)
    parts = by_day(work)
    assert sum(part.seconds for part in parts) == elapsed_seconds(work) == seconds
    days = [part.worked_on for part in parts]
    assert days == sorted(set(days))
