"""The day of the month on which a firm invoices: 1 to 28, or the last."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Literal

BillingDay = int | Literal["last"]


def next_billing_on(after: date, billing_day: BillingDay) -> date:
    """The first billing day after `after`: what is held then is not on that invoice.

    >>> next_billing_on(date(2026, 7, 1), 1)
    datetime.date(2026, 8, 1)
    """
    this_month = _billing_day_of(after.year, after.month, billing_day)
    if this_month > after:
        return this_month
    following = after.replace(day=1) + timedelta(days=31)
    return _billing_day_of(following.year, following.month, billing_day)


def _billing_day_of(year: int, month: int, billing_day: BillingDay) -> date:
    last = monthrange(year, month)[1]
    return date(year, month, last if billing_day == "last" else billing_day)
