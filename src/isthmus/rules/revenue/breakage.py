"""Prepaid rights that customers do not all use: hours, credits, points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from isthmus.kit.money import Money
from isthmus.rules.refusal import Unusable
from isthmus.rules.revenue.progress import Measured, earned_to_date
from isthmus.rules.rounding import movements, share


class Breakage(StrEnum):
    """IFRS 15 B46, ASC 606-10-55-48. Not a free choice: it follows from what can be estimated."""

    PROPORTIONAL = "proportional"
    """Default: the unused part is earned in the pattern of use, because it can be estimated."""
    REMOTE = "remote"
    """Earned only when further use is remote or the right expires."""


@dataclass(frozen=True, slots=True)
class Prepaid:
    price: Money
    sold: Decimal
    breakage: Breakage = Breakage.PROPORTIONAL
    step: Decimal | None = None
    """Rounding of the running total where it is coarser than the minor unit."""


@dataclass(frozen=True, slots=True)
class Use:
    """What is known at the end of a period. Units that roll into a renewal count as use."""

    to_date: Decimal
    expected_in_all: Decimal | None = None
    expired: bool = False


def redeemed_to_date(prepaid: Prepaid, use: Use) -> Money:
    if use.expired:
        return share(prepaid.price, 1, prepaid.step)
    if prepaid.breakage is Breakage.REMOTE:
        return earned_to_date(prepaid.price, Measured(use.to_date, prepaid.sold), prepaid.step)
    if use.expected_in_all is None:
        raise Unusable(
            "expected_in_all",
            "Breakage in proportion to use needs an estimate of the use in all.",
            "Give the estimate, or choose the remote method.",
        )
    return earned_to_date(prepaid.price, Measured(use.to_date, use.expected_in_all), prepaid.step)


def redeemed_by_period(prepaid: Prepaid, uses: Iterable[Use]) -> tuple[Money, ...]:
    """A changed estimate is caught up in the period it changes."""
    return movements([redeemed_to_date(prepaid, use) for use in uses])
