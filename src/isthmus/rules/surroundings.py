"""What approved entries stand in: the records they point at and the periods they post to.

Everything is given, so that a flow and a rehearsal of it on other records come to the same verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from isthmus.canonical import (
    AccountingPeriod,
    CanonicalObject,
    Contract,
    CostCentre,
    Customer,
    ExpenseEntry,
    LegalEntity,
    ProfitCentre,
    Project,
    Resource,
    TimeEntry,
)
from isthmus.rules.periods import ClosedPeriodPolicy, Posting, period_for, posting_day
from isthmus.rules.problems import Problem

Entry = TimeEntry | ExpenseEntry


def day_of(entry: Entry) -> date:
    return entry.worked_on if isinstance(entry, TimeEntry) else entry.spent_on


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Records are by id unless it says otherwise; one that an entry names and that is not here is
    a problem of that entry.
    """

    projects: Mapping[str, Project]
    contracts: Mapping[str, Contract]
    customers: Mapping[str, Customer]
    resources: Mapping[str, Resource]
    entities: Mapping[str, LegalEntity]
    """By code, as contracts name them; cost and profit centres too."""
    cost_centres: Mapping[str, CostCentre]
    profit_centres: Mapping[str, ProfitCentre]
    periods: Mapping[str, Sequence[AccountingPeriod]]
    """By code of the company: each as its own ledger has them."""
    kept: Mapping[str, frozenset[type[CanonicalObject]]]
    """What those books are sorted by, by code of the company: not every ledger has all of it."""
    closed_period: ClosedPeriodPolicy = ClosedPeriodPolicy.HOLD

    def contract_of(self, entry: Entry) -> Contract | None:
        return self._contracts.get(entry.project)

    @cached_property
    def _contracts(self) -> dict[str, Contract | None]:
        return {id: self.contracts.get(p.contract or "") for id, p in self.projects.items()}

    def customer_of(self, entry: Entry) -> Customer | None:
        project = self.projects.get(entry.project)
        return self.customers.get(project.customer) if project else None

    def company_of(self, entry: Entry) -> str | None:
        """Code of the company in whose books the entry goes."""
        contract = self.contract_of(entry)
        return contract.legal_entity if contract else None

    def entity_of(self, entry: Entry) -> LegalEntity | None:
        return self.entities.get(self.company_of(entry) or "")

    def posting(self, entry: Entry) -> Posting | Problem:
        """The same for all entries of a company's day, so it is worked out once."""
        place = self.company_of(entry), day_of(entry)
        found = self._postings.get(place)
        if found is None:
            found = self._postings[place] = self._posting(entry)
        return found

    @cached_property
    def _postings(self) -> dict[tuple[str | None, date], Posting | Problem]:
        return {}

    def _posting(self, entry: Entry) -> Posting | Problem:
        entity = self.entity_of(entry)
        return posting_day(
            day_of(entry),
            self.periods_for(entry),
            self.closed_period,
            entity.id if entity else None,
        )

    def periods_for(self, entry: Entry) -> Sequence[AccountingPeriod]:
        return self.periods.get(self.company_of(entry) or "", ())

    def period_of(self, entry: Entry) -> AccountingPeriod | None:
        """The period that the entry posts to, or the one that would have to be opened for it."""
        posting = self.posting(entry)
        if isinstance(posting, Posting):
            return posting.period
        entity = self.entity_of(entry)
        return period_for(day_of(entry), self.periods_for(entry), entity.id if entity else None)

    def cost_centre_of(self, entry: Entry) -> str | None:
        """The person's, by its id in the books."""
        resource = self.resources.get(entry.resource)
        found = self.cost_centres.get(resource.cost_centre or "") if resource else None
        return found.id if found else None

    def profit_centre_of(self, entry: Entry) -> str | None:
        """The project's, by its id in the books."""
        project = self.projects.get(entry.project)
        found = self.profit_centres.get(project.profit_centre or "") if project else None
        return found.id if found else None

    def is_kept(self, entry: Entry, dimension: type[CanonicalObject]) -> bool:
        """Where no ledger is known yet, everything is asked for."""
        kept = self.kept.get(self.company_of(entry) or "")
        return kept is None or dimension in kept

    def person_of(self, entry: Entry) -> str | None:
        resource = self.resources.get(entry.resource)
        return resource.name if resource else None
