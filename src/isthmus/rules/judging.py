"""Judging time: may this hour be billed, at which price, and what stands in the way?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from isthmus.canonical import (
    AccountingPeriod,
    Assignment,
    Contract,
    CostCentre,
    Phase,
    ProfitCentre,
    Project,
    TimeEntry,
)
from isthmus.kit.money import Money
from isthmus.rules.amendments import is_of_another_day
from isthmus.rules.facts import Fact, Work
from isthmus.rules.problems import Problem
from isthmus.rules.rating import RateBook, RateQuery, Unrated, query_for
from isthmus.rules.surroundings import Surroundings
from isthmus.rules.time.pricing import alone
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


def _is_stamp_of_another_day(
    entry: TimeEntry, query: RateQuery, contract: Contract, book: RateBook
) -> bool:
    def before(day: date) -> Money | None:
        found = book.resolve(replace(query, worked_on=day))
        return None if isinstance(found, Unrated) else found.rate

    assert entry.source_rate is not None, "nothing else disagrees with the rate book"
    return is_of_another_day(entry.source_rate, contract, query.role or "", before)


class _Site(NamedTuple):
    """What the entries of a project have in common."""

    contract: Contract | None
    legal_entity: str | None
    profit_centre: str | None
    needs_cost_centre: bool
    needs_profit_centre: bool


class _Person(NamedTuple):
    cost_centre: str | None
    name: str | None


@dataclass(frozen=True, kw_only=True)
class Evidence(Surroundings):
    """What time entries are judged by."""

    phases: Mapping[str, Phase]
    assignments: Mapping[str, Assignment]
    homes: Mapping[str, str]
    """Which of the rate books prices an entry, by the entry's id."""
    books: Mapping[str, RateBook]
    """By the system that charges them: one PSA's price is none for another one's hours."""
    psa_rate: PsaRatePolicy = PsaRatePolicy.MUST_AGREE

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
        site = self._sites.get(entry.project) or self._site(entry)
        who = self._people.get(entry.resource) or self._who(entry)
        return EntryContext(
            project=project,
            phase=self.phases.get(entry.phase) if entry.phase else None,
            contract=site.contract,
            assignment=assignment,
            period=self.period_of(entry),
            legal_entity=site.legal_entity,
            cost_centre=who.cost_centre,
            profit_centre=site.profit_centre,
            needs_cost_centre=site.needs_cost_centre,
            needs_profit_centre=site.needs_profit_centre,
            psa_rate_policy=self.psa_rate,
            person=who.name,
        )

    def _site(self, entry: TimeEntry) -> _Site:
        """The same for all entries of a project, so it is worked out once; of a person too."""
        entity = self.entity_of(entry)
        site = self._sites[entry.project] = _Site(
            self.contract_of(entry), entity.id if entity else None, self.profit_centre_of(entry),
            self.is_kept(entry, CostCentre), self.is_kept(entry, ProfitCentre),
        )  # fmt: skip
        return site

    def _who(self, entry: TimeEntry) -> _Person:
        who = _Person(self.cost_centre_of(entry), self.person_of(entry))
        self._people[entry.resource] = who
        return who

    @cached_property
    def _sites(self) -> dict[str, _Site]:
        return {}

    @cached_property
    def _people(self) -> dict[str, _Person]:
        return {}

    def _rate(
        self,
        entry: TimeEntry,
        project: Project,
        assignment: Assignment | None,
        context: EntryContext,
    ) -> Verdict:
        resource = self.resources.get(entry.resource)
        query = query_for(entry, project, assignment, resource)
        book, contract = self.books[self.homes[entry.id]], context.contract
        found = book.resolve(query)
        if isinstance(found, Unrated):
            return Verdict(entry, None, (no_rate(found),), context.period)
        mismatch = check_rate(entry, found, self.psa_rate)
        if mismatch and contract and _is_stamp_of_another_day(entry, query, contract, book):
            mismatch = None
        assert contract is not None, "check_entry asks for it"
        days = contract.terms_on(entry.worked_on).time.day_rate is not None
        if (doubt := check_unit(found, in_days=days) or mismatch) is not None:
            return Verdict(entry, None, (doubt,), context.period)
        work = Work.of(
            entry, found, role=query.role or "", label=context.person or entry.resource,
            contract=contract.id, customer=contract.customer,
            cost_centre=context.cost_centre, profit_centre=context.profit_centre,
        )  # fmt: skip
        return Verdict(entry, alone(contract, work), (), context.period)

    def value_of(self, entry: TimeEntry) -> Money | None:
        """What a held entry keeps from being billed, at the rate that the PSA shows."""
        if entry.source_rate is None:
            return None
        return entry.source_rate.times(Decimal(entry.hours)).rounded()
