"""Values as people read them: amounts, ages, clocks, names. Used as filters of the templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from isthmus.kit.money import Money, minor_units

_STEPS = ((86400, "d"), (3600, "h"), (60, "min"))
NAMES = {
    "held": "needs a person", "waiting_system": "waits for a system",
    "waiting_period": "waits for a period", "dead": "stopped for good", "replaying": "replaying",
    "resolved": "over", "integration": "Integration", "finance": "Finance", "pmo": "PMO",
    "isthmus": "Isthmus", "psa": "PSA", "erp": "ERP", "crm": "CRM", "hcm": "HCM",
    "t_and_m": "time and materials",
}  # fmt: skip


def amount(value: Decimal, currency: str) -> str:
    """12345.5, EUR -> 12,345.50."""
    return f"{value:,.{minor_units(currency)}f}"


def whole(value: Decimal) -> str:
    """For a headline, where cents only disturb: 12,346."""
    return f"{value:,.0f}"


def plain(value: Decimal) -> str:
    """A quantity without trailing zeros: 7.50 is 7.5."""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def span(length: timedelta) -> str:
    """Its largest unit, and half of the next where that tells more: 3 h, 2 d, 45 min, 20 s."""
    seconds = abs(int(length.total_seconds()))
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def ago(at: datetime, now: datetime) -> str:
    if abs(now - at) < timedelta(seconds=45):
        return "just now"
    return f"{span(now - at)} ago" if at <= now else f"in {span(at - now)}"


def instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %Y, %H:%M:%S} UTC"


def day(on: date) -> str:
    return f"{on:%d %b %Y}".lstrip("0")


def words(name: str) -> str:
    """`changed_after_invoicing` -> changed after invoicing."""
    return NAMES.get(name, name.replace("_", " "))


def map_words(names: Iterable[str]) -> list[tuple[str, str]]:
    """Choices of a list: what is sent, and how it reads."""
    return [(name, words(name)) for name in names]


def map_same(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(name, name) for name in names]


def sentence(text: str) -> str:
    """Starts with a capital and ends with a full stop."""
    trimmed = text.strip()
    if not trimmed:
        return ""
    return trimmed[0].upper() + trimmed[1:] + ("" if trimmed[-1] in ".!?" else ".")


def shown(value: object, fields: Iterable[Any], name: str) -> str:
    """A value of a correction, by the name that the form has for it."""
    if value is None:
        return "not set"
    text = "true" if value is True else "false" if value is False else str(value)
    if isinstance(value, dict) and "currency" in value:
        text = f"{value['amount']} {value['currency']}"
    choices = next((dict(f.choices) for f in fields if f.name == name), {})
    return str(choices.get(text, text))


def plural(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def money_parts(amounts: Mapping[str, Decimal]) -> list[Money]:
    return by_currency(amounts)


def by_currency(amounts: Mapping[str, Decimal]) -> list[Money]:
    """The largest first."""
    parts = [Money.of(value, currency) for currency, value in amounts.items()]
    return sorted(parts, key=lambda m: (-abs(m.amount), m.currency))


def summed(parts: Iterable[Money]) -> list[Money]:
    """One sum for each currency, the largest first."""
    sums: dict[str, Decimal] = {}
    for part in parts:
        sums[part.currency] = sums.get(part.currency, Decimal(0)) + part.amount
    return by_currency(sums)
