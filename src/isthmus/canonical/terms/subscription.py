"""Terms of a price per period: when it is billed and what a part of a period costs."""

from datetime import date
from decimal import Decimal
from enum import StrEnum

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class BillingInterval(StrEnum):
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class LastDay(StrEnum):
    """Whether the day on which a subscription ends is a day of service. The contract must say."""

    EXCLUDED = "excluded"
    """Default: it ends at the start of that day (Kill Bill, InvoiceDateUtils tests)."""
    INCLUDED = "included"
    """Lago counts the day of termination."""


class SubscriptionTerms(Value):
    """`billing_day` is a day of the month; periods start on it, a first one is cut short to it."""

    price: Money
    interval: BillingInterval = BillingInterval.MONTH
    billing_day: int = 1
    last_day: LastDay = LastDay.EXCLUDED
    indexed_on: date | None = None
    index_percent: Decimal | None = None
    minimum_commitment: Money | None = None
    """Per period; what fees and usage fall short of it is billed at the end (true-up)."""
