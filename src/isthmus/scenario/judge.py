"""The records of a scenario on a day, as evidence for the judgement that flows make of an hour."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from isthmus.canonical import LegalEntity, TimeEntry
from isthmus.kit.money import Money
from isthmus.rules.facts import Work
from isthmus.rules.judging import Evidence
from isthmus.rules.rating import Unrated, query_for
from isthmus.rules.time.pricing import rounding_on, whole
from isthmus.scenario.world import World

_HOME = "psa"
"""The one system that charges the hours of a scenario."""


def evidence(world: World, entries: Iterable[TimeEntry], day: date) -> Evidence:
    """A scenario's books are sorted by neither cost centre nor profit centre."""
    projects = {e.project: world.project(e.project, day) for e in entries}
    contracts = {name: world.contract(name, day) for name in world.file.contracts}
    companies = {contract.legal_entity for contract in contracts.values()}
    return Evidence(
        projects=projects,
        phases=world.phases,
        contracts=contracts,
        customers=world.customers,
        assignments={},
        resources=world.people,
        entities={code: LegalEntity(id=code, code=code) for code in companies},
        cost_centres={},
        profit_centres={},
        periods={code: world.calendar.periods(code, day) for code in companies},
        kept=dict.fromkeys(companies, frozenset()),
        homes={entry.id: _HOME for entry in entries},
        books={_HOME: world.book},
        closed_period=world.policies.closed_period,
        psa_rate=world.policies.psa_rate,
    )


def worth(world: World, entry: TimeEntry, day: date) -> Money | None:
    """What a held entry keeps from being billed at the price of its day; None without one."""
    project = world.project(entry.project, day)
    found = world.book.resolve(query_for(entry, project, None, world.people[entry.resource]))
    if isinstance(found, Unrated):
        return None
    contract, work = world.contract(project.contract or "", day), Work.of(entry, found)
    return whole(work, rounding_on(contract, work)).amount
