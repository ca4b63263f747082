"""SOQL on the wire: literals, escaping, and the vendor's forms of instants and days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

_ESCAPES = str.maketrans({
    "\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t",
})  # fmt: skip


def quoted(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"


def instant(at: datetime) -> str:
    """A dateTime literal: unquoted, UTC, milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def literal(value: str | bool | int | Decimal | date | datetime | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return quoted(value)


def any_of(field: str, values: Iterable[str]) -> str:
    return f"{field} IN ({', '.join(quoted(v) for v in values)})"


def all_of(*conditions: str | None) -> str:
    """` WHERE a AND b` of the conditions that are there; empty without any."""
    kept = [c for c in conditions if c]
    return f" WHERE {' AND '.join(kept)}" if kept else ""


def parse_instant(text: str) -> datetime:
    """`2026-11-20T09:30:00.000+0000`, with or without colon or Z: the vendor is not constant."""
    return datetime.fromisoformat(text).astimezone(UTC)


def wire(value: Any) -> Any:
    """A Python value as Salesforce's JSON wants it; Decimals stay, the encoder keeps digits."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, date):
        return value.isoformat()
    return value


def wire_record(record: Mapping[str, Any]) -> dict[str, Any]:
    return {field: wire(value) for field, value in record.items()}


def same_id(one: str, other: str) -> bool:
    """Ids come with 15 or 18 characters; the last three are a checksum of the first fifteen."""
    return one[:15] == other[:15]
