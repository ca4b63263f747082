"""Hours at a rate: the right to invoice, and what a cap does to it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from isthmus.kit.money import Money
from isthmus.rules.revenue.progress import Measured, earned_to_date
from isthmus.rules.rounding import share


class CappedTime(StrEnum):
    """How hours earn when they are expected to run into the cap."""

    BY_EFFORT = "by_effort"
    """Default: hours to date over expected hours, of the cap. An early invoice at the full rate
    is then more than the value delivered, so the expedient of IFRS 15 B16 / ASC 606-10-55-18
    is not available. A judgement; the sources do not state it with figures."""
    AS_INVOICED = "as_invoiced"
    """Hours at their rate until the cap is reached."""


@dataclass(frozen=True, slots=True)
class TimeAgreement:
    rate: Money
    cap: Money | None = None

    def cap_binds(self, expected_hours: Decimal) -> bool:
        return self.cap is not None and self.cap < self.rate.times(expected_hours)


def earned_for_hours(
    agreement: TimeAgreement,
    hours_to_date: Decimal,
    expected_hours: Decimal,
    when_capped: CappedTime = CappedTime.BY_EFFORT,
) -> Money:
    """Revenue to date. Without a cap that binds it is what may be invoiced."""
    at_rate = share(agreement.rate, hours_to_date)
    if agreement.cap is None or not agreement.cap_binds(expected_hours):
        return at_rate
    if when_capped is CappedTime.AS_INVOICED:
        return min(at_rate, agreement.cap)
    return earned_to_date(agreement.cap, Measured(hours_to_date, expected_hours))
