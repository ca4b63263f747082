"""How NetSuite writes things: ids in paths, references, booleans, dates, SQL literals."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
STAMP = "%Y-%m-%dT%H:%M:%S"
ORACLE_STAMP = 'YYYY-MM-DD"T"HH24:MI:SS'
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")
COLUMN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def eid(external_id: str) -> str:
    """The path form of an external id: letters, digits, `_`, `-` (section_156335203191)."""
    if not EXTERNAL_ID.fullmatch(external_id):
        raise ValueError(
            f"{external_id!r} cannot be a NetSuite external id; "
            "use letters, digits, underscore and hyphen"
        )
    return f"eid:{external_id}"


def ref(internal_id: str | None) -> dict[str, str] | None:
    return None if internal_id is None else {"id": internal_id}


def id_of(reference: object) -> str | None:
    """The internal id of a reference as records carry it."""
    if isinstance(reference, dict) and reference.get("id") is not None:
        return str(reference["id"])
    return None


def id_at(location: str | None) -> str | None:
    """The id at the end of a Location; None for an `eid:` form or none at all."""
    last = (location or "").rstrip("/").rsplit("/", 1)[-1]
    return last if last.isdigit() else None


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def number(text: str) -> str:
    """An internal id as an SQL number. Raises ValueError on anything else."""
    if not text.isdigit():
        raise ValueError(f"{text!r} is no NetSuite internal id; those are whole numbers")
    return text


def column(name: str) -> str:
    """A column as a mapping names it, safe to stand in a query."""
    if not COLUMN.fullmatch(name):
        raise ValueError(f"{name!r} is no SuiteQL column; correct it in the mapping")
    return name


def stamp_sql(at: datetime, zone: ZoneInfo) -> str:
    """The lowest clock reading from an instant on.

    That is the instant's own, unless the clock is set back soon after it: the hour that it shows
    twice would else be left out the second time.
    """
    lowest = min(t.astimezone(zone).replace(tzinfo=None) for t in (at, *_quarters_after(at)))
    return f"TO_DATE('{lowest.strftime(STAMP)}', '{ORACLE_STAMP}')"


def _quarters_after(at: datetime) -> list[datetime]:
    """Clocks are set back at full quarters of an hour, and by two hours at most."""
    next_quarter = at - (at - datetime.min.replace(tzinfo=UTC)) % QUARTER + QUARTER
    return [next_quarter + n * QUARTER for n in range(9)]


def parse_stamp(text: str, zone: ZoneInfo) -> datetime:
    return datetime.strptime(text, STAMP).replace(tzinfo=zone).astimezone(UTC)


def flag(value: object) -> bool:
    """SuiteQL says T and F, records say true and false."""
    return value is True or str(value).lower() in ("t", "true")


def is_uuid(text: object) -> bool:
    try:
        UUID(str(text))
    except ValueError:
        return False
    return True


def hours(value: Decimal) -> str:
    """timeBill.hours is text; decimal hours, without an exponent or idle zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in body.items() if v is not None}
