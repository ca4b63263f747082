"""What the rules say of an hour on a day: may it be billed, at which price, what stops it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.canonical import AccountingPeriod, Contract, Project, TimeEntry
from isthmus.kit.money import Money
from isthmus.rules.billing import RatedEntry, rate_entry
from isthmus.rules.periods import Posting, period_for, posting_day
from isthmus.rules.problems import Problem
from isthmus.rules.rating import Rated, Unrated, query_for
from isthmus.rules.time_checks import EntryContext, check_entry, check_rate, is_chargeable
from isthmus.scenario.world import World


@dataclass(frozen=True)
class Judged:
    """Rated or problems, or neither: not chargeable. `value` is what a held entry is worth at
    the price that was found for it.
    """

    entry: TimeEntry
    rated: RatedEntry | None = None
    problems: tuple[Problem, ...] = ()
    value: Money | None = None


def judge(world: World, entry: TimeEntry, day: date) -> Judged:
    """As `time_to_invoice` does it: every check, then the rate and what the PSA says of it."""
    project = world.project(entry.project, day)
    if not is_chargeable(entry, project, None):
        return Judged(entry)
    contract = world.contract(project.contract or "", day)
    problems = check_entry(entry, _context(world, entry, project, contract, day))
    found = world.book.resolve(query_for(entry, project, None, world.people[entry.resource]))
    if isinstance(found, Unrated):
        return Judged(entry, None, problems or (_no_rate(found),))
    rated = _rate(world, entry, found, contract)
    mismatch = check_rate(entry, found, world.policies.psa_rate)
    problems = problems or ((mismatch,) if mismatch else ())
    return Judged(entry, None if problems else rated, problems, rated.amount)


def _context(
    world: World, entry: TimeEntry, project: Project, contract: Contract, day: date
) -> EntryContext:
    return EntryContext(
        project=project,
        phase=world.phases.get((project.id, entry.phase or "")),
        contract=contract,
        period=_period(world, entry, contract, day),
        legal_entity=contract.legal_entity,
        needs_cost_centre=False,
        needs_profit_centre=False,
        psa_rate_policy=world.policies.psa_rate,
        person=entry.resource,
    )


def _period(
    world: World, entry: TimeEntry, contract: Contract, day: date
) -> AccountingPeriod | None:
    """Where it posts, or the month that would have to be opened for it."""
    company = contract.legal_entity
    periods = world.calendar.periods(company, day)
    found = posting_day(entry.worked_on, periods, world.policies.closed_period, company)
    if isinstance(found, Posting):
        return found.period
    return period_for(entry.worked_on, periods, company)


def _rate(world: World, entry: TimeEntry, found: Rated, contract: Contract) -> RatedEntry:
    person = world.people[entry.resource]
    return rate_entry(
        entry,
        found,
        role=entry.role or person.role or "",
        label=person.name,
        minimum_increment=contract.minimum_increment,
    )


def _no_rate(found: Unrated) -> Problem:
    return Problem(
        found.code, found.reason, "finance",
        "Add or extend the rate card in the PSA, then replay.", "bill_rate",
    )  # fmt: skip
