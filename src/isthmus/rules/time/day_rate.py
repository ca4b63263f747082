"""Day rates: hours of a day become half days and days, and those have the price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil

from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import DayRate
from isthmus.kit.money import Money
from isthmus.rules.facts import Fact
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import trimmed
from isthmus.rules.time.rounding import rounded_in_turn

Day = tuple[str, str, date]


def days_of(hours: Fraction, terms: DayRate) -> Decimal:
    """Up to the next step, at most the maximum; what a correction takes back is mirrored."""
    check_day_rate(terms)
    steps = ceil(abs(hours) / Fraction(terms.hours_per_day) / Fraction(terms.step))
    days = min(steps * terms.step, terms.maximum)
    return days if hours >= 0 else -days


def price_of_day(fact: Fact, terms: DayRate) -> Money:
    """The contract's price of a day; else the card's; else that of the hours of a day."""
    if terms.rate is not None:
        return terms.rate
    hourly = fact.work.unit is RateUnit.HOUR
    return fact.rate.times(terms.hours_per_day) if hourly else fact.rate


def in_days(facts: Sequence[Fact], terms: DayRate, invoiced: Iterable[Fact] = ()) -> list[Fact]:
    """Facts of one person's day on one project, in days.

    Several entries of a day are one day together: each has the steps that it adds, so an entry
    that fits into the half day before it has no days, and costs nothing more.
    """
    before, billed = Fraction(0), Decimal(0)
    for fact in invoiced:
        before += Fraction(fact.billed_hours)
        billed += fact.quantity
    hours = [Fraction(fact.billed_hours) for fact in facts]
    days = rounded_in_turn(hours, lambda total: days_of(total, terms), before, billed)
    return [
        fact.changed(
            f"{trimmed(fact.billed_hours)} h of {terms.hours_per_day} h on "
            f"{fact.work.worked_on}: {trimmed(part)} days",
            quantity=part, unit=RateUnit.DAY, rate=price_of_day(fact, terms),
        )
        for fact, part in zip(facts, days, strict=True)
    ]  # fmt: skip


def by_day(facts: Iterable[Fact]) -> dict[Day, list[Fact]]:
    found: dict[Day, list[Fact]] = defaultdict(list)
    for fact in facts:
        found[fact.work.resource, fact.work.project, fact.work.worked_on].append(fact)
    return found


def check_day_rate(terms: DayRate) -> None:
    refuse_unless(
        min(terms.hours_per_day, terms.step, terms.maximum) > 0,
        "day_rate",
        "The hours of a day, its step and its maximum are more than zero.",
        "Correct the contract's day rate.",
    )
