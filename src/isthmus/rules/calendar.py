"""Days and months, counted as contracts count them."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def month_end(day: date) -> date:
    return day_in_month(month_number(day), 31)


def days_between(first: date, last: date) -> int:
    """Both days count."""
    return (last - first).days + 1


def month_number(day: date) -> int:
    """Months since the year 0, so that months can be added."""
    return day.year * 12 + day.month - 1


def day_in_month(number: int, day: int) -> date:
    """The day of a numbered month, or its last day where the month is shorter."""
    year, month = divmod(number, 12)
    return date(year, month + 1, min(day, monthrange(year, month + 1)[1]))


def months_later(day: date, months: int) -> date:
    """Counted from the first day, so that 31 January, 29 February, 31 March do not drift."""
    return day_in_month(month_number(day) + months, day.day)
