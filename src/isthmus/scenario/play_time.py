"""Hours: checked on the day they are approved, priced with all that is not invoiced, or held."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from isthmus.canonical import TimeEntry
from isthmus.canonical.invoice import LineKind
from isthmus.kit.money import Money
from isthmus.rules.facts import Fact, Held, Work
from isthmus.rules.judging import Verdict
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.rounding import trimmed
from isthmus.rules.time.pricing import Priced, price
from isthmus.scenario.books import Books, held
from isthmus.scenario.judge import evidence, worth
from isthmus.scenario.world import World


class Time:
    """What is sound is priced again with every hour that comes, until it is on an invoice: an
    earlier hour that is approved late is the first to a threshold, a tier or a cap.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._coming = sorted(world.entries, key=lambda known: (known.on, known.entry.id))
        self._entries = {known.entry.id: known.entry for known in world.entries}
        self._waiting: list[TimeEntry] = []
        self._work: dict[str, dict[str, Work]] = defaultdict(dict)

    def days(self) -> Iterator[date]:
        return (known.on for known in self._coming)

    def play(self, day: date, books: Books) -> None:
        """Together with what came today, everything that waits is looked at again."""
        self._take_back(books)
        batch = [*self._waiting, *(k.entry for k in self._coming if k.on <= day)]
        self._coming = [known for known in self._coming if known.on > day]
        self._waiting = []
        judging = evidence(self._world, batch, day)
        for entry in batch:
            self._take(judging.judge(entry), day, books)
        for name in sorted(self._work):
            self._price(name, day, books)

    def _take_back(self, books: Books) -> None:
        """Credited hours are judged and priced anew, or never billed again."""
        for contract, id, rebill in books.credited:
            if self._work[contract].pop(id, None) is not None and rebill:
                self._waiting.append(self._entries[id])
        books.credited.clear()

    def _take(self, verdict: Verdict, day: date, books: Books) -> None:
        entry = verdict.entry
        contract = self._world.project(entry.project, day).contract or ""
        if verdict.problems:
            amount = worth(self._world, entry, day)
            books.hold(entry.id, held(_what(entry), contract, amount, verdict.problems, day))
            self._waiting.append(entry)
        elif verdict.rated is not None:
            work = replace(verdict.rated.work, is_courtesy=entry.is_courtesy)
            self._work[contract][entry.id] = replace(work, customer=self._customer(contract, day))
        else:
            books.release(entry.id, day)

    def _customer(self, contract: str, day: date) -> str:
        return self._world.contract(contract, day).customer

    def _price(self, name: str, day: date, books: Books) -> None:
        contract, work = self._world.contract(name, day), self._work[name]
        ledger = books.ledgers[name]
        frozen = [f for f in ledger.left(ledger.frozen()) if f.work.kind is LineKind.TIME]
        try:
            priced = price(contract, work.values(), frozen, self._elsewhere(name, day, books))
        except Unusable as error:
            _stop(name, error, day, books)
            return
        books.release(_terms(name), day)
        books.put(name, LineKind.TIME, priced.facts, day)
        books.usages[name] = priced.usages
        self._settle(name, priced, frozen, day, books)

    def _elsewhere(self, name: str, day: date, books: Books) -> list[Fact]:
        """Work of the customer's other contracts, for caps at the customer's level."""
        customer = self._customer(name, day)
        others = [n for n in self._work if n != name and self._customer(n, day) == customer]
        ledgers = [books.ledgers[other] for other in others]
        return [fact for ledger in ledgers for fact in ledger.left(ledger.in_force())]

    def _settle(
        self, name: str, priced: Priced, frozen: Sequence[Fact], day: date, books: Books
    ) -> None:
        """What is held whole is checked again from the start: its month may be closed by then."""
        stopped: dict[str, list[Held]] = defaultdict(list)
        for one in priced.held:
            stopped[one.fact.work.id].append(one)
        begun = {fact.work.id for fact in (*priced.facts, *frozen)}
        for id in sorted(self._work[name]):
            if id not in stopped:
                books.release(id, day)
                continue
            self._hold(name, stopped[id], day, books)
            if id not in begun:
                del self._work[name][id]
                self._waiting.append(self._entries[id])

    def _hold(self, name: str, parts: Sequence[Held], day: date, books: Books) -> None:
        entry = self._entries[parts[0].fact.work.id]
        hours = sum((part.fact.hours for part in parts), Decimal(0))
        amount = Money.total((p.fact.amount for p in parts), parts[0].fact.amount.currency)
        problems = list(dict.fromkeys(part.problem for part in parts))
        books.hold(entry.id, held(_what(entry, hours), name, amount, problems, day))


def _what(entry: TimeEntry, hours: Decimal | None = None) -> str:
    of_all = f"{trimmed(entry.hours)} h"
    if hours is not None and hours != entry.hours:
        of_all = f"{trimmed(hours)} h of {of_all}"
    return f"{entry.resource}, {entry.worked_on}, {of_all}"


def _terms(name: str) -> str:
    return f"terms of {name}"


def _stop(name: str, error: Unusable, day: date, books: Books) -> None:
    """Terms that cannot be followed price nothing."""
    problem = Problem(f"{error.field}_unusable", error.reason, "finance", error.remedy, error.field)
    books.hold(_terms(name), held(f"hours of {name}", name, None, [problem], day))
