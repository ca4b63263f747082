"""Judging time: may this hour be billed, at which price, and what stands in the way?

Everything that an entry points at is given, so that a flow and a rehearsal of it on other records
come to the same verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    Resource,
    TimeEntry,
)
from isthmus.kit.money import Money
from isthmus.rules.facts import Fact, Work
from isthmus.rules.periods import ClosedPeriodPolicy, Posting, period_for, posting_day
from isthmus.rules.problems import Problem
from isthmus.rules.rating import RateBook, Unrated, query_for
from isthmus.rules.time.pricing import rounding_on, whole
from isthmus.rules.time_checks import (
    EntryContext,
    PsaRatePolicy,
    check_entry,
    check_rate,
    check_unit,
    is_chargeable,
    no_rate,
)


@dataclass(frozen=True)
class Verdict:
    """What became of one entry: rated, or problems, or neither (not chargeable)."""

    entry: TimeEntry
    rated: Fact | None = None
    problems: tuple[Problem, ...] = ()
    period: AccountingPeriod | None = None
    """Where it posts, or the period that would have to be opened for it."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What entries are judged by. Records are by id unless it says otherwise; one that an entry
    names and that is not here is a problem of that entry.
    """

    projects: Mapping[str, Project]
    phases: Mapping[str, Phase]
    contracts: Mapping[str, Contract]
    customers: Mapping[str, Customer]
    assignments: Mapping[str, Assignment]
    resources: Mapping[str, Resource]
    entities: Mapping[str, LegalEntity]
    """By code, as contracts name them; cost and profit centres too."""
    cost_centres: Mapping[str, CostCentre]
    profit_centres: Mapping[str, ProfitCentre]
    periods: Mapping[str, Sequence[AccountingPeriod]]
    """By code of the company: each as its own ledger has them."""
    kept: Mapping[str, frozenset[type[CanonicalObject]]]
    """What those books are sorted by, by code of the company: not every ledger has all of it."""
    homes: Mapping[str, str]
    """Which of the rate books prices an entry, by the entry's id."""
    books: Mapping[str, RateBook]
    """By the system that charges them: one PSA's price is none for another one's hours."""
    closed_period: ClosedPeriodPolicy = ClosedPeriodPolicy.HOLD
    psa_rate: PsaRatePolicy = PsaRatePolicy.MUST_AGREE

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
            self.closed_period,
            entity.id if entity else None,
        )

    def periods_for(self, entry: TimeEntry) -> Sequence[AccountingPeriod]:
        contract = self.contract_of(entry)
        return self.periods.get(contract.legal_entity, ()) if contract else ()

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
            psa_rate_policy=self.psa_rate,
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
        doubt = check_unit(found) or check_rate(entry, found, self.psa_rate)
        if doubt is not None:
            return Verdict(entry, None, (doubt,), context.period)
        contract = self.contract_of(entry)
        work = Work.of(
            entry, found, role=query.role or "", label=context.person or entry.resource,
            contract=contract.id if contract else "", is_courtesy=False,
            cost_centre=context.cost_centre, profit_centre=context.profit_centre,
        )  # fmt: skip
        rounding = rounding_on(contract, work) if contract else None
        return Verdict(entry, whole(work, rounding), (), context.period)

    def value_of(self, entry: TimeEntry) -> Money | None:
        """What a held entry keeps from being billed, at the rate that the PSA shows."""
        if entry.source_rate is None:
            return None
        return entry.source_rate.times(Decimal(entry.hours)).rounded()
