"""Further questions about Isthmus alone: workers, scale, single entries, outages; raw limits."""

from __future__ import annotations

import subprocess

from . import job
from .bench import Bench
from .reference import Unusable

SIZES = (10_000, 100_000, 1_000_000)
BATCH = 1_000
RATE, SECONDS = 20, 20
"""Single entries a second, and for how long; as in the reference."""
HOUR = 3_600
PER_SECOND = 5
"""Entries that come in during an outage: 18,000 an hour, as a firm of 2,000 people enters at the
end of a month.
"""
AWAY = 120.0
"""Seconds in which an hour's entries come in while the ERP is away."""


def workers(bench: Bench) -> None:
    """One against two worker processes, the rest being equal."""
    total = bench.options.total or job.TOTALS[BATCH]
    for number in range(bench.options.runs):
        for count in (1, 2):
            with bench.running(workers=count) as made:
                job.run(bench, made, "workers", BATCH, total, run=number + 1)


def scale(bench: Bench) -> None:
    """Ten, a hundred and a thousand times ten thousand entries."""
    most = bench.options.total or SIZES[-1]
    for size in SIZES:
        if size <= most:
            with bench.running() as made:
                job.run(bench, made, "scale", BATCH, size, size=size)


def latency(bench: Bench) -> None:
    """Acknowledgement and end of single entries at a calm pace."""
    with bench.running() as made:
        bench.submit("run", made, batch=1, total=20)
        for number in range(bench.options.runs):
            quiet = bench.quiet()
            found = bench.submit("latency", made, rate=RATE, seconds=SECONDS)
            bench.results.add("latency", found, peer="isthmus", quiet=quiet, run=number + 1,
                              series=bench.series)  # fmt: skip


def outage(bench: Bench) -> None:
    """An hour's entries come in while the ERP is away; how soon after its return it has them."""
    total = bench.options.total or HOUR * PER_SECOND
    with bench.running() as made:
        bench.submit("run", made, batch=BATCH, total=BATCH)
        quiet = bench.quiet()
        found = bench.submit("outage", made, batch=100, total=total, down_for=AWAY, settle=330.0)
        bench.results.add("outage", found, quiet=quiet, series=bench.series)


def raw(bench: Bench) -> None:
    """What parsing, pricing and PostgreSQL do with the same rows and nothing else."""
    url = bench.server.create("bench_raw")
    quiet = bench.quiet()
    command = [str(bench.python), str(bench.reference / "raw_limits.py"), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    bench.server.drop("bench_raw")
    if done.returncode:
        raise Unusable(f"The raw limits could not be measured: {done.stderr.strip()[-500:]}")
    bench.results.add("raw", {"entries_s": limits(done.stdout)}, quiet=quiet, series=bench.series)


def limits(text: str) -> dict[str, float]:
    """Operation -> entries a second, of the table that the reference prints."""
    pairs = (line.rstrip().rsplit(None, 1) for line in text.splitlines() if line.strip())
    found = {name.strip(): float(number.replace(",", "")) for name, number in pairs}
    found.pop("load1", None)
    return found
