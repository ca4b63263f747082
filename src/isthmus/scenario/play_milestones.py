"""Milestones: billed when they may be, held while the client has not signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from isthmus.canonical import Milestone
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.milestone import MilestoneState
from isthmus.rules.facts import Fact, charge_of
from isthmus.rules.milestones.billing import check_milestone
from isthmus.scenario.books import Books, held
from isthmus.scenario.world import World


class Milestones:
    def __init__(self, world: World) -> None:
        self._world = world
        self._open = sorted(world.file.milestones)
        self._due: dict[str, list[Fact]] = defaultdict(list)

    def days(self) -> Iterator[date]:
        for part in self._world.file.milestones.values():
            yield from (*part.delivered, *part.rejected)
            if part.accepted is not None:
                yield part.accepted

    def play(self, day: date, books: Books) -> None:
        for name in tuple(self._open):
            milestone = self._world.milestone(name, day)
            contract = self._world.project(milestone.project, day).contract or ""
            problem = check_milestone(milestone)
            if problem is None:
                self._open.remove(name)
                books.release(_key(name), day)
                self._bill(milestone, contract, day, books)
            elif milestone.state is MilestoneState.PLANNED:
                books.withdraw(_key(name))
            else:
                what = f"milestone {name}"
                books.hold(_key(name), held(what, contract, milestone.amount, [problem], day))

    def _bill(self, milestone: Milestone, contract: str, day: date, books: Books) -> None:
        """At once and without a run, dated by its delivery, as `milestone_to_invoice` asks."""
        happened_on = milestone.delivered_on or day
        fact = charge_of(
            _key(milestone.name), milestone.amount, happened_on, LineKind.MILESTONE,
            label=milestone.name, project=milestone.project, contract=contract,
        )  # fmt: skip
        frozen = {f.work.id for f in books.ledgers[contract].frozen()}
        self._due[contract] = [
            *(due for due in self._due[contract] if due.work.id not in frozen),
            fact,
        ]
        books.put(contract, LineKind.MILESTONE, self._due[contract], day)
        books.asked.append((contract, happened_on))


def _key(name: str) -> str:
    return f"milestone {name}"
