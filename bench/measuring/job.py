"""Throughput of the job: posts of 1, 100, 1,000 and 10,000, and where processor time goes."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from . import postgres, processes, sampled
from .bench import Bench
from .installation import Isthmus
from .results import Row

TOTALS = {1: 2_000, 100: 20_000, 1_000: 50_000, 10_000: 100_000}
QUICK = {1: 300, 100: 5_000, 1_000: 10_000}
LINES = 200
"""Lines that one request to the ERP takes."""


def job(bench: Bench) -> None:
    options = bench.options
    totals = QUICK if options.quick else TOTALS
    for batch in options.batches or tuple(totals):
        total = options.total or totals.get(batch, 50_000)
        for number in range(1 if options.quick else options.runs):
            with bench.running() as made:
                run(bench, made, "job", batch, total, run=number + 1)
                if made.profiled:
                    told(bench, made, batch)


def run(bench: Bench, made: Isthmus, question: str, batch: int, total: int, **about: Any) -> Row:
    """One measurement, after a tenth as much to warm up."""
    bench.submit("run", made, batch=batch, total=max(batch, total // 10))
    quiet = bench.quiet()
    found, spent = measured(
        bench, made, lambda: bench.submit("run", made, batch=batch, total=total)
    )
    billable = found["answers"]["accepted"] - found["answers"]["unbillable"]
    return bench.results.add(
        question, {**found, **spent, "erp_posts_least": ceil(billable / LINES)},
        series=bench.series, workers=made.workers, quiet=quiet, profiled=made.profiled, **about,
    )  # fmt: skip


def told(bench: Bench, made: Isthmus, batch: int) -> None:
    """Where the processes of the last measurement spent their time."""
    found = sampled.read(made)
    bench.results.add("profile", found, series=bench.series, batch=batch, quietly=True)
    print(sampled.show(found))


def measured(
    bench: Bench, made: Isthmus, work: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the work found, and processor seconds, memory and bytes of database that it took."""
    url = made.environment["DATABASE_URL"]
    groups = bench.groups(made)
    before = {name: processes.cpu_seconds(pids) for name, pids in groups.items()}
    size = postgres.size(url)
    if made.profiled:
        sampled.begin(made)
    found = work()
    if made.profiled:
        sampled.end(made)
    entries = found.get("entries") or found["answers"]["accepted"]
    after = {name: processes.cpu_seconds(pids) for name, pids in bench.groups(made).items()}
    spent = {name: round(after[name] - before[name], 2) for name in after}
    return found, {
        "cpu": spent,
        "bytes_per_entry": round((postgres.size(url) - size) / entries),
        "rss_mb": {
            name: round(processes.memory(pids) / 1e6) for name, pids in bench.groups(made).items()
        },
    }
