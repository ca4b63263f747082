"""What an org limits, and what each reply says of it (vendor page, sections 8 and 9)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import httpx2

from isthmus.connect.quota import Quota, Signal, read_signal
from isthmus.platforms.salesforce.config import OrgConfig

_USAGE = re.compile(r"(?<![\w-])api-usage=(\d+)/(\d+)")


@dataclass(frozen=True)
class ApiUsage:
    """Calls of the rolling day, all clients of the org together."""

    used: int
    allowed: int

    @property
    def share(self) -> float:
        return self.used / self.allowed if self.allowed else 1.0

    @classmethod
    def parse(cls, header: str | None) -> ApiUsage | None:
        """Read `Sforce-Limit-Info`; other counters may stand before or after the org's own."""
        found = _USAGE.search(header or "")
        return cls(int(found[1]), int(found[2])) if found else None

    def __str__(self) -> str:
        return f"{self.used} of {self.allowed} calls used"


DAILY_CALLS = 100_000
"""What every Enterprise, Professional and Unlimited org has, before licences and add-ons; the
first reply says what this org really has."""
LOOK_AGAIN = 900.0
"""Seconds to stay away after REQUEST_LIMIT_EXCEEDED, which comes without Retry-After: the day is a
rolling one, so calls come free all the time."""


def org_quota(config: OrgConfig) -> Quota:
    """25 requests of 20 s and more may run at once in production, 5 in a developer org."""
    return Quota(concurrency=config.max_concurrent, daily=DAILY_CALLS)


def read_limits(response: httpx2.Response) -> Signal:
    """The daily count is on every reply; which limit a 403 is about, only its text says."""
    found = read_signal(response)
    if usage := ApiUsage.parse(response.headers.get("Sforce-Limit-Info")):
        found = replace(found, used=usage.used, allowed=usage.allowed)
    if response.status_code != 403 or b"REQUEST_LIMIT_EXCEEDED" not in response.content:
        return found
    if b"ConcurrentRequests" in response.content:
        return replace(found, busy=True)
    return replace(found, retry_after=LOOK_AGAIN)
