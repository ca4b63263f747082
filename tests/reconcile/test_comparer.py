"""The comparer finds what differs between two random sides, that alone, and counts what it saw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from isthmus.kit.ids import new_id
from isthmus.reconcile.promise import told
from isthmus.store.database import Database
from isthmus.store.reconciliation_breaks import BreakRow
from isthmus.store.reconciliation_compare import Comparison, compare
from isthmus.store.reconciliation_staging import Staged
from isthmus.store.reconciliations import TotalRow

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
DAYS = (date(2026, 7, 1), date(2026, 7, 31))
ROUNDS = 40


def staged(
    key: str, hours: Decimal, *, entity: str = "EA", day: int = 1, age_hours: int = 48
) -> Staged:
    return Staged(
        key, None, f"id-{key}", f"\tthing {key}\n\\", told(hours=hours), entity,
        date(2026, 7, day), "EUR", hours, hours * 100, at=NOW - timedelta(hours=age_hours),
    )  # fmt: skip


rows = st.lists(
    st.builds(
        staged,
        st.sampled_from([f"k{n}" for n in range(12)]),
        st.decimals(min_value=0, max_value=24, places=2),
        entity=st.sampled_from(["EA", "EB"]),
        day=st.integers(1, 3),
        age_hours=st.sampled_from([0, 48]),
    ),
    max_size=20,
)


async def outcome(
    database: Database, source: Sequence[Staged], target: Sequence[Staged]
) -> tuple[list[BreakRow], list[TotalRow]]:
    """Of one run under a name of its own."""
    run, name = new_id(), new_id()
    async with database.staging() as staging:
        await staging.take("source", source)
        await staging.take("target", target)
        await staging.ready()
        async with database.begin_on(staging) as tx:
            await tx.reconciliations.begin(run, name, "time", plan={}, first_on=DAYS[0],
                                           last_on=DAYS[1], asked_by="test")  # fmt: skip
            what = Comparison(run, name, "leg", "thing", "finance", timedelta(hours=1), NOW, *DAYS)
            await compare(tx.connection, what)
            return await tx.breaks.list(run=run), await tx.reconciliations.totals(run)


def expected(source: Sequence[Staged], target: Sequence[Staged]) -> Counter[tuple[str, str, int]]:
    """(kind, key, copy), worked out one by one."""
    ours, theirs = dict(copies(source)), dict(copies(target))
    found: Counter[tuple[str, str, int]] = Counter()
    for key, copy in {*ours, *theirs}:
        one, other = ours.get((key, copy)), theirs.get((key, copy))
        first = one or other
        assert first is not None
        assert first.at is not None
        if first.at > NOW - timedelta(hours=1):
            continue
        if other is None:
            found["missing", key, copy] += 1
        elif one is None:
            found["extra", key, copy] += 1
        elif one.compared != other.compared:
            found["different", key, copy] += 1
    return found


def copies(side: Sequence[Staged]) -> Iterator[tuple[tuple[str, int], Staged]]:
    seen: Counter[str] = Counter()
    for row in side:
        seen[row.key] += 1
        yield (row.key, seen[row.key]), row


def numbered(side: Sequence[Staged]) -> list[Staged]:
    """Ids in the order given, which is the order in which copies of a key are paired."""
    return [row._replace(external_id=f"{n:04}") for n, row in enumerate(side)]


@pytest.mark.anyio
async def test_random_sides(database_url: str) -> None:
    database = Database(database_url)
    examples: list[tuple[list[Staged], list[Staged]]] = []

    @settings(max_examples=ROUNDS, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(rows, rows)
    def collected(source: list[Staged], target: list[Staged]) -> None:
        examples.append((numbered(source), numbered(target)))

    collected()
    for source, target in examples:
        found, totals = await outcome(database, source, target)
        assert Counter((b.kind, b.key, b.copy) for b in found) == expected(source, target)
        assert sum(t.source_hours for t in totals) == sum(row.hours for row in source)
        assert sum(t.target_hours for t in totals) == sum(row.hours for row in target)
        assert sum(t.source_count for t in totals) == len(source)
        assert sum(t.target_count for t in totals) == len(target)
        pairs = len(dict(copies(source)).keys() | dict(copies(target)).keys())
        agreed = sum(t.matched + t.under_way for t in totals)
        assert agreed + len(found) == pairs, "each pair is counted once"
        if not sum(t.under_way for t in totals):
            difference = sum(t.source_amount - t.target_amount for t in totals)
            assert sum(b.amount for b in found) == difference, "the breaks explain the totals"
    await database.close()
