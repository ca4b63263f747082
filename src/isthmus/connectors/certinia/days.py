"""A timecard's days: seven fields for the weekdays, between a first and a last date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def hours_field(day: date) -> str:
    return f"pse__{WEEKDAYS[day.weekday()]}_Hours__c"


def notes_field(day: date) -> str:
    return f"pse__{WEEKDAYS[day.weekday()]}_Notes__c"


def days_of(record: Mapping[str, Any]) -> Iterator[date]:
    """Every day between the row's first and last, at most a week."""
    day, last = (date.fromisoformat(record[f"pse__{e}_Date__c"]) for e in ("Start", "End"))
    while day <= last:
        yield day
        day += timedelta(days=1)


def hours_on(record: Mapping[str, Any], day: date) -> Decimal:
    return Decimal(record[hours_field(day)] or 0)


def split_id(external_id: str) -> tuple[str, date]:
    header, _, day = external_id.partition(":")
    return header, date.fromisoformat(day)
