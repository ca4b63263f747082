"""Clocked work: how long it took, and on which local days, over any change of the clocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from isthmus.rules.facts import SIX_PLACES
from isthmus.rules.refusal import Unusable, refuse_unless

_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Clocked:
    """Two instants, and the IANA time zone whose midnight parts one day of work from the next."""

    started_at: datetime
    ended_at: datetime
    time_zone: str

    def __post_init__(self) -> None:
        aware = self.started_at.tzinfo is not None and self.ended_at.tzinfo is not None
        refuse_unless(
            aware,
            "started_at",
            "A time without an offset is no instant.",
            "Give the offset, or read the local time with `instant`.",
        )
        refuse_unless(
            self.started_at <= self.ended_at,
            "ended_at",
            f"The work ends at {self.ended_at}, before it starts at {self.started_at}.",
            "Correct the clock entry.",
        )


@dataclass(frozen=True, slots=True)
class Stretch:
    """The part of clocked work that falls on one local day."""

    worked_on: date
    seconds: int

    @property
    def hours(self) -> Decimal:
        """To six places, so to a 500th of a second."""
        return (Decimal(self.seconds) / _HOUR).quantize(SIX_PLACES, ROUND_HALF_UP)

    @property
    def exact_hours(self) -> Fraction:
        return Fraction(self.seconds, _HOUR)


def instant(local: datetime, time_zone: str, *, later: bool = False) -> datetime:
    """The instant when the clocks on the wall showed a time.

    When clocks go back they show an hour twice; `later` takes the second one. A time that they
    never showed raises Unusable.
    """
    zone = zone_of(time_zone)
    shown = local.replace(tzinfo=zone, fold=int(later))
    refuse_unless(
        shown.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) == local,
        "local",
        f"The clocks of {time_zone} never showed {local}: they were put forward over it.",
        "Correct the clock entry.",
    )
    return shown.astimezone(UTC)


def elapsed_seconds(clocked: Clocked) -> int:
    """Time that passed, not the difference on the wall: 01:00 to 04:00 may be two hours."""
    between = _second(clocked.ended_at) - _second(clocked.started_at)
    return between // timedelta(seconds=1)


def by_day(clocked: Clocked) -> tuple[Stretch, ...]:
    """One stretch per local day that was worked on, in order; they add up to what elapsed."""
    return tuple(_stretches(clocked, zone_of(clocked.time_zone)))


def _stretches(clocked: Clocked, zone: ZoneInfo) -> Iterator[Stretch]:
    start, end = clocked.started_at.astimezone(UTC), clocked.ended_at.astimezone(UTC)
    while start < end:
        day = start.astimezone(zone).date()
        stop = min(_midnight_after(day, zone), end)
        yield Stretch(day, elapsed_seconds(Clocked(start, stop, clocked.time_zone)))
        start = stop


def _midnight_after(day: date, zone: ZoneInfo) -> datetime:
    """Where clocks are put forward at midnight, the day starts at the instant of the change."""
    following = day + timedelta(days=1)
    midnight = datetime(following.year, following.month, following.day, tzinfo=zone)
    return midnight.astimezone(UTC)


def _second(at: datetime) -> datetime:
    """Without its fraction, so that parts add up to the whole."""
    return at.astimezone(UTC).replace(microsecond=0)


def zone_of(name: str) -> ZoneInfo:
    """Raises Unusable for a name that the IANA database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise Unusable(
            "time_zone",
            f"{name!r} is not a time zone of the IANA database.",
            "Use a name such as Europe/Berlin.",
        ) from unknown
