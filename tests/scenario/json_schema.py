"""As much of JSON Schema as the scenario's schema uses; any other keyword fails the test."""

import re
from datetime import date
from decimal import Decimal
from typing import Any

TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "null": type(None),
    "number": (int, Decimal),
    "integer": int,
}
SAID = {"title", "description", "default", "$defs", "$schema"}


class Unsupported(Exception):
    pass


def as_json(value: Any) -> Any:
    """What an editor sees: YAML 1.2 has no dates, only text."""
    if isinstance(value, dict):
        return {key: as_json(part) for key, part in value.items()}
    if isinstance(value, list):
        return [as_json(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def fits(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> bool:
    return all(
        _fits_keys(key, part, schema, value, root)
        if key in KEYS
        else _fits_value(key, part, value, root)
        for key, part in schema.items()
        if key not in SAID
    )


KEYS = {"required", "properties", "patternProperties", "additionalProperties", "propertyNames"}


def _fits_keys(
    key: str, part: Any, schema: dict[str, Any], value: Any, root: dict[str, Any]
) -> bool:
    if not isinstance(value, dict):
        return True
    match key:
        case "required":
            return set(part) <= value.keys()
        case "properties":
            return all(fits(part[n], inner, root) for n, inner in value.items() if n in part)
        case "patternProperties":
            return all(
                fits(inner, value[name], root)
                for pattern, inner in part.items()
                for name in value
                if re.search(pattern, name)
            )
        case "propertyNames":
            return all(fits(part, name, root) for name in value)
        case _:
            others = [value[name] for name in value if not _is_named(name, schema)]
            return not others if part is False else all(fits(part, o, root) for o in others)


def _is_named(name: str, schema: dict[str, Any]) -> bool:
    patterns = schema.get("patternProperties", {})
    return name in schema.get("properties", {}) or any(re.search(p, name) for p in patterns)


def _fits_value(key: str, part: Any, value: Any, root: dict[str, Any]) -> bool:
    match key:
        case "$ref":
            return fits(root["$defs"][part.removeprefix("#/$defs/")], value, root)
        case "anyOf":
            return any(fits(option, value, root) for option in part)
        case "type":
            return isinstance(value, TYPES[part]) and (part == "boolean") is (type(value) is bool)
        case "enum":
            return value in part
        case "items":
            return not isinstance(value, list) or all(fits(part, inner, root) for inner in value)
        case _:
            return _limit(key, part, value)


def _limit(key: str, part: Any, value: Any) -> bool:
    text, number = isinstance(value, str), isinstance(value, int | Decimal)
    match key:
        case "pattern":
            return not text or re.search(part, value) is not None
        case "format":
            return not text or part != "date" or _is_date(value)
        case "minLength" | "minProperties" | "minItems":
            return not isinstance(value, str | dict | list) or len(value) >= part
        case "minimum":
            return not number or value >= part
        case "maximum":
            return not number or value <= part
        case "exclusiveMinimum":
            return not number or value > part
        case _:
            raise Unsupported(key)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
