"""A lock on time entry, with a grace in which last month may still be put right.

Shape and edges are Kimai's lock-down (tests/Timesheet/LockdownServiceTest.php): what is older than
the period being locked never changes, what is in it changes within the grace or by somebody who
may override, what is later is open.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from isthmus.rules.problems import Problem


@dataclass(frozen=True, slots=True)
class TimeLock:
    """The period being locked, both days included, and the last day on which it may change."""

    starts_on: date
    ends_on: date
    grace_to: date


def previous_month(today: date, grace_days: int) -> TimeLock:
    """Locks the month before today's until so many days after this month's first."""
    this_month = today.replace(day=1)
    last = this_month - timedelta(days=1)
    return TimeLock(last.replace(day=1), last, this_month + timedelta(days=grace_days))


def check_time_lock(
    worked_on: date, lock: TimeLock, today: date, *, may_override: bool = False
) -> Problem | None:
    if lock.ends_on < worked_on:
        return None
    if worked_on < lock.starts_on:
        return _locked(
            worked_on, f"time before {lock.starts_on} is closed for good",
            "Enter a correction on an open day and name the day of the work in its note.",
        )  # fmt: skip
    if today <= lock.grace_to or may_override:
        return None
    return _locked(
        worked_on, f"time up to {lock.ends_on} could be changed until {lock.grace_to}",
        "Ask somebody who may override the lock, or enter a correction on an open day.",
    )  # fmt: skip


def _locked(worked_on: date, why: str, fix: str) -> Problem:
    return Problem("time_locked", f"the work of {worked_on} is locked: {why}", "pmo", fix)
