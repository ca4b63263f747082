"""The `q` filter of collections (section_1545222128), the common part of it."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from isthmus.sandbox.netsuite.books import Row
from isthmus.sandbox.netsuite.fields import RecordType
from isthmus.sandbox.netsuite.wire import NetSuiteError

TOKEN = re.compile(r'"([^"]*)"|(\S+)')
Test = Callable[[Any, str], bool]


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise _bad(f"'{text}' is not a number") from error


def _day(text: str) -> str:
    """Dates in a filter are written month/day/year."""
    try:
        return datetime.strptime(text, "%m/%d/%Y").date().isoformat()  # noqa: DTZ007 - a date
    except ValueError as error:
        raise _bad(f"'{text}' is not a date M/D/YYYY") from error


OPERATORS: dict[str, Test] = {
    "IS": lambda value, text: str(value).lower() == text.lower(),
    "CONTAIN": lambda value, text: text.lower() in str(value).lower(),
    "START_WITH": lambda value, text: str(value).lower().startswith(text.lower()),
    "END_WITH": lambda value, text: str(value).lower().endswith(text.lower()),
    "EQUAL": lambda value, text: Decimal(value) == _number(text),
    "GREATER_OR_EQUAL": lambda value, text: Decimal(value) >= _number(text),
    "LESS_OR_EQUAL": lambda value, text: Decimal(value) <= _number(text),
    "ON": lambda value, text: str(value)[:10] == _day(text),
    "AFTER": lambda value, text: str(value)[:10] > _day(text),
    "ON_OR_AFTER": lambda value, text: str(value)[:10] >= _day(text),
    "BEFORE": lambda value, text: str(value)[:10] < _day(text),
}


def _bad(why: str) -> NetSuiteError:
    return NetSuiteError("INVALID_PARAMETER", f"Invalid search query: {why}.", path="q")


def matches(record: RecordType, row: Row, query: str) -> bool:
    """Conditions `field OPERATOR value` joined by AND or OR, from left to right."""
    tokens = [quoted or word for quoted, word in TOKEN.findall(query)]
    verdict, joint = True, "AND"
    while tokens:
        held, tokens = _condition(record, row, tokens)
        verdict = (verdict and held) if joint == "AND" else (verdict or held)
        if tokens:
            joint = tokens.pop(0).upper()
            if joint not in ("AND", "OR") or not tokens:
                raise _bad(f"AND or OR expected, not '{joint}'")
    return verdict


def _condition(record: RecordType, row: Row, tokens: list[str]) -> tuple[bool, list[str]]:
    name, operator = tokens[0], tokens[1].upper() if len(tokens) > 1 else ""
    if name != "id" and name not in record.fields:
        raise _bad(f"unknown field '{name}' of {record.name}")
    value = row.get(name)
    if isinstance(value, dict):
        value = value["id"]
    if operator == "EMPTY":
        return value is None, tokens[2:]
    if operator not in OPERATORS or len(tokens) < 3:
        raise _bad(f"unknown operator or missing value after '{name}'")
    return value is not None and OPERATORS[operator](value, tokens[2]), tokens[3:]
