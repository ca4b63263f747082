"""The lines of an invoice: for each price what it rests on, and the work that was paid by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from isthmus.console.words import plain
from isthmus.flows.lineage import CardVersion, FactLineage, InvoiceLineage, LineLineage
from isthmus.kit.money import Money

UNITS = {"time": "h"}


@dataclass(frozen=True)
class Source:
    """One hour, expense or milestone of a line. `quantity` is told where it is not one."""

    fact: FactLineage
    who: str
    quantity: str


@dataclass(frozen=True)
class Price:
    """Facts of one price; `rules` say where it was looked for, in order, and what was found."""

    card: CardVersion | None
    rate: Money
    rules: tuple[tuple[str, str], ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class LineTold:
    line: LineLineage
    description: str
    unit: str
    prices: tuple[Price, ...]


def lines_told(found: InvoiceLineage, hide: Callable[[str], str]) -> list[LineTold]:
    return [
        LineTold(line, hide(line.description), UNITS.get(line.kind, ""), _prices(line.facts, hide))
        for line in found.lines
    ]


def _prices(facts: Sequence[FactLineage], hide: Callable[[str], str]) -> tuple[Price, ...]:
    grouped: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[FactLineage]] = {}
    for fact in facts:
        rules = tuple((str(t["scope"]), hide(str(t["found"]))) for t in fact.trail)
        card = fact.rate_card.number if fact.rate_card else ""
        grouped.setdefault((card, str(fact.rate), rules), []).append(fact)
    return tuple(
        Price(same[0].rate_card, same[0].rate, rules, tuple(_source(f, hide) for f in same))
        for (_, _, rules), same in grouped.items()
    )


def _source(fact: FactLineage, hide: Callable[[str], str]) -> Source:
    if fact.source_kind != "time_entry":
        return Source(fact, hide(fact.person), "")
    told = f"{plain(fact.billed_hours)} h"
    if fact.billed_hours != fact.hours:
        told += f" (worked {plain(fact.hours)} h)"
    return Source(fact, hide(fact.person), told)
