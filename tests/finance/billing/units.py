"""Shapes and units in which the cases give money, percents and periods."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from isthmus.kit.money import Money
from isthmus.rules.subscriptions.billing import Item


def eur(amount: str | int | Decimal) -> Money:
    return Money.of(amount, "EUR")


def from_cents(amount: int) -> Money:
    return eur(Decimal(amount) / 100)


def to_cents(amount: Money) -> Decimal:
    return amount.amount * 100


def percent(text: str) -> Decimal:
    return Decimal(text.removesuffix("%"))


def total(amounts: list[Money]) -> Money:
    return Money.total(amounts, "EUR")


def day(text: str) -> date:
    return date.fromisoformat(text)


def days(text: str) -> tuple[date, date]:
    first, end = text.split("/")
    return day(first), day(end)


def span(item: Item) -> str:
    return f"{item.period.starts_on}/{item.period.ends_on}"
