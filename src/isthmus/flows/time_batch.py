"""What a batch of time entries is judged by: every record its entries point at, read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from isthmus.canonical import (
    Assignment,
    CanonicalObject,
    Contract,
    CostCentre,
    Customer,
    LegalEntity,
    Phase,
    ProfitCentre,
    Project,
    RateCard,
    Resource,
    TimeEntry,
)
from isthmus.events.links import Link, Links
from isthmus.flows.reading import periods_of
from isthmus.landscape import Policies
from isthmus.landscape.bindings import RoleError
from isthmus.rules.judging import Evidence
from isthmus.rules.rating import RateBook
from isthmus.store.database import Transaction
from isthmus.store.entries import EntryRow


@dataclass(frozen=True, kw_only=True)
class BatchContext(Evidence):
    """`homes` and `books` go by connection."""

    ledgers: Mapping[str, str]
    """Connection that keeps the books, by code of the company."""

    @classmethod
    async def read(
        cls, tx: Transaction, rows: Sequence[EntryRow], policies: Policies, links: Links
    ) -> BatchContext:
        entries = [row.entry for row in rows]
        projects = await tx.records.many(Project, (e.project for e in entries))
        named = {p.contract for p in projects.values() if p.contract}
        contracts = await tx.records.many(Contract, named)
        assignments = await tx.records.many(
            Assignment, (e.assignment for e in entries if e.assignment)
        )
        ledgers = {c: e for c in _companies(contracts) if (e := _ledger_of(links, c)) is not None}
        return cls(
            projects=projects,
            phases=await tx.records.many(Phase, (e.phase for e in entries if e.phase)),
            contracts=contracts,
            customers=await tx.records.many(Customer, (p.customer for p in projects.values())),
            assignments=assignments,
            resources=await tx.records.many(Resource, (e.resource for e in entries)),
            entities={e.code: e for e in await tx.records.list(LegalEntity)},
            cost_centres={c.code: c for c in await tx.records.list(CostCentre)},
            profit_centres={c.code: c for c in await tx.records.list(ProfitCentre)},
            periods={code: await periods_of(tx, erp) for code, erp in ledgers.items()},
            ledgers={code: erp.name for code, erp in ledgers.items()},
            kept={code: _dimensions_of(erp) for code, erp in ledgers.items()},
            homes={row.entry.id: row.connection for row in rows},
            books=await _books(
                tx, links, {row.connection for row in rows}, assignments.values(), policies
            ),
            closed_period=policies.closed_period,
            psa_rate=policies.psa_rate,
        )  # fmt: skip

    def ledger_of(self, entry: TimeEntry) -> str | None:
        contract = self.contract_of(entry)
        return self.ledgers.get(contract.legal_entity) if contract else None


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


def _companies(contracts: Mapping[str, Contract]) -> list[str]:
    return sorted({c.legal_entity for c in contracts.values()})


def _dimensions_of(erp: Link) -> frozenset[type[CanonicalObject]]:
    return frozenset(m for m in (CostCentre, ProfitCentre) if erp.capability(m).reads)


def _ledger_of(links: Links, code: str) -> Link | None:
    """None where the landscape binds no ledger, or more than one: its entries have no period."""
    try:
        return links.erp(code)
    except RoleError:
        return None


def entry_ids(rows: Iterable[EntryRow]) -> list[str]:
    return [row.entry.id for row in rows]
