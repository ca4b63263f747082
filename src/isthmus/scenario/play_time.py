"""Hours: checked, rated and kept under their cap on the day they are approved, or held."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from isthmus.canonical import TimeEntry
from isthmus.rules.billing import RatedEntry
from isthmus.rules.contract_cap import cap_stretches, over_cap
from isthmus.rules.problems import Problem
from isthmus.scenario.books import Books, Fact, held
from isthmus.scenario.judge import Judged, judge
from isthmus.scenario.outcome import Trail
from isthmus.scenario.world import World


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
        judged = self._within_caps([judge(self._world, entry, day) for entry in batch], day, books)
        self._waiting = [verdict.entry for verdict in judged if verdict.problems]
        for verdict in judged:
            self._settle(verdict, day, books)

    def _contract(self, entry: TimeEntry, day: date) -> str:
        return self._world.project(entry.project, day).contract or ""

    def _within_caps(self, judged: Sequence[Judged], day: date, books: Books) -> list[Judged]:
        blocked: dict[str, Problem] = {}
        for name in sorted(self._world.file.contracts):
            contract = self._world.contract(name, day)
            ours = [j.rated for j in judged if j.rated and self._contract(j.entry, day) == name]
            stretches = [
                (s, books.used(name, s.before, contract.currency)) for s in cap_stretches(contract)
            ]
            blocked |= over_cap(contract, stretches, ours)
        return [
            Judged(j.entry, None, (blocked[j.entry.id],), j.value) if j.entry.id in blocked else j
            for j in judged
        ]

    def _settle(self, judged: Judged, day: date, books: Books) -> None:
        entry, contract = judged.entry, self._contract(judged.entry, day)
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


def _trail(rated: RatedEntry) -> Trail:
    hours = f"{rated.billed_hours:f} h"
    if rated.billed_hours != rated.hours:
        hours += f" (worked {rated.hours:f} h)"
    return (
        f"{rated.worked_on}  {rated.label}  {hours} x {rated.rate} = {rated.amount}",
        *(f"    {t.scope}: looked for {t.looked_for}, found {t.found}" for t in rated.trail),
    )
