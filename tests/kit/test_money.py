"""Money is exact, rounds half up at the currency's minor unit, and never mixes currencies."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from isthmus.kit.money import Money, minor_units

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=6)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("10.005", "EUR", "10.01"), ("10.004", "EUR", "10.00"), ("-10.005", "EUR", "-10.01"),
        ("10.5", "JPY", "11"), ("1.0005", "BHD", "1.001"), ("2.675", "USD", "2.68"),
        ("119.505", "RSD", "119.51"),
    ],
)  # fmt: skip
def test_rounding(amount: str, currency: str, rounded: str) -> None:
    assert Money.of(amount, currency).rounded() == Money.of(rounded, currency)


@pytest.mark.parametrize(
    ("currency", "digits"), [("EUR", 2), ("JPY", 0), ("BHD", 3), ("RSD", 2), ("IQD", 3)]
)
def test_minor_units(currency: str, digits: int) -> None:
    assert minor_units(currency) == digits


def test_different_currencies_are_never_added() -> None:
    with pytest.raises(ValueError, match="1\\.00 EUR and 1\\.00 USD are of different currencies"):
        Money.of(1, "EUR") + Money.of(1, "USD")


def test_a_float_is_refused() -> None:
    with pytest.raises(ValidationError, match="a binary float is not money"):
        Money.model_validate({"amount": 0.1, "currency": "EUR"})


@pytest.mark.parametrize("code", ["eur", "EURO", "", "€"])
def test_a_code_has_the_iso_form(code: str) -> None:
    with pytest.raises(ValidationError, match="is not an ISO 4217 code"):
        Money.of(1, code)


@pytest.mark.parametrize("amount", ["NaN", "Infinity"])
def test_an_amount_is_finite(amount: str) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Money.of(amount, "EUR")


def test_text_shows_hidden_digits() -> None:
    assert str(Money.of("1234567.5", "EUR")) == "1,234,567.50 EUR"
    assert str(Money.of("150.1234", "EUR")) == "150.1234 EUR"
    assert str(Money.of("1200", "JPY")) == "1,200 JPY"


@given(st.lists(AMOUNTS))
def test_a_total_loses_nothing(amounts: list[Decimal]) -> None:
    parts = [Money.of(a, "EUR") for a in amounts]
    assert Money.total(parts, "EUR").amount == sum(amounts, Decimal(0))


@given(AMOUNTS)
def test_json_keeps_every_digit(amount: Decimal) -> None:
    money = Money.of(amount, "EUR")
    assert Money.model_validate_json(money.model_dump_json()) == money
