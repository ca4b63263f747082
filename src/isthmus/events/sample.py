"""An event as it could be, made from its schema: every field has a value of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.events.catalogue import EventType
from isthmus.events.envelope import wire_type
from isthmus.events.reference import event_schema

ID, EARLIER = "0197f3a0-0000-7000-8000-000000000001", "0197f3a0-0000-7000-8000-000000000000"
AT = "2026-11-30T09:30:00Z"
_FORMATS = {"date": "2026-11-30", "date-time": AT, "uuid": ID}
_NAMED = {
    "hold": "H-17", "bulk": "B-3", "break": "BR-12", "object_id": ID, "object_kind": "time_entry",
    "total": "1200.00 EUR", "amount": "1200.00", "amounts": "1200.00", "currency": "EUR",
}  # fmt: skip
_ENVELOPE = {
    "specversion": "1.0", "id": ID, "source": "/isthmus/integration", "subject": ID, "time": AT,
    "datacontenttype": "application/json", "correlationid": EARLIER, "causationid": EARLIER,
    "sequence": "0000000000000004711",
}  # fmt: skip


def sample_of(event: EventType) -> dict[str, Any]:
    """The envelope with data that the event's own model takes. It is of no real object."""
    schema = event_schema(event)
    data = schema["properties"]["data"]
    return {**_ENVELOPE, "type": wire_type(event.name), "data": _value(data, "data", schema)}


def _value(schema: Mapping[str, Any], name: str, whole: Mapping[str, Any]) -> Any:
    if ref := schema.get("$ref"):
        return _value(whole["$defs"][ref.rpartition("/")[2]], name, whole)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _value(schema[several][0], name, whole)
    for fixed in ("const", "default"):
        if schema.get(fixed) is not None:
            return schema[fixed]
    if "enum" in schema:
        return schema["enum"][0]
    return _of_type(schema, name, whole)


def _of_type(schema: Mapping[str, Any], name: str, whole: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "object" if "properties" in schema:
            return {n: _value(s, n, whole) for n, s in schema["properties"].items()}
        case "object":
            more = schema.get("additionalProperties")
            inner = more if isinstance(more, dict) else {}
            return {_key(inner): _value(inner, name, whole)} if inner else {}
        case "array":
            return [_value(schema.get("items", {}), name, whole)]
        case "integer":
            return max(1, int(schema.get("minimum", 1)))
        case "number":
            return 1.5
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _text(schema, name)


def _key(inner: Mapping[str, Any]) -> str:
    return "held" if inner.get("type") == "integer" else "EUR"


def _text(schema: Mapping[str, Any], name: str) -> str:
    known = _FORMATS.get(schema.get("format", "")) or _NAMED.get(name)
    return known or name.replace("_", " ")
