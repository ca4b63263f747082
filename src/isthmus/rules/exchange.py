"""Exchange rates: which one applies on a day, and an amount in another currency."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from isthmus.canonical import ExchangeRate
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem


def converted(amount: Money, rate: Decimal, currency: str) -> Money:
    return Money.of(amount.amount * rate, currency).rounded()


def rate_on(
    day: date, source: str, target: str, rates: Iterable[ExchangeRate]
) -> ExchangeRate | Problem:
    """The latest rate of that day or before it.

    A rate the other way round is not turned: one over a published rate is not the rate that the
    ledger has.
    """
    if source == target:
        return ExchangeRate(
            id=f"{source}-{target}", source=source, target=target, rated_on=day, rate=Decimal(1)
        )
    known = [r for r in rates if (r.source, r.target) == (source, target) and r.rated_on <= day]
    if not known:
        return Problem(
            "exchange_rate_missing",
            f"no rate from {source} to {target} is known on {day} or before",
            "finance",
            f"Enter the rate from {source} to {target} of {day} in the ledger, then replay.",
        )
    return max(known, key=lambda r: (r.rated_on, r.id))
