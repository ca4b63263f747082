"""Ways to find what two sides of rows do not agree on: the product's own, and two beside it."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from reconcile_sides import Line, read

from isthmus.kit.chunks import chunked
from isthmus.kit.ids import new_id
from isthmus.store.database import Database
from isthmus.store.reconciliation_compare import Comparison, compare
from isthmus.store.reconciliation_staging import Staged, Staging

PAGE = 2000
"""Rows that a connector gives at a time."""
DAYS = (date(2026, 7, 1), date(2026, 7, 31))
Found = set[tuple[str, str]]


@dataclass(frozen=True)
class Timed:
    """`peak` is this process's; `server` is private memory of its connection in PostgreSQL. MB."""

    found: Found
    load: float
    compare: float
    peak: float
    server: float = 0.0


def _staged(line: Line) -> Staged:
    key, external_id, label, compared, entity, day, currency, hours, amount = line
    return Staged(
        key, None, external_id, label, compared, entity, date.fromisoformat(day), currency,
        Decimal(hours), Decimal(amount),
    )  # fmt: skip


async def _staging(staging: Staging, folder: Path) -> float:
    started = time.perf_counter()
    for side in ("source", "target"):
        for page in chunked(map(_staged, read(folder / f"{side}.csv")), PAGE):
            await staging.take(side, page)
    await staging.ready()
    return time.perf_counter() - started


async def isthmus(folder: Path, url: str) -> Timed:
    """Staged and joined in PostgreSQL, breaks and control totals kept: what a run does."""
    database, run, name = Database(url), new_id(), new_id()
    async with database.staging() as staging, ServerMemory(staging) as memory:
        load = await _staging(staging, folder)
        started = time.perf_counter()
        async with database.begin_on(staging) as tx:
            await tx.reconciliations.begin(run, name, "time", plan={}, first_on=DAYS[0],
                                           last_on=DAYS[1], asked_by="bench")  # fmt: skip
            await staging.sort_in_memory()
            what = Comparison(run, name, "leg", "time_entry", "finance", timedelta(0),
                              datetime.now(UTC), *DAYS)  # fmt: skip
            await compare(tx.connection, what)
        took = time.perf_counter() - started
    async with database.begin() as tx:
        found = {(b.kind, b.key) for b in await tx.breaks.list(run=run)}
    await database.close()
    return Timed(found, load, took, _peak(), memory.peak)


async def merged_here(folder: Path, url: str) -> Timed:
    """Staged in PostgreSQL, sorted there, and merged row by row in Python; nothing is kept."""
    database = Database(url)
    async with database.staging() as staging, ServerMemory(staging) as memory:
        load = await _staging(staging, folder)
        started = time.perf_counter()
        connection = staging.connection
        async with connection.begin():
            await staging.sort_in_memory()
            sides = [await _sorted(connection, side) for side in ("source", "target")]
            found = {pair async for pair in _merge(*sides)}
        took = time.perf_counter() - started
    await database.close()
    return Timed(found, load, took, _peak(), memory.peak)


async def _sorted(connection: sa.ext.asyncio.AsyncConnection, side: str) -> AsyncIterator[sa.Row]:
    result = await connection.stream(
        sa.text(f"select key, compared from staged_{side} order by key, external_id"),
        execution_options={"yield_per": PAGE},
    )
    return aiter(result)


async def _merge(
    source: AsyncIterator[sa.Row], target: AsyncIterator[sa.Row]
) -> AsyncIterator[tuple[str, str]]:
    one, other = await anext(source, None), await anext(target, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.key < other.key):
            yield "missing", one.key
            one = await anext(source, None)
        elif one is None or other.key < one.key:
            yield "extra", other.key
            other = await anext(target, None)
        else:
            if one.compared != other.compared:
                yield "different", one.key
            one, other = await anext(source, None), await anext(target, None)


_DUCKDB = """
select case when t.key is null then 'missing' when s.key is null then 'extra'
  else 'different' end, coalesce(s.key, t.key)
from s full join t on s.key = t.key
where s.key is null or t.key is null or s.compared <> t.compared
"""


def duckdb(folder: Path) -> Timed:
    """The same files and the same join in DuckDB, in memory; nothing is kept."""
    import duckdb as engine

    connection = engine.connect()
    started = time.perf_counter()
    for name, side in (("s", "source"), ("t", "target")):
        connection.execute(
            f"create table {name} as select * from read_csv('{folder / side}.csv', "
            "header = true, all_varchar = true)"
        )
    loaded = time.perf_counter()
    found = {(kind, key) for kind, key in connection.execute(_DUCKDB).fetchall()}
    done = time.perf_counter()
    return Timed(found, loaded - started, done - loaded, _peak())


class ServerMemory:
    """The most private memory of a connection's process in PostgreSQL, in MB, looked at all the
    time; the server has to be on this machine. Its shared buffers are not the connection's.
    """

    def __init__(self, staging: Staging) -> None:
        self._staging, self.peak = staging, 0.0
        self._over = threading.Event()

    async def __aenter__(self) -> Self:
        found = await self._staging.connection.execute(sa.text("select pg_backend_pid()"))
        status = Path(f"/proc/{found.scalar_one()}/status")
        await self._staging.connection.rollback()
        self._thread = threading.Thread(target=self._look, args=(status,), daemon=True)
        self._thread.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self, status: Path) -> None:
        while status.exists() and not self._over.wait(0.02):
            anonymous = [n for n in status.read_text().splitlines() if n.startswith("RssAnon")]
            self.peak = max(self.peak, *(int(n.split()[1]) / 1024 for n in anonymous), 0.0)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
