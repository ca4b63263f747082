"""Ratios that people compare firms by, each under the name that says what is divided by what.

Two utilisations disagree by design and have two functions. Hours are raw and by day of work, never
the rounded ones of an invoice.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import Number, nearest, share


def ratio(part: Number, whole: Number) -> Fraction:
    """Over zero: 1 if there is a part, else 0 (Certinia, UtilizationFormulaeOverview)."""
    if whole:
        return Fraction(part) / Fraction(whole)
    return Fraction(1) if part > 0 else Fraction(0)


def percent(value: Fraction, places: int = 1) -> Decimal:
    """For people to read: 0.8125 is 81.3. Half up, once."""
    return nearest(value * 100, Decimal(1).scaleb(-places))


def billable_of_capacity(
    billable: Decimal, calendar: Decimal, credited: Decimal = Decimal(0),
    excluded: Decimal = Decimal(0),
) -> Fraction:  # fmt: skip
    """Certinia: (billable + credited) / (calendar - excluded). Dynamics 365 takes absence and
    non-working hours off the capacity in the same way.
    """
    return ratio(billable + credited, calendar - excluded)


def billable_of_tracked(billable: Decimal, tracked: Decimal) -> Fraction:
    """Of the hours that people wrote down; says nothing of the hours that they did not."""
    return ratio(billable, tracked)


def target_attained(utilisation: Fraction, target: Number) -> Fraction:
    """Certinia: utilisation / target of the day."""
    return ratio(utilisation, target)


def realised_hours(billed: Decimal, billable: Decimal) -> Fraction:
    """Ruddr: billed hours / recorded billable hours."""
    return ratio(billed, billable)


def realised_value(net_revenue: Money, standard_value: Money) -> Fraction:
    """Net revenue after adjustments / hours at standard rate; caps and write-downs lower it."""
    return _of(net_revenue, standard_value)


def collected_of_billed(collected: Money, billed: Money) -> Fraction:
    return _of(collected, billed)


def effective_rate(revenue: Money, hours: Decimal) -> Money | None:
    """Ruddr: revenue / total hours, billable or not. None without hours: there is no such rate."""
    return share(revenue, 1 / Fraction(hours)) if hours else None


def _of(part: Money, whole: Money) -> Fraction:
    refuse_unless(
        part.currency == whole.currency,
        "currency",
        f"{part} is no part of {whole}.",
        "Convert one of them first.",
    )
    return ratio(part.amount, whole.amount)
