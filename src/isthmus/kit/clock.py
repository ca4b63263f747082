"""Instants are UTC; a local calendar day is a `date` with a name such as `worked_on`."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
