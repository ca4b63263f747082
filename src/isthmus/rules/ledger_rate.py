"""The one rate that a ledger gets for an entry, whatever its parts are priced at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, Protocol

from isthmus.kit.money import Money
from isthmus.rules.facts import Charging

PRICED = frozenset({"multiplier", "discount_percent", "unit"})


class Priced(Protocol):
    """A part of an entry as it is kept."""

    @property
    def billed_hours(self) -> Decimal: ...
    @property
    def rate(self) -> Decimal: ...
    @property
    def amount(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...
    @property
    def charging(self) -> str: ...
    @property
    def pricing(self) -> Mapping[str, Any]: ...


def ledger_rate(parts: Sequence[Priced]) -> Money:
    """Of an hour: the one price of all parts, or what they come to. What the client pays is said
    by the invoice, part by part.
    """
    first = parts[0]
    hours = sum((part.billed_hours for part in parts), Decimal(0))
    if not hours or (all(map(_is_at_its_rate, parts)) and len({p.rate for p in parts}) == 1):
        return _nothing(first.currency).another(first.rate)
    amount = sum((part.amount for part in parts), Decimal(0))
    return _nothing(first.currency).another(amount / hours).rounded()


_nothing = lru_cache(Money.zero)


def _is_at_its_rate(part: Priced) -> bool:
    """Whether an hour costs the part's rate: no multiplier, discount or price per day."""
    return part.charging == Charging.CHARGED and not PRICED & part.pricing.keys()
