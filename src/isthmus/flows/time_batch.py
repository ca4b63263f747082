"""What a batch of time entries is judged by: every record its entries point at, read once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isthmus.canonical import Assignment, Phase, TimeEntry
from isthmus.engine import Step
from isthmus.events.links import Links
from isthmus.flows.rate_books import rate_books
from isthmus.flows.surroundings import InBooks, surroundings
from isthmus.kit.clock import utc_now
from isthmus.landscape import Policies
from isthmus.rules.judging import Evidence
from isthmus.store.database import Transaction
from isthmus.store.entries import RATED, EntryRow
from isthmus.store.fact_rows import FactRow, as_written


@dataclass(frozen=True, kw_only=True)
class BatchContext(Evidence, InBooks):
    """`homes` and `books` go by connection."""

    @classmethod
    async def read(
        cls, tx: Transaction, rows: Sequence[EntryRow[TimeEntry]], policies: Policies, links: Links
    ) -> BatchContext:
        entries = [row.entry for row in rows]
        assignments = await tx.records.many(
            Assignment, (e.assignment for e in entries if e.assignment)
        )
        return cls(
            **await surroundings(tx, entries, policies, links),
            phases=await tx.records.many(Phase, (e.phase for e in entries if e.phase)),
            assignments=assignments,
            homes={row.entry.id: row.connection for row in rows},
            books=await rate_books(
                tx, links, {row.connection for row in rows}, assignments.values(), policies
            ),
            psa_rate=policies.psa_rate,
        )


Facts = Mapping[str, Sequence[FactRow]]
"""Those in force by entry, one for each part of it; never none."""
AT_HAND = "rated batch"


@dataclass(frozen=True)
class RatedBatch:
    """What is to be sent to ledgers, and what it is judged by."""

    context: BatchContext
    rows: Sequence[EntryRow[TimeEntry]]
    facts: Facts

    @classmethod
    def of(
        cls,
        context: BatchContext,
        rows: Sequence[EntryRow[TimeEntry]],
        written: Iterable[Mapping[str, Any]],
    ) -> RatedBatch:
        """As rating has just written it: one fact for each entry."""
        now = utc_now()
        facts = {values["source_id"]: (as_written(values, now),) for values in written}
        return cls(context, [row for row in rows if row.entry.id in facts], facts)

    @classmethod
    async def read(cls, step: Step) -> RatedBatch:
        async with step.begin() as tx:
            batched = await tx.entries.of_batch(step.subject, RATED, lock=True)
            facts = await _facts(tx, entry_ids(batched))
            rows = [row for row in batched if row.entry.id in facts]
            policies = step.landscape.policies
            return cls(await BatchContext.read(tx, rows, policies, step.links), rows, facts)


async def _facts(tx: Transaction, entries: Sequence[str]) -> Facts:
    found: dict[str, list[FactRow]] = defaultdict(list)
    for fact in await tx.ledger.live(TimeEntry.kind, entries):
        found[fact.source_id].append(fact)
    return found


def entry_ids(rows: Iterable[EntryRow[TimeEntry]]) -> list[str]:
    return [row.entry.id for row in rows]
