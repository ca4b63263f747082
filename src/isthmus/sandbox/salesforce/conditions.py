"""WHERE clauses as predicates over stored rows."""

import operator
import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.ids import is_id, to_18
from isthmus.sandbox.salesforce.schema import NUMBERS, Field
from isthmus.sandbox.salesforce.soql import (
    Comparison,
    Condition,
    Logic,
    Membership,
    Query,
    Value,
    malformed,
)

if TYPE_CHECKING:
    from isthmus.sandbox.salesforce.query import Scope

Predicate = Callable[[Row], bool]
_LONG_TEXT = 255
_ORDERING = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_WANTED = {
    "date": frozenset({"date", "literal"}),
    "datetime": frozenset({"datetime", "literal"}),
    "boolean": frozenset({"boolean"}),
    **{kind: frozenset({"number"}) for kind in NUMBERS},
}


def predicate(scope: "Scope", condition: Condition) -> Predicate:
    match condition:
        case Logic("and", terms):
            parts = [predicate(scope, term) for term in terms]
            return lambda row: all(part(row) for part in parts)
        case Logic("or", terms):
            parts = [predicate(scope, term) for term in terms]
            return lambda row: any(part(row) for part in parts)
        case Logic(_, terms):
            inner = predicate(scope, terms[0])
            return lambda row: not inner(row)
        case Membership():
            return _membership(scope, condition)
        case Comparison():
            return _comparison(scope, condition)


def _comparison(scope: "Scope", condition: Comparison) -> Predicate:
    column = scope.column(condition.path)
    read, known = column.read, column.field
    _check_filterable(known)
    if condition.operator == "LIKE":
        return _like(read, known, str(condition.value.value))
    if condition.value.kind == "literal":
        return _in_range(scope, read, known, condition)
    wanted = comparable(known, condition.value)
    fold = folding(known)
    if condition.operator == "=":
        return lambda row: fold(read(row)) == wanted
    if condition.operator == "!=":
        return lambda row: fold(read(row)) != wanted
    compare = _ORDERING[condition.operator]
    if wanted is None:
        return lambda row: False
    return lambda row: (value := fold(read(row))) is not None and compare(value, wanted)


def _membership(scope: "Scope", condition: Membership) -> Predicate:
    column = scope.column(condition.path)
    read, fold = column.read, folding(column.field)
    _check_filterable(column.field)
    if isinstance(condition.values, Query):
        wanted = {fold(value) for value in scope.semi_join(condition.values)}
    else:
        wanted = {comparable(column.field, value) for value in condition.values}
    if condition.negated:
        return lambda row: fold(read(row)) not in wanted
    return lambda row: fold(read(row)) in wanted


def _check_filterable(known: Field) -> None:
    if known.type == "textarea" and known.length > _LONG_TEXT:
        raise SalesforceError(
            "INVALID_FIELD", f"field '{known.name}' can not be filtered in a query call"
        )


def folding(known: Field) -> Callable[[Any], Any]:
    """Text compares without case; ids and case-sensitive keys do not."""
    if known.type == "boolean":
        return bool
    if known.type in ("id", "reference", "date", "datetime") or known.type in NUMBERS:
        return lambda value: value
    if known.case_sensitive:
        return lambda value: value
    return lambda value: value.casefold() if isinstance(value, str) else value


def comparable(known: Field, value: Value) -> Any:
    """The literal in the field's own terms, or the platform's complaint about its type. An empty
    string is null.
    """
    if value.kind == "null" or (value.kind == "string" and not value.value):
        return False if known.type == "boolean" else None
    wanted = _WANTED.get(known.type, frozenset({"string"}))
    if value.kind not in wanted:
        raise _wrong_type(known, "string" in wanted)
    if known.type in ("id", "reference"):
        if not is_id(value.value):
            raise SalesforceError(
                "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value.value}"
            )
        return to_18(value.value)
    return folding(known)(value.value)


def _wrong_type(known: Field, quoted: bool) -> SalesforceError:
    kind = {"datetime": "dateTime"}.get(known.type, known.type)
    quotes = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
    shown = "string" if quoted else kind
    return SalesforceError(
        "INVALID_FIELD",
        f"value of filter criterion for field '{known.name}' must be of type {shown} and {quotes}",
    )


def _like(read: Callable[[Row], Any], known: Field, pattern: str) -> Predicate:
    if known.type in _WANTED or known.type in ("id", "reference"):
        raise SalesforceError("INVALID_FIELD", f"invalid operator on {known.type} field")
    wanted = re.compile(_wildcards(pattern), re.IGNORECASE | re.DOTALL)
    return lambda row: (text := read(row)) is not None and wanted.fullmatch(text) is not None


def _wildcards(pattern: str) -> str:
    parts = re.findall(r"\\.|[%_]|[^\\%_]+", pattern, re.DOTALL)
    special = {"%": ".*", "_": "."}
    return "".join(special.get(part) or re.escape(part.removeprefix("\\")) for part in parts)


def _in_range(
    scope: "Scope", read: Callable[[Row], Any], known: Field, condition: Comparison
) -> Predicate:
    if known.type not in ("date", "datetime"):
        raise malformed(f"unexpected token: '{condition.value.value[0]}'")
    first, last = _days(scope.today, *condition.value.value)
    low, after = first.isoformat(), (last + timedelta(days=1)).isoformat()
    tests: dict[str, Callable[[str], bool]] = {
        "=": lambda text: low <= text < after,
        "!=": lambda text: not low <= text < after,
        "<": lambda text: text < low,
        "<=": lambda text: text < after,
        ">": lambda text: text >= after,
        ">=": lambda text: text >= low,
    }
    test = tests[condition.operator]
    return lambda row: (text := read(row)) is not None and test(text)


def _days(today: date, name: str, count: int | None) -> tuple[date, date]:
    match name, count:
        case "TODAY", None:
            return today, today
        case "YESTERDAY", None:
            return today - timedelta(days=1), today - timedelta(days=1)
        case "TOMORROW", None:
            return today + timedelta(days=1), today + timedelta(days=1)
        case "LAST_N_DAYS", int(days):
            return today - timedelta(days=days), today
        case "NEXT_N_DAYS", int(days):
            return today + timedelta(days=1), today + timedelta(days=days)
        case "THIS_MONTH", None:
            return _month(today)
        case "LAST_MONTH", None:
            return _month(today.replace(day=1) - timedelta(days=1))
        case "THIS_YEAR", None:
            return today.replace(month=1, day=1), today.replace(month=12, day=31)
        case _:
            raise malformed(f"unexpected token: '{name}'")


def _month(day: date) -> tuple[date, date]:
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def sort_key(known: Field) -> Callable[[Any], Any]:
    fold = folding(known)
    if known.type in NUMBERS:
        return lambda value: Decimal(value)
    return fold
