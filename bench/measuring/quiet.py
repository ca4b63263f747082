"""Waiting until nobody else uses the machine: other work in a measurement is noise."""

from __future__ import annotations

import time
from pathlib import Path

BUSY = 0.3
"""Share of all cores that others may use; the same as in the reference's own figures."""
IN_A_ROW = 3


def wait(seconds: float, busy: float = BUSY) -> str:
    """Wait for three quiet seconds, at most `seconds`; how it was, in words."""
    begun, quiet, last = time.monotonic(), 0, 0.0
    while quiet < IN_A_ROW and time.monotonic() - begun < seconds:
        last = _busy(1.0)
        quiet = quiet + 1 if last <= busy else 0
    ended = "" if quiet >= IN_A_ROW else ", never quiet"
    return f"{last:.0%} busy after {time.monotonic() - begun:.0f} s{ended}"


def _busy(seconds: float) -> float:
    all_before, idle_before = _ticks()
    time.sleep(seconds)
    all_now, idle_now = _ticks()
    return 1 - (idle_now - idle_before) / max(1, all_now - all_before)


def _ticks() -> tuple[int, int]:
    """All and idle processor time since the machine was started."""
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4]
