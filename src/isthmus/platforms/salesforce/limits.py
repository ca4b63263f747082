"""What each reply says of the org's daily calls."""

from __future__ import annotations

import re
from dataclasses import dataclass

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
