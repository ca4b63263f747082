"""Hours: checked, rated and kept under their cap on the day they are approved, or held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from isthmus.canonical import AccountingPeriod, Contract, Project, TimeEntry
from isthmus.kit.money import Money
from isthmus.rules.billing import RatedEntry, rate_entry
from isthmus.rules.contract_cap import cap_stretches, over_cap
from isthmus.rules.periods import Posting, period_for, posting_day
from isthmus.rules.problems import Problem
from isthmus.rules.rating import Rated, Unrated, query_for
from isthmus.rules.time_checks import EntryContext, check_entry, check_rate, is_chargeable
from isthmus.scenario.books import Books, Fact, held
from isthmus.scenario.outcome import Trail
from isthmus.scenario.world import World


@dataclass(frozen=True)
class Judged:
    """Rated or problems, or neither: not chargeable. A held entry may have a value too."""

    entry: TimeEntry
    rated: RatedEntry | None = None
    problems: tuple[Problem, ...] = ()
    value: Money | None = None


class Time:
    def __init__(self, world: World) -> None:
        self._world = world
        self._coming = sorted(world.entries, key=lambda known: (known.on, known.entry.id))
        self._waiting: list[TimeEntry] = []

    def days(self) -> Iterator[date]:
        return (known.on for known in self._coming)

    def play(self, day: date, books: Books) -> None:
        """Together with what came today, everything that waits is looked at again."""
        batch = [*self._waiting, *(k.entry for k in self._coming if k.on <= day)]
        self._coming = [known for known in self._coming if known.on > day]
        judged = self._within_caps([self._judge(entry, day) for entry in batch], day, books)
        self._waiting = [verdict.entry for verdict in judged if verdict.problems]
        for verdict in judged:
            self._settle(verdict, day, books)

    def _judge(self, entry: TimeEntry, day: date) -> Judged:
        """As `time_to_invoice` does it: every check, then the rate and what the PSA says of it."""
        project = self._world.project(entry.project, day)
        if not is_chargeable(entry, project, None):
            return Judged(entry)
        contract = self._contract(entry, day)
        problems = check_entry(entry, self._context(entry, project, contract, day))
        found = self._world.book.resolve(
            query_for(entry, project, None, self._world.people[entry.resource])
        )
        if isinstance(found, Unrated):
            return Judged(entry, None, problems or (_no_rate(found),))
        rated = self._rate(entry, found, contract)
        mismatch = check_rate(entry, found, self._world.policies.psa_rate)
        problems = problems or ((mismatch,) if mismatch else ())
        return Judged(entry, None if problems else rated, problems, rated.amount)

    def _contract(self, entry: TimeEntry, day: date) -> Contract:
        project = self._world.project(entry.project, day)
        assert project.contract is not None
        return self._world.contract(project.contract, day)

    def _context(
        self, entry: TimeEntry, project: Project, contract: Contract, day: date
    ) -> EntryContext:
        return EntryContext(
            project=project,
            phase=self._world.phases.get((project.id, entry.phase or "")),
            contract=contract,
            period=self._period(entry, contract, day),
            legal_entity=contract.legal_entity,
            needs_cost_centre=False,
            needs_profit_centre=False,
            psa_rate_policy=self._world.policies.psa_rate,
            person=entry.resource,
        )

    def _period(self, entry: TimeEntry, contract: Contract, day: date) -> AccountingPeriod | None:
        company = contract.legal_entity
        periods = self._world.calendar.periods(company, day)
        policy = self._world.policies.closed_period
        found = posting_day(entry.worked_on, periods, policy, company)
        if isinstance(found, Posting):
            return found.period
        return period_for(entry.worked_on, periods, company)

    def _rate(self, entry: TimeEntry, found: Rated, contract: Contract) -> RatedEntry:
        person = self._world.people[entry.resource]
        return rate_entry(
            entry,
            found,
            role=entry.role or person.role or "",
            label=person.name,
            minimum_increment=contract.minimum_increment,
        )

    def _within_caps(self, judged: Sequence[Judged], day: date, books: Books) -> list[Judged]:
        blocked: dict[str, Problem] = {}
        for name in sorted(self._world.file.contracts):
            contract = self._world.contract(name, day)
            ours = [j.rated for j in judged if j.rated and self._contract(j.entry, day) == contract]
            stretches = [
                (s, books.used(name, s.before, contract.currency)) for s in cap_stretches(contract)
            ]
            blocked |= over_cap(contract, stretches, ours)
        return [
            Judged(j.entry, None, (blocked[j.entry.id],), j.value) if j.entry.id in blocked else j
            for j in judged
        ]

    def _settle(self, judged: Judged, day: date, books: Books) -> None:
        entry, contract = judged.entry, self._contract(judged.entry, day).id
        if judged.problems:
            what = f"{entry.resource}, {entry.worked_on}, {entry.hours.normalize():f} h"
            books.hold(entry.id, held(what, contract, judged.value, judged.problems, day))
            return
        books.release(entry.id, day)
        if judged.rated is not None:
            rated = judged.rated
            books.facts.append(
                Fact(entry.id, contract, entry.worked_on, day, rated.amount, rated, _trail(rated))
            )


def _no_rate(found: Unrated) -> Problem:
    return Problem(
        found.code, found.reason, "finance",
        "Add or extend the rate card in the PSA, then replay.", "bill_rate",
    )  # fmt: skip


def _trail(rated: RatedEntry) -> Trail:
    hours = f"{rated.billed_hours:f} h"
    if rated.billed_hours != rated.hours:
        hours += f" (worked {rated.hours:f} h)"
    return (
        f"{rated.worked_on}  {rated.label}  {hours} x {rated.rate} = {rated.amount}",
        *(f"    {t.scope}: looked for {t.looked_for}, found {t.found}" for t in rated.trail),
    )
