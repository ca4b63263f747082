"""The records that the entries of a batch point at, and the ledgers they go to, read once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isthmus.canonical import (
    CanonicalObject,
    Contract,
    CostCentre,
    Customer,
    LegalEntity,
    ProfitCentre,
    Project,
    Resource,
)
from isthmus.events.links import Link, Links
from isthmus.flows.reading import periods_of
from isthmus.kit.money import Money
from isthmus.landscape import Policies
from isthmus.landscape.bindings import RoleError
from isthmus.rules.surroundings import Entry, Surroundings
from isthmus.store.database import Transaction


@dataclass(frozen=True, kw_only=True)
class InBooks(Surroundings):
    ledgers: Mapping[str, Link]
    """Connection that keeps the books, by code of the company."""

    def ledger_of(self, entry: Entry) -> Link | None:
        return self.ledgers.get(self.company_of(entry) or "")

    def value_of(self, entry: Any) -> Money | None:
        """What a held entry keeps from being billed; each kind of batch says."""
        raise NotImplementedError


async def surroundings(
    tx: Transaction, entries: Sequence[Entry], policies: Policies, links: Links
) -> dict[str, Any]:
    """The attributes of `InBooks`."""
    projects = await tx.records.many(Project, (e.project for e in entries))
    contracts = await tx.records.many(
        Contract, (p.contract for p in projects.values() if p.contract)
    )
    resources = await tx.records.many(Resource, (e.resource for e in entries))
    companies = {c.legal_entity for c in contracts.values()}
    companies |= {p.legal_entity for p in projects.values() if p.legal_entity}
    companies |= {r.legal_entity for r in resources.values() if r.legal_entity}
    ledgers = {c: e for c in sorted(companies) if (e := _ledger_of(links, c)) is not None}
    return {
        "projects": projects,
        "contracts": contracts,
        "customers": await tx.records.many(Customer, (p.customer for p in projects.values())),
        "resources": resources,
        "entities": {e.code: e for e in await tx.records.list(LegalEntity)},
        "cost_centres": {c.code: c for c in await tx.records.list(CostCentre)},
        "profit_centres": {c.code: c for c in await tx.records.list(ProfitCentre)},
        "periods": {code: await periods_of(tx, erp) for code, erp in ledgers.items()},
        "ledgers": ledgers,
        "kept": {code: _dimensions_of(erp) for code, erp in ledgers.items()},
        "closed_period": policies.closed_period,
    }


def _dimensions_of(erp: Link) -> frozenset[type[CanonicalObject]]:
    return frozenset(m for m in (CostCentre, ProfitCentre) if erp.capability(m).reads)


def _ledger_of(links: Links, code: str) -> Link | None:
    """None where the landscape binds no ledger, or more than one: its entries have no period."""
    try:
        return links.erp(code)
    except RoleError:
        return None
