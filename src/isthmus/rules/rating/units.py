"""What an entry comes to at its rate: by the hour, by the day, or flat."""

from __future__ import annotations

from decimal import Decimal

from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money
from isthmus.rules.rating.result import Rated
from isthmus.rules.refusal import Unusable


def amount_of(rated: Rated, hours: Decimal, days: Decimal | None = None) -> Money:
    """Rounded half up at the minor unit. `hours` are those that are billed.

    How many days some hours are is the contract's business (`DayRate`), so `days` are given.
    A flat price is the same for any hours; a correction (hours below zero) takes it back.

    Raises `Unusable` for a price per day without days.
    """
    match rated.unit:
        case RateUnit.HOUR:
            return rated.rate.times(hours).rounded()
        case RateUnit.ENTRY:
            return (-rated.rate if hours < 0 else rated.rate).rounded()
        case RateUnit.DAY:
            if days is None:
                raise Unusable(
                    "days",
                    f"{rated.source_label} is {rated.rate} per day, and {hours} hours are no days.",
                    "Give the contract a day rate that says how many hours are a day.",
                )
            return rated.rate.times(days).rounded()
