"""The firm's price list, from real hourly prices: data/labour_rates.csv and ORIGIN.md there."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from importlib import resources

CURRENCIES = ("GBP", "EUR", "USD")
"""In the order of a category's prices, dearest last; the one left is the named client's."""
CENT = Decimal("0.01")
ALWAYS = date(2026, 1, 1)
INDEXED_ON = date(2026, 8, 17)
INDEXED_CURRENCY = "EUR"
INDEX = Decimal("1.03")
COST_SHARES = {"EUR": Decimal("0.52"), "GBP": Decimal("0.52"), "USD": Decimal("0.58")}
"""Of a role's cheapest price, what an hour of it costs the firm: salary and what comes with it;
more in America, where the employer pays for health.
"""
REVOKED_ROLE, REVOKED_CURRENCY = "Technical Writer", "USD"
REVOKED_FROM = date(2026, 9, 21)
"""From this day nobody has agreed a price for the role: its card ends without a successor."""


@dataclass(frozen=True)
class Card:
    """One price. `client` is None on the firm's own list."""

    number: str
    role: str
    currency: str
    client: str | None
    rate: Decimal
    starts_on: date
    ends_on: date | None = None
    cost: Decimal = Decimal(0)
    """Average of the role, in the same currency."""

    def applies(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


def labour_prices() -> dict[str, list[Decimal]]:
    """Labour category -> its prices, cheapest first."""
    text = resources.files(__package__).joinpath("data/labour_rates.csv").read_text("utf-8")
    found: dict[str, list[Decimal]] = defaultdict(list)
    for row in csv.DictReader(text.splitlines()):
        found[row["labor_category"]].append(Decimal(row["price_per_hour_usd"]))
    return {role: sorted(prices) for role, prices in found.items()}


def average_cost(role: str, currency: str) -> Decimal:
    """Of an hour of anybody in the role. Nothing is converted, as with prices."""
    return to_cent(labour_prices()[role][0] * COST_SHARES[currency])


def to_cent(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def first_cards(own_prices: Iterable[tuple[str, str, str]]) -> list[Card]:
    """The list of 1 January; `own_prices` are (client, currency, role) with a price of their own:
    the cheapest of the category, since they buy most.
    """
    prices = labour_prices()
    cards = [
        Card(_number(currency, role), role, currency, None, price, ALWAYS)
        for role, [_, *list_prices] in prices.items()
        for currency, price in zip(CURRENCIES, list_prices, strict=True)
    ]
    own = [
        Card(_number(currency, role, client), role, currency, client, prices[role][0], ALWAYS)
        for client, currency, role in own_prices
    ]
    return [replace(card, cost=average_cost(card.role, card.currency)) for card in cards + own]


def indexed(cards: Iterable[Card]) -> list[tuple[Card, Card]]:
    """In mid-August the list in euros goes up: each card with its end date, and its successor."""
    return [(_ended(c, INDEXED_ON - timedelta(days=1)), _successor(c))
            for c in cards if c.client is None and c.currency == INDEXED_CURRENCY]  # fmt: skip


def revoked(cards: Iterable[Card]) -> Card:
    """The card whose price is withdrawn in September."""
    [card] = [
        c for c in cards if (c.role, c.currency, c.client) == (REVOKED_ROLE, REVOKED_CURRENCY, None)
    ]
    return _ended(card, REVOKED_FROM - timedelta(days=1))


def price(
    cards: Sequence[Card], client: str, role: str, currency: str, day: date
) -> Decimal | None:
    """What the PMO reads off the list: the client's own price before the firm's."""
    for holder in (client, None):
        for card in cards:
            named = (card.client, card.role, card.currency) == (holder, role, currency)
            if named and card.applies(day):
                return card.rate
    return None


def _number(currency: str, role: str, client: str | None = None, year: str = "2026") -> str:
    return " ".join(part for part in ("RC", currency, role, client, year) if part)


def _ended(card: Card, day: date) -> Card:
    return replace(card, ends_on=day)


def _successor(card: Card) -> Card:
    number = _number(card.currency, card.role, card.client, "2026b")
    return replace(card, number=number, rate=to_cent(card.rate * INDEX), starts_on=INDEXED_ON)
