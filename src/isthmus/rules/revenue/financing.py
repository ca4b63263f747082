"""Significant financing: what a price is worth when it is paid long before or after the work."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.rounding import share


class OneYearExpedient(StrEnum):
    """IFRS 15.63, ASC 606-10-32-18: a year or less between payment and transfer."""

    TAKEN = "taken"
    """Default: no interest is separated. The practical expedient, as nearly all firms take it."""
    NOT_TAKEN = "not_taken"


def must_separate(months_apart: int, expedient: OneYearExpedient = OneYearExpedient.TAKEN) -> bool:
    return months_apart > 12 or (expedient is OneYearExpedient.NOT_TAKEN and months_apart > 0)


def annuity(annual_percent: Decimal, months: int) -> Fraction:
    """What one a month, paid at the end of each month, is worth today."""
    monthly = Fraction(annual_percent) / 1200
    return (1 - (1 + monthly) ** -months) / monthly if monthly else Fraction(months)


def instalment(price: Money, annual_percent: Decimal, months: int) -> Money:
    return share(price, 1 / annuity(annual_percent, months))


def present_value(
    paid_monthly: Money, annual_percent: Decimal, months: int, step: Decimal | None = None
) -> Money:
    """The transaction price: what the customer would pay in cash (IFRS 15.61)."""
    return share(paid_monthly, annuity(annual_percent, months), step)


def interest(
    promised: Money,
    cash_price: Money,
    months_apart: int,
    expedient: OneYearExpedient = OneYearExpedient.TAKEN,
) -> Money:
    """What is finance income or cost rather than revenue."""
    if not must_separate(months_apart, expedient):
        return Money.zero(promised.currency)
    return promised - cash_price
