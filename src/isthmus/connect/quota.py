"""What a vendor allows, what its answers say of that, and how urgent a call is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

import httpx2


@dataclass(frozen=True)
class Quota:
    """`concurrency` calls at once, `calls` in any stretch of `per`, `daily` in any 24 hours.

    None: the vendor publishes none. `daily_is_ours`: the firm set its own share, which stands
    whatever the vendor says that it would allow.
    """

    concurrency: int = 4
    calls: int | None = None
    per: timedelta = timedelta(minutes=1)
    daily: int | None = None
    daily_is_ours: bool = False


class Urgency(IntEnum):
    """Whose call goes first where there is not enough for all; lower is more urgent."""

    INVOICING = 0
    """An invoice, a credit or the project that it needs cannot go out without it."""
    INTERACTIVE = 1
    """A person waits, or has just changed something."""
    BULK = 2
    """Many records at once, and what follows from a change."""
    RECONCILIATION = 3
    """Looking whether something changed, and comparing."""


_CURRENT = ContextVar("urgency", default=Urgency.INTERACTIVE)


def current_urgency() -> Urgency:
    return _CURRENT.get()


@contextmanager
def urgent(urgency: Urgency) -> Iterator[None]:
    """Calls made inside are of this urgency."""
    before = _CURRENT.set(urgency)
    try:
        yield
    finally:
        _CURRENT.reset(before)


@dataclass(frozen=True)
class Signal:
    """What one call taught of the system.

    `lost`: it is away, and why. `answered`: it is there. Neither: the call said nothing of it.
    `retry_after`: nobody calls for so many seconds. `busy`: more calls at once than it takes.
    `used` of `allowed` calls of the day, all clients of the tenant together.
    """

    answered: bool = False
    lost: str | None = None
    retry_after: float | None = None
    busy: bool = False
    used: int | None = None
    allowed: int | None = None


def read_signal(response: httpx2.Response) -> Signal:
    """Statuses and `Retry-After` as RFC 9110 (10.2.3) and RFC 6585 (4) have them, in seconds.

    429 without a time to wait is a limit on calls at once: a shorter pause is the client's guess.
    """
    wait = response.headers.get("Retry-After", "").strip()
    seconds = float(wait) if wait.isdigit() else None
    if response.status_code == 429:
        return Signal(answered=True, retry_after=seconds, busy=seconds is None)
    if response.status_code >= 500:
        return Signal(lost=f"answered {response.status_code}", retry_after=seconds)
    return Signal(answered=True)
