"""Is a promise being broken fast enough to tell somebody?

Burn rates over two windows each, from the Google SRE workbook, chapter 5, "Multiwindow,
Multi-Burn-Rate Alerts" (table 5-8): https://sre.google/workbook/alerting-on-slos/ . The long window
says that it matters, the short one that it still goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from isthmus.rules.business_time import BusinessHours

HOUR = timedelta(hours=1)
LONGEST = timedelta(days=3)


@dataclass(frozen=True)
class BusinessDays:
    """Full working days."""

    days: int

    def __str__(self) -> str:
        return f"{self.days} business day{'' if self.days == 1 else 's'}"


@dataclass(frozen=True)
class Tier:
    severity: str
    long: timedelta
    short: timedelta
    rate: float
    """Of what the budget of a month allows evenly."""
    words: str


TIERS = (
    Tier("critical", HOUR, timedelta(minutes=5), 14.4, "hour"),
    Tier("high", 6 * HOUR, timedelta(minutes=30), 6.0, "6 hours"),
    Tier("normal", LONGEST, 6 * HOUR, 1.0, "3 days"),
)
"""The most pressing first."""


@dataclass(frozen=True)
class Done:
    """A run: when it was asked for, and when it succeeded or was skipped (None: not yet)."""

    asked_at: datetime
    done_at: datetime | None


@dataclass(frozen=True)
class Judged:
    at: datetime
    is_good: bool


@dataclass(frozen=True)
class Burn:
    tier: Tier
    late: int
    total: int
    """Runs judged in the long window, and how many of them were late."""
    rate: float


def due_at(asked_at: datetime, target: timedelta | BusinessDays, office: BusinessHours) -> datetime:
    if isinstance(target, timedelta):
        return asked_at + target
    day = timedelta(minutes=office.closes - office.opens)
    return office.due_at(asked_at, target.days * day)


def judged(
    runs: Iterable[Done], target: timedelta | BusinessDays, office: BusinessHours, now: datetime
) -> list[Judged]:
    """Good when it is done, late from when it is due; what is neither yet is left out."""
    found = []
    for run in runs:
        due = due_at(run.asked_at, target, office)
        if run.done_at is not None and run.done_at <= due:
            found.append(Judged(run.done_at, True))
        elif due < now:
            found.append(Judged(due, False))
    return found


def burning(runs: Sequence[Judged], budget: float, now: datetime) -> Burn | None:
    """The most pressing tier of which both windows burn.

    Where the budget is so large that a rate is beyond all runs late, all late is enough.
    """
    for tier in TIERS:
        enough = min(tier.rate * budget, 1.0)
        late, total = _late(runs, now - tier.long)
        late_now, total_now = _late(runs, now - tier.short)
        if total and total_now and late / total >= enough and late_now / total_now >= enough:
            return Burn(tier, late, total, late / total / budget)
    return None


def _late(runs: Sequence[Judged], since: datetime) -> tuple[int, int]:
    within = [run for run in runs if run.at > since]
    return sum(not run.is_good for run in within), len(within)
