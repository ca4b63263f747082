"""Cost of winning a contract: an asset if it would not exist without the contract."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from isthmus.kit.money import Money
from isthmus.rules.rounding import Remainder, split


class ShortContracts(StrEnum):
    """IFRS 15.94, ASC 340-40-25-4: an asset that would be gone within a year."""

    EXPENSED = "expensed"
    """Default: the practical expedient."""
    CAPITALISED = "capitalised"


@dataclass(frozen=True, slots=True)
class Cost:
    what: str
    amount: Money
    incremental: bool
    """Incurred only because the contract was won (IFRS 15.92)."""


@dataclass(frozen=True, slots=True)
class Winning:
    asset: Money
    expense: Money


def winning_costs(costs: Iterable[Cost], currency: str) -> Winning:
    known = tuple(costs)
    asset = Money.total((cost.amount for cost in known if cost.incremental), currency)
    whole = Money.total((cost.amount for cost in known), currency)
    return Winning(asset, whole - asset)


def expensed_by_month(
    asset: Money, months: int, short: ShortContracts = ShortContracts.EXPENSED
) -> tuple[Money, ...]:
    """Evenly over the months of the contract (IFRS 15.99)."""
    if months <= 12 and short is ShortContracts.EXPENSED:
        return (asset, *(Money.zero(asset.currency) for _ in range(months - 1)))
    return split(asset, [1] * months, Remainder.CUMULATIVE)
