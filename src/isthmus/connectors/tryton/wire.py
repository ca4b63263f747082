"""Tryton's JSON: the types that JSON lacks travel as objects with a `__class__`.

Quantities are binary floats there and money is decimal text; datetimes are naive UTC.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

Record = dict[str, Any]
Domain = list[Any]


def _encode(value: object) -> dict[str, Any]:
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": format(value, "f")}
    if isinstance(value, datetime):
        at = value.astimezone(UTC)
        clock = {k: getattr(at, k) for k in ("hour", "minute", "second", "microsecond")}
        return {"__class__": "datetime", **_day(at), **clock}
    if isinstance(value, date):
        return {"__class__": "date", **_day(value)}
    if isinstance(value, timedelta):
        return {"__class__": "timedelta", "seconds": value.total_seconds()}
    raise TypeError(f"{type(value).__name__} has no form in Tryton's JSON")


def _day(value: date) -> dict[str, int]:
    return {"year": value.year, "month": value.month, "day": value.day}


def _decode(value: dict[str, Any]) -> Any:
    parts = {k: v for k, v in value.items() if k != "__class__"}
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(**parts)
        case "datetime":
            return datetime(**parts, tzinfo=UTC)
        case "time":
            return time(**parts)
        case "timedelta":
            return timedelta(seconds=float(value["seconds"]))
        case "bytes":
            return base64.b64decode(value["base64"])
        case _:
            return value


def request_body(method: str, params: list[Any]) -> bytes:
    """Exactly `id`, `method`, `params`: a `jsonrpc` member makes errors come as HTML pages."""
    body = {"id": 0, "method": method, "params": params}
    return json.dumps(body, default=_encode, ensure_ascii=False).encode()


def answer(content: bytes) -> Any:
    return json.loads(content, object_hook=_decode, parse_float=Decimal)


def unfold(record: Mapping[str, Any]) -> Record:
    """Related records arrive under a name with a dot behind (`party.`); put them at `party`.

    Their ids become text, which is how references cross the connector's border.
    """
    unfolded: Record = {}
    for name, value in record.items():
        if not name.endswith("."):
            unfolded.setdefault(name, value)
        elif isinstance(value, list):
            unfolded[name[:-1]] = [_related(item) for item in value]
        else:
            unfolded[name[:-1]] = None if value is None else _related(value)
    return unfolded


def _related(value: Mapping[str, Any]) -> Record:
    related = unfold(value)
    related["id"] = str(related["id"])
    return related


def lines(created: list[Record]) -> list[Any]:
    """The command that adds new records to a One2many."""
    return [["create", created]] if created else []
