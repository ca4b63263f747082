"""Milestones: billed when they may be, held while the client has not signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from isthmus.canonical import Milestone
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.milestone import MilestoneState
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump
from isthmus.rules.fact_ledger import total
from isthmus.rules.facts import Fact, charge_of
from isthmus.rules.milestones.billing import check_milestone
from isthmus.rules.milestones.retention import release, withhold
from isthmus.scenario.books import Books, held
from isthmus.scenario.world import World


class Milestones:
    def __init__(self, world: World) -> None:
        self._world = world
        self._open = sorted(world.file.milestones)

    def days(self) -> Iterator[date]:
        for part in self._world.file.milestones.values():
            yield from (*part.delivered, *part.rejected)
            if part.accepted is not None:
                yield part.accepted
        for contract in self._world.file.contracts.values():
            if contract.retention and contract.retention.released:
                yield contract.retention.released

    def play(self, day: date, books: Books) -> None:
        self._accept(day, books)
        self._release(day, books)

    def _accept(self, day: date, books: Books) -> None:
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

    def _release(self, day: date, books: Books) -> None:
        """On final acceptance, without a run, as a milestone."""
        for name, part in sorted(self._world.file.contracts.items()):
            if not part.retention or part.retention.released != day:
                continue
            withheld = self._withheld(name, books)
            if withheld:
                for charge in release(withheld).charges:
                    books.add(_adjusted(charge, None, name, day), day)
                books.asked.append((name, day))

    def _withheld(self, name: str, books: Books) -> Money:
        """Lines that keep back and lines that release, without what was credited of them."""
        ledger = books.ledgers[name]
        lines = [f for f in ledger.in_force() if f.work.kind is LineKind.ADJUSTMENT]
        return -total(ledger.left(lines), self._world.contract(name, self._world.until).currency)

    def _bill(self, milestone: Milestone, contract: str, day: date, books: Books) -> None:
        """At once and without a run, dated by its delivery, as `milestone_to_invoice` dates it
        where the PSA names no day of signature.
        """
        happened_on = milestone.delivered_on or day
        books.add(_agreed(milestone, contract, happened_on), day)
        terms = self._world.file.contracts[contract].retention
        if terms and (terms.released is None or day <= terms.released):
            work = lump(milestone.name, milestone.amount, "", LineKind.MILESTONE)
            [kept] = withhold([work], terms.percent, self._withheld(contract, books))
            for charge in kept.charges[1:]:
                books.add(_adjusted(charge, milestone, contract, happened_on), day)
        books.asked.append((contract, happened_on))


def _agreed(milestone: Milestone, contract: str, on: date) -> Fact:
    return charge_of(
        _key(milestone.name), milestone.amount, on, LineKind.MILESTONE,
        label=milestone.name, project=milestone.project, contract=contract,
    )  # fmt: skip


def _adjusted(charge: Charge, milestone: Milestone | None, contract: str, on: date) -> Fact:
    of = _key(milestone.name) if milestone else contract
    label = f"{charge.description}, {milestone.name}" if milestone else charge.description
    fact = charge_of(
        f"{of}, retention", charge.amount, on, charge.kind, label=label,
        project=milestone.project if milestone else contract, contract=contract,
    )  # fmt: skip
    return replace(fact, why=(charge.why,))


def _key(name: str) -> str:
    return f"milestone {name}"
