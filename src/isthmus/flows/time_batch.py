"""What a batch of time entries is judged by: every record its entries point at, read once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isthmus.canonical import Assignment, Phase, RateCard, TimeEntry
from isthmus.events.links import Links
from isthmus.flows.surroundings import InBooks, surroundings
from isthmus.landscape import Policies
from isthmus.rules.judging import Evidence
from isthmus.rules.rating import RateBook
from isthmus.store.database import Transaction
from isthmus.store.entries import EntryRow


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
            books=await _books(
                tx, links, {row.connection for row in rows}, assignments.values(), policies
            ),
            psa_rate=policies.psa_rate,
        )


async def _books(
    tx: Transaction,
    links: Links,
    connections: Iterable[str],
    assignments: Iterable[Assignment],
    policies: Policies,
) -> dict[str, RateBook]:
    cards = await tx.records.list(RateCard)
    ids = [card.id for card in cards]
    books = {}
    for connection in connections:
        theirs = await tx.xref.external_many("rate_card", links.of(connection).space, ids)
        books[connection] = RateBook.build(
            (card for card in cards if card.id in theirs),
            assignments,
            policies.rate_scopes,
            policies.rate_overlap,
        )
    return books


def entry_ids(rows: Iterable[EntryRow[TimeEntry]]) -> list[str]:
    return [row.entry.id for row in rows]
