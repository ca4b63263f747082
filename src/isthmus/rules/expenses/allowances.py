"""Allowances: an amount for a distance or for days away, whatever was spent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.terms import MileageTier, PerDiem
from isthmus.kit.money import Money, step_of
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import nearest


def mileage(
    tiers: Sequence[MileageTier], distance: Decimal, driven_before: Decimal = Decimal(0)
) -> Money:
    """What a distance is worth after what was driven before it in the year.

    Tiers fill up over the year (Dynamics 365, expense/set-up-mileage: 1,500 at 0.45 up to 1,000
    and 0.25 beyond are 575). The year's amount is worked out whole and a trip gets what it moved
    by, so trips add up to the year, and a trip taken back gives the same amount back.
    """
    refuse_unless(
        bool(tiers) and tiers[-1].up_to is None,
        "mileage",
        "The last tier of a mileage rate has no limit, and there is one at least.",
        "Add a rate without a distance to the expense terms of the contract.",
    )
    refuse_unless(
        _rises([tier.up_to for tier in tiers[:-1]]),
        "mileage",
        "Each tier but the last ends at a greater distance than the one before it.",
        "Put the tiers in the order of their distances, each with a limit but the last.",
    )
    currency = tiers[0].rate.currency
    to_date = _of_the_year(tiers, driven_before + distance)
    return to_date - _of_the_year(tiers, driven_before) or Money.zero(currency)


def _rises(limits: Sequence[Decimal | None]) -> bool:
    known = [limit for limit in limits if limit is not None]
    return len(known) == len(limits) and known == sorted(set(known))


def _of_the_year(tiers: Sequence[MileageTier], distance: Decimal) -> Money:
    currency = tiers[0].rate.currency
    exact, start = Fraction(0), Decimal(0)
    for tier in tiers:
        end = distance if tier.up_to is None else min(distance, tier.up_to)
        exact += Fraction(max(end - start, Decimal(0))) * Fraction(tier.rate.amount)
        start = max(start, end)
    return Money.of(nearest(exact, step_of(currency)), currency)


def driven_before(
    entry: ExpenseEntry, others: Iterable[ExpenseEntry], year_starts_on: date
) -> Decimal:
    """The same person's distance of the same category since the year's first day.

    By day, then by id. Whether a calendar or a fiscal year counts is the firm's to say.
    """
    place = (entry.spent_on, entry.id)
    earlier = (
        other.quantity
        for other in others
        if (other.resource, other.category) == (entry.resource, entry.category)
        and year_starts_on <= other.spent_on
        and (other.spent_on, other.id) < place
    )
    return sum(earlier, start=Decimal(0))


class Meal(StrEnum):
    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    DINNER = "dinner"


@dataclass(frozen=True, slots=True)
class Trip:
    """`provided`: for a day, counted from 1, the meals that somebody else paid."""

    days: int
    provided: tuple[tuple[int, Meal], ...] = ()


def per_diem(terms: PerDiem, trip: Trip) -> Money:
    """A trip of one day is a first and a last day at once, and is paid once as such."""
    refuse_unless(
        trip.days >= 1 and all(1 <= day <= trip.days for day, _ in trip.provided),
        "days",
        f"A trip of {trip.days} days does not have the days that its meals name.",
        "Correct the days of the expense, or the meals provided, in the PSA.",
    )
    percent = sum((_percent(terms, trip, day) for day in range(1, trip.days + 1)), Decimal(0))
    exact = Fraction(terms.daily.amount) * Fraction(percent) / 100
    currency = terms.daily.currency
    return Money.of(nearest(exact, step_of(currency)), currency)


def _percent(terms: PerDiem, trip: Trip, day: int) -> Decimal:
    whole = terms.first_last_percent if day in (1, trip.days) else Decimal(100)
    taken = {
        Meal.BREAKFAST: terms.breakfast_percent,
        Meal.LUNCH: terms.lunch_percent,
        Meal.DINNER: terms.dinner_percent,
    }
    meals = {meal for on, meal in trip.provided if on == day}
    return max(whole - sum((taken[meal] for meal in meals), Decimal(0)), Decimal(0))
