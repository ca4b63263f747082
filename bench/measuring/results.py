"""Raw figures: a line of JSON for each measurement, newest last, in a folder outside git."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


class Results:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)

    def add(self, question: str, figures: Row, *, quietly: bool = False, **about: Any) -> Row:
        """Keep one measurement, and show it."""
        row = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", **about, **figures}
        with (self.folder / f"{question}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        if not quietly:
            print(f"{question}: {json.dumps(row)}", flush=True)
        return row

    def of(self, question: str) -> list[Row]:
        file = self.folder / f"{question}.jsonl"
        if not file.exists():
            return []
        return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line]


def latest(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    """By key, in order of first appearance: the rows of its last series."""
    series: dict[Any, Any] = {}
    found: dict[Any, list[Row]] = {}
    for row in rows:
        name = key(row)
        if name not in found or row.get("series") != series[name]:
            found[name], series[name] = [], row.get("series")
        found[name].append(row)
    return found


def median(rows: Sequence[Row], figure: str) -> float | None:
    """Of the rows that have the figure."""
    values = [row[figure] for row in rows if row.get(figure) is not None]
    return float(statistics.median(values)) if values else None


def ratio(a: float | None, b: float | None) -> float | None:
    return a / b if a is not None and b else None


def machine() -> str:
    """In words that say nothing of whose machine it is."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}"
