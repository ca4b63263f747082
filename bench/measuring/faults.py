"""What happens to accepted money: processes killed while they deliver, and an ERP that fails."""

from __future__ import annotations

import json
import shlex
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from .bench import Bench

SETTLE = {"crash": 60.0, "erpfault": 300.0}
"""Seconds without a line until nothing more is expected. After a kill that is always waited for, as
in the reference's slowest rows; with a failing ERP only where something is missing.
"""
TESTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "kill, paced posts of 100": (
        "crash",
        {"batch": 100, "total": 20_000, "pace": 10, "erp_delay_ms": 100, "kill_at": 0.25},
    ),
    "kill, posts of 100": ("crash", {"batch": 100, "total": 20_000, "erp_delay_ms": 100}),
    "kill, posts of 1,000": ("crash", {"batch": 1_000, "total": 50_000, "erp_delay_ms": 100}),
    "ERP away 10 s of 20": (
        "erpfault",
        {"batch": 100, "total": 20_000, "pace": 10, "erp_delay_ms": 100, "down_from": 5,
         "down_for": 10},
    ),
    "ERP takes 5 requests at once": (
        "erpfault",
        {"batch": 1_000, "total": 30_000, "pace": 3, "erp_delay_ms": 200, "max_conc": 5},
    ),
}  # fmt: skip
"""The reference's own, with its figures."""
LEAST = 10
"""Posts of a test that is made smaller."""


class Running(Protocol):
    """A system under test that can be killed and started again."""

    pidfile: Path

    def write(self, file: Path) -> None: ...


Call = Callable[..., dict[str, Any]]


def faults(bench: Bench) -> None:
    for test in wanted(bench):
        with bench.running() as made:
            found = suffered(
                bench,
                test,
                made,
                lambda mode, **how: bench.submit(mode, made, **how),
            )
        bench.results.add("faults", found, peer="isthmus", test=test, series=bench.series)


def wanted(bench: Bench) -> list[str]:
    return [test for test in TESTS if bench.options.test in test]


def suffered(bench: Bench, test: str, system: Running, call: Call) -> dict[str, Any]:
    """What a test finds, with the lines that the ERP has twice."""
    mode, how = TESTS[test]
    total = how["total"] if bench.options.total is None else bench.options.total
    given = {**how, "total": max(total, LEAST * how["batch"]), "settle": SETTLE[mode]}
    if mode == "crash":
        given |= {"resend": True, "restart": again(system)}
    quiet = bench.quiet()
    found = call(mode, **given)
    with urllib.request.urlopen(f"{bench.erp}/stats", timeout=30) as answer:
        stats = json.load(answer)
    return {**found, "mode": mode, "quiet": quiet, "extra_lines": stats["duplicates"]}


def again(system: Running) -> str:
    """The command that starts the system as it was."""
    state = system.pidfile.with_suffix(".json")
    system.write(state)
    here = shlex.quote(str(Path(__file__).resolve().parents[1]))
    command = [sys.executable, "-m", "measuring.restart", str(state)]
    return f"cd {here} && {shlex.join(command)}"
