from decimal import Decimal

import pytest
from tests.rules.facts import day, eur

from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money
from isthmus.rules.rating import Rated, amount_of
from isthmus.rules.refusal import Unusable


def at(rate: Money, unit: RateUnit) -> Rated:
    return Rated(rate, "id", "RC-1", "company rate card", day("2026-01-01"), (), unit)


def test_an_hourly_price_is_rounded_half_up_once() -> None:
    assert amount_of(at(eur("33.33"), RateUnit.HOUR), Decimal("0.5")) == eur("16.67")
    assert amount_of(at(eur("33.33"), RateUnit.HOUR), Decimal("-0.5")) == eur("-16.67")


def test_a_flat_price_ignores_the_hours_and_a_correction_takes_it_back() -> None:
    flat = at(eur("90.00"), RateUnit.ENTRY)
    assert amount_of(flat, Decimal("0.25")) == eur("90.00")
    assert amount_of(flat, Decimal(11)) == eur("90.00")
    assert amount_of(flat, Decimal("-0.25")) == eur("-90.00")


def test_a_day_price_is_for_the_days_that_the_caller_counts() -> None:
    daily = at(eur("1100.00"), RateUnit.DAY)
    assert amount_of(daily, Decimal(6), days=Decimal("0.5")) == eur("550.00")
    with pytest.raises(Unusable, match=r"RC-1 is 1,100\.00 EUR per day, and 6 hours are no days"):
        amount_of(daily, Decimal(6))
