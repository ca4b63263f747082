"""docs/reference/chaos.md: the figures below its mark, from a run."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from chaos.faults import FAULTS
from chaos.product import COLUMNS
from chaos.report import Tally

PAGE = Path(__file__).parents[1] / "docs/reference/chaos.md"
MARK = "<!-- Measured by `make chaos ARGS=--write`. -->\n"


def write_page(tally: Tally) -> None:
    head, mark, _ = PAGE.read_text("utf-8").partition(MARK)
    PAGE.write_text(f"{head}{mark}\n{figures(tally)}", "utf-8")


def figures(tally: Tally) -> str:
    return "\n".join([*_summary(tally), "", *_matrix(tally), ""])


def _summary(tally: Tally) -> list[str]:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    head = (
        f"isthmus {version('isthmus')}, {python}, {cores} cores, {datetime.now(UTC):%Y-%m-%d}: "
        f"{tally.rounds} rounds of seed {tally.seed} in {tally.seconds / 60:.1f} minutes, "
        f"{tally.slowest:.0f} s the slowest."
    )
    rows = {
        **tally.counts, "lost": 0, "doubled": 0, "processes killed": tally.killed,
        "processes that ended by themselves and were started again": tally.ended,
    }  # fmt: skip
    return [head, "", "| at the end | |", "| --- | ---: |",
            *(f"| {what} | {n:,} |" for what, n in rows.items())]  # fmt: skip


def _matrix(tally: Tally) -> list[str]:
    cells = " | ".join(COLUMNS)
    lines = [f"| fault | struck | {cells} |", f"| --- | ---: |{' ---: |' * len(COLUMNS)}"]
    for fault in FAULTS:
        counts = " | ".join(f"{tally.struck[fault.name, column]:,}" for column in COLUMNS)
        lines.append(f"| {fault.name} | {tally.strikes[fault.name]:,} | {counts} |")
    return lines
