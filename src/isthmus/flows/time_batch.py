"""What a batch of time entries is judged by: every record its entries point at, read once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from isthmus.canonical import (
    AccountingPeriod,
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
from isthmus.canonical.terms import TimeRounding
from isthmus.events.links import Link, Links
from isthmus.flows.reading import periods_of
from isthmus.kit.money import Money
from isthmus.landscape import Policies
from isthmus.landscape.bindings import RoleError
from isthmus.rules.facts import Fact, Work
from isthmus.rules.periods import Posting, period_for, posting_day
from isthmus.rules.problems import Problem
from isthmus.rules.rating import RateBook, Unrated, query_for
from isthmus.rules.time.pricing import whole
from isthmus.rules.time_checks import (
    EntryContext,
    check_entry,
    check_rate,
    check_unit,
    is_chargeable,
    no_rate,
)
from isthmus.store.database import Transaction
from isthmus.store.entries import EntryRow


@dataclass(frozen=True)
class Verdict:
    """What became of one entry: rated, or problems, or neither (not chargeable)."""

    entry: TimeEntry
    rated: Fact | None = None
    problems: tuple[Problem, ...] = ()
    period: AccountingPeriod | None = None


@dataclass(frozen=True)
class BatchContext:
    projects: dict[str, Project]
    phases: dict[str, Phase]
    contracts: dict[str, Contract]
    customers: dict[str, Customer]
    assignments: dict[str, Assignment]
    resources: dict[str, Resource]
    entities: dict[str, LegalEntity]
    cost_centres: dict[str, CostCentre]
    profit_centres: dict[str, ProfitCentre]
    periods: Mapping[str, Sequence[AccountingPeriod]]
    """By code of the company: each as its own ledger has them."""
    ledgers: Mapping[str, str]
    """Connection that keeps the books, by code of the company."""
    kept: Mapping[str, frozenset[type[CanonicalObject]]]
    """What those books are sorted by, by code of the company: not every ledger has all of it."""
    homes: Mapping[str, str]
    """Connection of the PSA that an entry comes from, by the entry's id."""
    books: Mapping[str, RateBook]
    """By connection: what one PSA charges is no price for another one's hours."""
    policies: Policies

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
            policies=policies,
        )  # fmt: skip

    def contract_of(self, entry: TimeEntry) -> Contract | None:
        project = self.projects.get(entry.project)
        return self.contracts.get(project.contract or "") if project else None

    def customer_of(self, entry: TimeEntry) -> Customer | None:
        project = self.projects.get(entry.project)
        return self.customers.get(project.customer) if project else None

    def entity_of(self, entry: TimeEntry) -> LegalEntity | None:
        contract = self.contract_of(entry)
        return self.entities.get(contract.legal_entity) if contract else None

    def posting(self, entry: TimeEntry) -> Posting | Problem:
        entity = self.entity_of(entry)
        return posting_day(
            entry.worked_on,
            self.periods_for(entry),
            self.policies.closed_period,
            entity.id if entity else None,
        )

    def periods_for(self, entry: TimeEntry) -> Sequence[AccountingPeriod]:
        contract = self.contract_of(entry)
        return self.periods.get(contract.legal_entity, ()) if contract else ()

    def ledger_of(self, entry: TimeEntry) -> str | None:
        contract = self.contract_of(entry)
        return self.ledgers.get(contract.legal_entity) if contract else None

    def judge(self, entry: TimeEntry) -> Verdict:
        """Check everything, then rate; the first rate that does not fit is a problem too."""
        project = self.projects.get(entry.project)
        assignment = self.assignments.get(entry.assignment or "")
        if project is not None and not is_chargeable(entry, project, assignment):
            return Verdict(entry)
        context = self._context(entry, project, assignment)
        problems = check_entry(entry, context)
        if problems or project is None:
            return Verdict(entry, None, problems, context.period)
        return self._rate(entry, project, assignment, context)

    def _context(
        self, entry: TimeEntry, project: Project | None, assignment: Assignment | None
    ) -> EntryContext:
        entity = self.entity_of(entry)
        resource = self.resources.get(entry.resource)
        cost = self.cost_centres.get(resource.cost_centre or "") if resource else None
        profit = self.profit_centres.get(project.profit_centre or "") if project else None
        return EntryContext(
            project=project,
            phase=self.phases.get(entry.phase or ""),
            contract=self.contract_of(entry),
            assignment=assignment,
            period=self.period_of(entry),
            legal_entity=entity.id if entity else None,
            cost_centre=cost.id if cost else None,
            profit_centre=profit.id if profit else None,
            needs_cost_centre=self._is_kept(entry, CostCentre),
            needs_profit_centre=self._is_kept(entry, ProfitCentre),
            psa_rate_policy=self.policies.psa_rate,
            person=resource.name if resource else None,
        )

    def _is_kept(self, entry: TimeEntry, dimension: type[CanonicalObject]) -> bool:
        """Where no ledger is known yet, everything is asked for."""
        contract = self.contract_of(entry)
        kept = self.kept.get(contract.legal_entity) if contract else None
        return kept is None or dimension in kept

    def period_of(self, entry: TimeEntry) -> AccountingPeriod | None:
        """The period that the entry posts to, or the one that would have to be opened for it."""
        posting, entity = self.posting(entry), self.entity_of(entry)
        if isinstance(posting, Posting):
            return posting.period
        return period_for(entry.worked_on, self.periods_for(entry), entity.id if entity else None)

    def _rate(
        self,
        entry: TimeEntry,
        project: Project,
        assignment: Assignment | None,
        context: EntryContext,
    ) -> Verdict:
        resource = self.resources.get(entry.resource)
        query = query_for(entry, project, assignment, resource)
        found = self.books[self.homes[entry.id]].resolve(query)
        if isinstance(found, Unrated):
            return Verdict(entry, None, (no_rate(found),), context.period)
        doubt = check_unit(found) or check_rate(entry, found, self.policies.psa_rate)
        if doubt is not None:
            return Verdict(entry, None, (doubt,), context.period)
        contract = self.contract_of(entry)
        work = Work.of(
            entry, found, role=query.role or "", label=context.person or entry.resource,
            contract=contract.id if contract else "", is_courtesy=False,
            cost_centre=context.cost_centre, profit_centre=context.profit_centre,
        )  # fmt: skip
        return Verdict(entry, whole(work, _increment(contract)), (), context.period)

    def value_of(self, entry: TimeEntry) -> Money | None:
        """What a held entry keeps from being billed, at the rate that the PSA shows."""
        if entry.source_rate is None:
            return None
        return entry.source_rate.times(Decimal(entry.hours)).rounded()


def _increment(contract: Contract | None) -> TimeRounding | None:
    increment = contract.minimum_increment if contract else None
    return None if increment is None else TimeRounding(increment=increment)


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
