"""Machines that asked a moment ago: a burst of requests does not ask the database who sends it."""

from __future__ import annotations

import time
from collections.abc import Callable

from isthmus.access import Principal
from isthmus.access.secret import digest

BELIEVED = 1.0
"""Seconds for which a revoked key, or the lack of any account, may still count in a process."""
MOST = 1000
"""Callers that are remembered; a key is not kept, only its digest."""


class Lately:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[bytes, tuple[float, Principal]] = {}

    def who(self, given: str) -> Principal | None:
        until, who = self._until.get(digest(given), (0.0, None))
        return who if self._clock() < until else None

    def keep(self, given: str, who: Principal) -> Principal:
        if len(self._until) >= MOST:
            self._until.clear()
        self._until[digest(given)] = (self._clock() + BELIEVED, who)
        return who
