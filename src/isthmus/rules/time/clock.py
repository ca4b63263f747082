"""Rounding of clocked work: of its start, its end and its duration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from isthmus.canonical.terms import RoundingMode
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import Number
from isthmus.rules.time.elapsed import Clocked, elapsed_seconds, zone_of

_MINUTE = 60


class ClockMode(StrEnum):
    """Which way start, end and duration go. Kimai has these four (Timesheet/Rounding)."""

    OUTWARD = "outward"
    """Default, as Kimai's: start down, end up, duration up."""
    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"


class ClockPrecision(StrEnum):
    """What a duration is before it is priced."""

    EXACT = "exact"
    """Default: its seconds."""
    HUNDREDTHS = "hundredths"
    """The nearest hundredth of an hour, as a time sheet shows it (Kimai's decimal calculator)."""


@dataclass(frozen=True, slots=True)
class ClockRounding:
    """Grids in minutes; 0 leaves a time as it is. Local times fall on the grid of their hour."""

    begin: int = 0
    end: int = 0
    duration: int = 0
    mode: ClockMode = ClockMode.OUTWARD

    def __post_init__(self) -> None:
        refuse_unless(
            min(self.begin, self.end, self.duration) >= 0,
            "begin",
            "A grid of less than no minutes rounds nothing.",
            "Use 0 for no rounding, or a number of minutes.",
        )


@dataclass(frozen=True, slots=True)
class RoundedClock:
    started_at: datetime
    ended_at: datetime
    seconds: int


def rounded_clock(clocked: Clocked, rounding: ClockRounding) -> RoundedClock:
    """Start and end first; the duration is what is between them, rounded itself.

    The times are in the zone of the work.
    """
    begin, end, duration = _ways(rounding.mode)
    started = _on_grid(clocked.started_at, clocked.time_zone, rounding.begin, begin)
    ended = _on_grid(clocked.ended_at, clocked.time_zone, rounding.end, end)
    between = elapsed_seconds(Clocked(started, max(started, ended), clocked.time_zone))
    seconds = _to(between, rounding.duration * _MINUTE, duration)
    return RoundedClock(started, max(started, ended), seconds)


def hours_of(seconds: int, precision: ClockPrecision = ClockPrecision.EXACT) -> Number:
    """Hours to multiply by a rate."""
    if precision is ClockPrecision.EXACT:
        return Fraction(seconds, _MINUTE * _MINUTE)
    return Fraction(_to(seconds, 36, RoundingMode.NEAREST), _MINUTE * _MINUTE)


def _ways(mode: ClockMode) -> tuple[RoundingMode, RoundingMode, RoundingMode]:
    if mode is ClockMode.OUTWARD:
        return RoundingMode.DOWN, RoundingMode.UP, RoundingMode.UP
    way = RoundingMode(mode.value)
    return way, way, way


def _on_grid(at: datetime, time_zone: str, minutes: int, way: RoundingMode) -> datetime:
    """On the wall's grid, worked out in elapsed seconds, so no change of the clocks is in it."""
    local = at.astimezone(zone_of(time_zone))
    shown = local.minute * _MINUTE + local.second + local.hour * _MINUTE * _MINUTE
    moved = _to(shown, minutes * _MINUTE, way) - shown
    return (at.astimezone(UTC) + timedelta(seconds=moved)).astimezone(local.tzinfo)


def _to(seconds: int, grid: int, way: RoundingMode) -> int:
    if not grid:
        return seconds
    whole, over = divmod(seconds, grid)
    up = {
        RoundingMode.UP: over > 0,
        RoundingMode.DOWN: False,
        RoundingMode.NEAREST: 2 * over >= grid,
    }[way]
    return (whole + up) * grid
