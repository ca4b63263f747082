"""A prepaid term that ends early: what was earned, what goes back, what the firm keeps."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from isthmus.kit.money import Money
from isthmus.rules.revenue.progress import Measured, earned_to_date
from isthmus.rules.rounding import percent_of


@dataclass(frozen=True, slots=True)
class Termination:
    recognised: Money
    refund: Money
    revenue: Money
    """Earned on the day of termination: the part of the rest that is not refunded."""


def terminate(prepaid: Money, served: Measured, refund_percent: Decimal) -> Termination:
    recognised = earned_to_date(prepaid, served)
    rest = prepaid - recognised
    refund = percent_of(rest, refund_percent)
    return Termination(recognised, refund, rest - refund)
