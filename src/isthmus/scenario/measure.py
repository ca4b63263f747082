"""What is done and what is expected in all: as stated, or as the terms and the hours say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from isthmus.canonical import Contract, TimeEntry
from isthmus.canonical.revenue import RecognitionMethod
from isthmus.canonical.terms import RecognitionTerms
from isthmus.kit.money import Money
from isthmus.scenario.earning import Measure
from isthmus.scenario.world import World

_NONE = Decimal(0)
_Figures = list[tuple[date, Decimal]]


def measure_of(world: World, contract: Contract, terms: RecognitionTerms) -> Measure:
    by_cost = terms.method is RecognitionMethod.COST_TO_COST
    stated = _figures(
        (part.on, part.cost if by_cost else part.hours)
        for part in world.file.progress
        if world.contract_named(part.contract) == contract.id
    )
    expected = _figures(
        (part.on, part.expected_cost if by_cost else part.expected_hours)
        for part in world.file.estimates
        if world.contract_named(part.contract) == contract.id
    )
    of_terms = _number(terms.expected_cost if by_cost else terms.expected_hours)
    worked = _worked(world, contract, by_cost) if not stated else []

    def measured(day: date) -> tuple[Decimal, Decimal]:
        done = _latest(stated, day, _NONE) if stated else _sum(worked, day)
        return done, _latest(expected, day, of_terms)

    return measured


def _figures(stated: Iterable[tuple[date, Money | Decimal | None]]) -> _Figures:
    return sorted((on, _number(value)) for on, value in stated if value is not None)


def _number(value: Money | Decimal | None) -> Decimal:
    return value.amount if isinstance(value, Money) else value or _NONE


def _latest(figures: _Figures, day: date, otherwise: Decimal) -> Decimal:
    known = [value for on, value in figures if on <= day]
    return known[-1] if known else otherwise


def _sum(figures: _Figures, day: date) -> Decimal:
    return sum((value for on, value in figures if on <= day), _NONE)


def _worked(world: World, contract: Contract, by_cost: bool) -> _Figures:
    """Approved hours, or their cost, on the day on which they count."""
    company = contract.legal_entity
    return [
        (
            world.calendar.earning_day(known.entry.worked_on, known.on, company),
            _cost(world, known.entry) if by_cost else known.entry.hours,
        )
        for known in world.entries
        if world.project(known.entry.project, world.until).contract == contract.id
    ]


def _cost(world: World, entry: TimeEntry) -> Decimal:
    rate = world.people[entry.resource].cost_rate
    assert rate is not None, "the file was read without a mistake"
    return rate.times(entry.hours).rounded().amount
