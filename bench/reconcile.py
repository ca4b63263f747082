"""How long it takes to find 1,000 differences between two sides of 1,000,000 rows, and in how much
memory, beside DuckDB doing the same anti-join on the same data.

Each row of the table is a process of its own, so that its peak memory is its own. A way that does
not find exactly what was planted ends the measurement. `--write` renews the page in docs/.
DATABASE_URL names a PostgreSQL server to use; without it an embedded one is started.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import reconcile_ways as ways
from rating import machine
from reconcile_sides import write

from isthmus.store.database import Database
from isthmus.store.embedded import EmbeddedPostgres
from isthmus.store.migrate import upgrade

MARK = "<!-- Measured by `make bench-reconcile ARGS=--write`. -->\n"
PAGE = Path(__file__).parents[1] / "docs/reference/reconcile-bench.md"
SIZES = (10_000, 100_000, 1_000_000)
DIFFERENCES = 1_000
NAMES = {
    "isthmus": "isthmus: join in PostgreSQL",
    "merged": "merge in Python",
    "duckdb": "DuckDB",
}


@contextmanager
def a_database() -> Iterator[str]:
    """A database of its own on the named server, or on one started for this."""
    with tempfile.TemporaryDirectory(prefix="isthmus-bench-") as home:
        Path(home).chmod(0o711)
        embedded = None if os.environ.get("DATABASE_URL") else EmbeddedPostgres(Path(home))
        server = embedded.start() if embedded else os.environ["DATABASE_URL"]
        name = f"bench_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"create database {name}")
            known = connection.info
            url = (
                f"postgresql://{known.user}:{known.password or ''}@/{name}"
                f"?host={known.host}&port={known.port}"
            )
            asyncio.run(_prepare(url))
            yield url
            connection.execute(f"drop database {name} with (force)")
        if embedded:
            embedded.stop(force=True)


async def _prepare(url: str) -> None:
    database = Database(url)
    await upgrade(database.engine)
    await database.close()


def measured_here(way: str, folder: Path, url: str) -> None:
    """In a process of its own; speaks JSON."""
    if way == "duckdb":
        timed = ways.duckdb(folder)
    else:
        work = ways.isthmus if way == "isthmus" else ways.merged_here
        timed = asyncio.run(work(folder, url))
    print(json.dumps({**vars(timed), "found": sorted(timed.found)}))


def measure(way: str, folder: Path, url: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, __file__, way, str(folder), url],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told: dict[str, object] = json.loads(done.stdout)
    return told


def table(sizes: tuple[int, ...]) -> str:
    lines = [
        "| way | rows a side | found of planted | load | compare | rows per second "
        "| peak memory | of which PostgreSQL's connection |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    with a_database() as url, tempfile.TemporaryDirectory(prefix="isthmus-bench-") as home:
        for rows in sizes:
            plants = write(Path(home), rows, DIFFERENCES)
            for way, name in NAMES.items():
                told = measure(way, Path(home), url)
                found = {(kind, key) for kind, key in told["found"]}
                if found != plants.as_found:
                    raise SystemExit(f"{name}: found {len(found)}, planted {len(plants)}")
                lines.append(_line(name, rows, len(found), told))
    return "\n".join(lines)


def _line(name: str, rows: int, found: int, told: dict[str, object]) -> str:
    load, compare, peak, server = (float(told[k]) for k in ("load", "compare", "peak", "server"))
    shown = f"{server:.0f} MB" if server else ""
    return (
        f"| {name} | {rows:,} | {found:,} of {DIFFERENCES:,} | {load:.1f} s | {compare:.1f} s "
        f"| {2 * rows / (load + compare):,.0f} | {peak + server:.0f} MB | {shown} |"
    )


def main(arguments: list[str]) -> None:
    if len(arguments) == 3:
        measured_here(arguments[0], Path(arguments[1]), arguments[2])
        return
    sizes = SIZES[:2] if "--quick" in arguments else SIZES
    found = table(sizes)
    where = f"{machine().removesuffix(', one core')}, {os.cpu_count()} cores"
    print(f"{where}\n\n{found}")
    if "--write" in arguments:
        head, mark, _ = PAGE.read_text("utf-8").partition(MARK)
        when = f"{where}, {datetime.now(UTC):%Y-%m-%d}."
        PAGE.write_text(f"{head}{mark}\n{when}\n\n{found}\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
