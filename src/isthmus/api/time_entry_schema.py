"""JSON Schema of a time entry that is submitted, and of the answer, from the canonical model."""

from __future__ import annotations

from typing import Any

from isthmus.canonical import TimeEntry
from isthmus.events.sent_entries import LONGEST_ID, REFERENCES, SENT
from isthmus.events.time_submissions import OUTCOMES

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}


def entry_schema() -> dict[str, Any]:
    """What a caller may say: the attributes that a PSA owns."""
    model = TimeEntry.model_json_schema()
    whole = _inlined(model["properties"], model.get("$defs", {}))
    properties = {
        name: _reference(whole[name]) if name in REFERENCES else whole[name] for name in SENT
    }
    id = {
        "type": "string", "minLength": 1, "maxLength": LONGEST_ID,
        "description": "Id of the entry where it was entered; the same again is a change of it",
    }  # fmt: skip
    return {
        "type": "object",
        "properties": {"external_id": id, **properties},
        "required": ["external_id", *(name for name in model["required"] if name in SENT)],
        "additionalProperties": False,
    }


def _reference(attribute: dict[str, Any]) -> dict[str, Any]:
    canonical = {
        "type": "object",
        "properties": {"canonical_id": {"type": "string", "format": "uuid"}},
        "required": ["canonical_id"],
        "additionalProperties": False,
    }
    optional = [{"type": "null"}] if "default" in attribute else []
    return {
        "description": f"{attribute['description']}: the id that the connection gave it, or its "
        "canonical id",
        "anyOf": [_TEXT, canonical, *optional],
    }


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """An OpenAPI document has no place of its own for the parts of one body."""
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return _inlined({**parts[name], **rest}, parts)
    return {key: _inlined(value, parts) for key, value in schema.items()}


_PROBLEM = {
    "type": "object",
    "properties": {"field": _TEXT, "reason": _TEXT, "remedy": _TEXT},
}
_ENTRY = {
    "type": "object",
    "properties": {
        "index": {**_COUNT, "description": "Place in the request, from 0"},
        "external_id": _TEXT,
        "id": {"type": "string", "format": "uuid", "description": "Canonical id"},
        "outcome": {"type": "string", "enum": list(OUTCOMES)},
        "problems": {"type": "array", "items": _PROBLEM, "description": "Why it was refused"},
        "held": {
            "type": "boolean",
            "description": "It was invoiced before this change: finance decides",
        },
    },
    "required": ["index", "outcome"],
}
ANSWER: dict[str, Any] = {
    "type": "object",
    "properties": {
        **dict.fromkeys(OUTCOMES, _COUNT),
        "entries": {"type": "array", "items": _ENTRY},
    },
    "required": [*OUTCOMES, "entries"],
}
