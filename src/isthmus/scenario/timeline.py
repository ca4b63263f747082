"""A scenario day by day: on each day every area takes up what is known by then.

An area is a module `play_*.py` with one class. It says on which days something of it happens, and
is asked on every day on which anything happens anywhere, so that what waits goes on when its cause
is gone. Areas share `Books` and nothing else; their order here is the order within a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Protocol

from isthmus.canonical.terms import CapLevel
from isthmus.kit.money import Money
from isthmus.rules.caps import Bucket
from isthmus.rules.facts import Charging, Fact
from isthmus.scenario.books import Books
from isthmus.scenario.outcome import CapUse, Outcome
from isthmus.scenario.play_credits import Credits
from isthmus.scenario.play_expenses import Expenses
from isthmus.scenario.play_milestones import Milestones
from isthmus.scenario.play_revenue import Revenue
from isthmus.scenario.play_runs import Runs
from isthmus.scenario.play_time import Time
from isthmus.scenario.told import told
from isthmus.scenario.world import World


class Area(Protocol):
    def days(self) -> Iterable[date]:
        """On which something of the area happens."""

    def play(self, day: date, books: Books) -> None:
        """Take up what is known by the end of the day."""


AREAS: tuple[Callable[[World], Area], ...] = (
    Credits, Time, Expenses, Milestones, Runs, Revenue,
)  # fmt: skip


def play(world: World) -> Outcome:
    areas = [area(world) for area in AREAS]
    books = Books()
    days = {*world.days(), *(day for area in areas for day in area.days())}
    for day in sorted(day for day in days if day <= world.until):
        for area in areas:
            area.play(day, books)
    return _outcome(world, books)


def _outcome(world: World, books: Books) -> Outcome:
    return Outcome(
        invoices=tuple(books.invoices),
        credit_memos=tuple(books.credit_memos),
        held=tuple(sorted(books.held, key=lambda held: (held.since, held.contract, held.what))),
        released=tuple(
            sorted(books.released, key=lambda r: (r.released, r.since, r.contract, r.what))
        ),
        to_invoice=_to_invoice(world, books),
        not_charged=_not_charged(books),
        cap_usage=_cap_usage(world, books),
        revenue={
            contract: {month: earned.amount for month, earned in months.items() if earned.amount}
            for contract, months in books.revenue.items()
        },
        unbilled=books.unbilled,
        deferred=books.deferred,
        journals=tuple(sorted(books.journals, key=lambda j: (j.on, j.contract))),
        earned={
            contract: {month: earned.trail for month, earned in months.items()}
            for contract, months in books.revenue.items()
        },
        given={
            contract: tuple(sentence for fact in facts for sentence in told(fact))
            for contract, facts in _given(books)
        },
    )


def _to_invoice(world: World, books: Books) -> dict[str, Money]:
    amounts = {
        name: books.to_invoice(name, world.contract(name, world.until).currency)
        for name in world.file.contracts
    }
    return {name: amount for name, amount in sorted(amounts.items()) if amount}


def _given(books: Books) -> Iterator[tuple[str, list[Fact]]]:
    for contract, ledger in sorted(books.ledgers.items()):
        facts = [f for f in ledger.in_force() if f.charging is not Charging.CHARGED]
        if facts:
            yield contract, facts


def _not_charged(books: Books) -> dict[str, Money]:
    return {
        contract: Money.total((f.list_amount for f in facts), facts[0].rate.currency)
        for contract, facts in _given(books)
    }


def _cap(bucket: Bucket) -> str:
    """Of a person, project, task or customer it says which."""
    of_contract = bucket.cap.level is CapLevel.CONTRACT
    return bucket.words() if of_contract else f"{bucket.scope}, {bucket.words()}"


def _cap_usage(world: World, books: Books) -> tuple[CapUse, ...]:
    return tuple(
        CapUse(
            contract, _cap(usage.bucket),
            Money.of(usage.spent.amount, world.contract(contract, world.until).currency),
            usage.spent.hours, usage.alert,
        )
        for contract, usages in sorted(books.usages.items())
        for usage in usages
    )  # fmt: skip
