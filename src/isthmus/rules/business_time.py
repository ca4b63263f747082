"""Time as an office counts it: its opening hours on its working days, in its own time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 24 * 60
"""Minutes of a day by the wall clock."""


@dataclass(frozen=True)
class BusinessHours:
    """`opens` and `closes` are minutes after midnight by the wall clock, `closes` at most 1440.

    `weekdays` counts from Monday, 0. Instants go in and come out in UTC, so an hour that a change
    of the clock adds or takes away is counted as the time that really passes.
    """

    timezone: str
    weekdays: frozenset[int]
    opens: int
    closes: int
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if not self.weekdays <= frozenset(range(7)) or not self.weekdays:
            raise ValueError("business hours need a working day, from 0 for Monday to 6")
        if not 0 <= self.opens < self.closes <= DAY:
            raise ValueError("business hours open before they close, within one day")

    def due_at(self, since: datetime, work: timedelta) -> datetime:
        """The first instant by which `work` of business time has passed since."""
        if work <= timedelta(0):
            return since
        left = work
        for opens, closes in self.windows(since):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise AssertionError("windows do not end")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Business time from start to end; less than nothing when end is the earlier one."""
        if end < start:
            return -self.between(end, start)
        passed = timedelta(0)
        for opens, closes in self.windows(start):
            if opens >= end:
                break
            passed += min(closes, end) - opens
        return passed

    def windows(self, since: datetime) -> Iterator[tuple[datetime, datetime]]:
        """(opens, closes) in UTC, in order and apart, from `since` on, without end."""
        zone = ZoneInfo(self.timezone)
        reached = since.astimezone(UTC)
        day = since.astimezone(zone).date() - timedelta(days=1)
        while True:
            if day.weekday() in self.weekdays and day not in self.holidays:
                opens, closes = _at(day, self.opens, zone), _at(day, self.closes, zone)
                opens = max(opens, reached)
                # A change of the clock may leave nothing of a short day.
                if opens < closes:
                    yield opens, closes
                    reached = closes
            day += timedelta(days=1)


def _at(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    days, minute = divmod(minutes, DAY)
    wall = datetime.combine(day + timedelta(days=days), time(*divmod(minute, 60)), zone)
    return wall.astimezone(UTC)
