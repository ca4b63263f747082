"""The samples of all processes of one run, added up and shown."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from .installation import Isthmus

SHOWN = 25


def begin(made: Isthmus) -> None:
    """What was sampled so far is forgotten."""
    for pids in made.pids.values():
        for pid in pids:
            os.kill(pid, signal.SIGUSR1)


def end(made: Isthmus, patience: float = 10.0) -> None:
    """Every process writes what it has seen."""
    for file in made.home.glob("*.profile"):
        file.unlink()
    for pids in made.pids.values():
        for pid in pids:
            os.kill(pid, signal.SIGUSR2)
    until = time.monotonic() + patience
    while len(list(made.home.glob("*.profile"))) < 1 + made.workers:
        if time.monotonic() > until:
            raise TimeoutError("a process does not write its samples")
        time.sleep(0.05)


def read(made: Isthmus) -> dict[str, Any]:
    """Seconds of processor time by process, room and package."""
    found: dict[str, Any] = {}
    for file in sorted(made.home.glob("*.profile")):
        sampled = json.loads(file.read_text("utf-8"))
        name = file.stem.partition("-")[0]
        of = found.setdefault(name, {"places": Counter(), "functions": Counter()})
        of["places"].update({f"{room} in {package}": s for room, package, s in sampled["places"]})
        of["functions"].update(dict(sampled["functions"]))
    return {
        name: {
            "seconds": round(sum(of["places"].values()), 2),
            "places": rounded(of["places"]),
            "functions": rounded(of["functions"]),
        }
        for name, of in found.items()
    }


def rounded(seconds: Counter[str]) -> dict[str, float]:
    return {name: round(s, 3) for name, s in seconds.most_common(SHOWN)}


def show(found: Mapping[str, Any]) -> str:
    lines = []
    for name, of in found.items():
        lines.append(f"{name}: {of['seconds']} s of processor time")
        for what in ("places", "functions"):
            for label, seconds in of[what].items():
                share = seconds / of["seconds"] if of["seconds"] else 0
                lines.append(f"  {share:6.1%} {seconds:8.3f} s  {label}")
            lines.append("")
    return "\n".join(lines)
