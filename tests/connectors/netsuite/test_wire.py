"""How instants stand in a query: by the account's clock, which is set back once a year."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from isthmus.connectors.netsuite.wire import parse_stamp, stamp_sql

PACIFIC = ZoneInfo("America/Los_Angeles")


@pytest.mark.parametrize(
    ("at", "lowest"),
    [
        (datetime(2026, 7, 1, 12, 0, 7, tzinfo=UTC), "2026-07-01T05:00:07"),
        (datetime(2026, 3, 8, 9, 58, tzinfo=UTC), "2026-03-08T01:58:00"),
        (datetime(2026, 11, 1, 8, 54, 30, tzinfo=UTC), "2026-11-01T01:00:00"),
        (datetime(2026, 11, 1, 9, 10, tzinfo=UTC), "2026-11-01T01:10:00"),
        (datetime(2026, 11, 1, 6, 40, tzinfo=UTC), "2026-10-31T23:40:00"),
    ],
)
def test_a_reading_starts_at_the_lowest_clock_time_to_come(at: datetime, lowest: str) -> None:
    assert f"'{lowest}'" in stamp_sql(at, PACIFIC)


def test_a_change_in_the_hour_shown_twice_is_not_left_out() -> None:
    """Read until 01:59 of the first time; the next change comes at 01:10 of the second."""
    position = parse_stamp("2026-11-01T01:59:00", PACIFIC)
    assert "'2026-11-01T01:00:00'" in stamp_sql(position, PACIFIC)
