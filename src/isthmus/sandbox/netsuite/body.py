"""Reading a request body against the schema, and merging it into a stored record.

The validation headers decide what happens to a name or value that does not fit: by default a
misspelt name is dropped without a word (vendor page, section 4), a wrong value refused.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from starlette.requests import Request

from isthmus.sandbox.netsuite.books import Books, Row
from isthmus.sandbox.netsuite.fields import SUBRECORDS, Fields, RecordType, Sublist, targets
from isthmus.sandbox.netsuite.wire import NetSuiteError

EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")
NOT_FIELDS = frozenset({"links", "id", "refName"})
LARGEST = Decimal(10) ** 15
MODES = ("Error", "Warning", "Ignore")


def invalid(detail: str, path: str) -> NetSuiteError:
    return NetSuiteError(
        "INVALID_CONTENT", f"Error while accessing a resource. {detail}", path=path
    )


@dataclass(frozen=True)
class Checks:
    """The two validation headers; anything but Error lets the misfit pass unseen."""

    names: str = "Warning"
    values: str = "Error"

    @classmethod
    def of(cls, request: Request) -> "Checks":
        return cls(
            _mode(request, "X-NetSuite-PropertyNameValidation", cls.names),
            _mode(request, "X-NetSuite-PropertyValueValidation", cls.values),
        )


def _mode(request: Request, header: str, default: str) -> str:
    mode = request.headers.get(header, default).capitalize()
    if mode not in MODES:
        raise NetSuiteError("INVALID_HEADER", f"{header} must be one of {', '.join(MODES)}.")
    return mode


def check_external_id(value: str, path: str = "externalId") -> str:
    """Letters, digits, underscore and hyphen only (section_156335203191)."""
    if not EXTERNAL_ID.fullmatch(value):
        raise invalid(
            f"Invalid external ID '{value}'. Use only letters, numbers, underscore and hyphen.",
            path,
        )
    return value


class Reader:
    """One request body of one record type, turned into stored form: references as internal ids."""

    def __init__(self, books: Books, record: RecordType, checks: Checks) -> None:
        self.books = books
        self.record = record
        self.checks = checks

    def read(self, body: Row) -> Row:
        changes: Row = {}
        for name, value in body.items():
            if name in self.record.sublists:
                changes[name] = self._sublist(name, value)
            else:
                self._field(self.record.fields, self.record.name, "", name, value, changes)
        if changes.get("externalId") is not None:
            check_external_id(changes["externalId"])
        return changes

    def _sublist(self, name: str, value: Any) -> Row:
        items = value.get("items") if isinstance(value, dict) else None
        if not isinstance(items, list):
            raise invalid(f"The sublist {name} must be an object with items.", name)
        fields = self.record.sublists[name].fields
        owner = f"{self.record.name}.{name}"
        return {
            "items": [
                self._line(fields, owner, f"{name}.items[{at}]", item)
                for at, item in enumerate(items)
            ]
        }

    def _line(self, fields: Fields, owner: str, path: str, item: Any) -> Row:
        if not isinstance(item, dict):
            raise invalid("A sublist line must be an object.", path)
        line: Row = {}
        for name, value in item.items():
            self._field(fields, owner, f"{path}.", name, value, line)
        return line

    def _field(
        self, fields: Fields, owner: str, prefix: str, name: str, value: Any, into: Row
    ) -> None:
        path = f"{prefix}{name}"
        kind = fields.get(name) or self._custom(owner, name)
        if kind is None:
            self._unknown(owner, name, path)
        elif not kind.startswith("!"):
            try:
                into[name] = None if value is None else self._convert(kind, value, path)
            except NetSuiteError:
                if self.checks.values == "Error":
                    raise

    def _custom(self, owner: str, name: str) -> str | None:
        return "text" if name in self.books.settings.custom_fields.get(owner, ()) else None

    def _unknown(self, owner: str, name: str, path: str) -> None:
        if name not in NOT_FIELDS and self.checks.names == "Error":
            raise invalid(f"Unknown reference or field name '{name}' in {owner}.", path)

    def _convert(self, kind: str, value: Any, path: str) -> Any:
        base, _, rest = kind.partition(":")
        match base:
            case "ref":
                return {"id": self._reference(kind, value, path)}
            case "choice":
                return _choice(rest, value, path)
            case "record":
                return _without_nulls(self._line(SUBRECORDS[rest], rest, path, value))
            case _:
                return _scalar(base, value, path)

    def _reference(self, kind: str, value: Any, path: str) -> str:
        if not isinstance(value, dict) or not ({"id", "externalId"} & value.keys()):
            raise invalid("A reference must be an object with id or externalId.", path)
        for record in targets(kind):
            if "id" in value:
                row = self.books.find(record, str(value["id"]))
            else:
                row = self.books.by_external_id(record, str(value["externalId"]))
            if row is not None:
                return str(row["id"])
        shown = value.get("id", value.get("externalId"))
        field = path.rsplit(".", 1)[-1]
        raise invalid(f"Invalid Field Value {shown} for the following field: {field}", path)


def _choice(allowed: str, value: Any, path: str) -> Row:
    chosen = value.get("id") if isinstance(value, dict) else value
    if isinstance(chosen, bool) or not isinstance(chosen, str | int):
        raise invalid("A list value must be an object with id.", path)
    if allowed and str(chosen) not in allowed.split(","):
        raise invalid(f"Invalid value '{chosen}'. Valid values: {allowed}.", path)
    return {"id": str(chosen)}


def _scalar(kind: str, value: Any, path: str) -> Any:
    match kind, value:
        case ("bool", bool()) | ("text" | "instant", str()):
            return value
        case "date", str():
            return _date(value, path)
        case ("int", int()) if not isinstance(value, bool):
            return value
        case (("number" | "money"), int() | Decimal()) if not isinstance(value, bool):
            return _number(Decimal(value), path)
        case _:
            pass
    raise invalid(f"Invalid value: a value of type {kind} is expected.", path)


def _number(value: Decimal, path: str) -> Decimal:
    if abs(value) >= LARGEST:
        raise invalid("Invalid value: the number is too large.", path)
    return value


def _date(value: str, path: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise invalid(f"Invalid date '{value}': use YYYY-MM-DD.", path) from error


def merge(record: RecordType, row: Row, changes: Row, replace: frozenset[str]) -> Row:
    """The row after a write: fields overwritten, sublists merged or, when named, replaced."""
    merged = dict(row)
    for name, value in changes.items():
        if name in record.sublists:
            merged[name] = _merge_lines(
                record.sublists[name],
                [] if name in replace else row.get(name, {}).get("items", []),
                value["items"],
            )
        elif value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    return merged


def _merge_lines(sublist: Sublist, old: list[Row], new: list[Row]) -> Row:
    """A line that carries the key of an old one changes it; every other one is added."""
    key = sublist.key
    result = [dict(line) for line in old]
    for line in new:
        known = next((at for at in result if key in line and at.get(key) == line[key]), None)
        if known is not None:
            known.update(line)
        else:
            result.append(_numbered(key, line, result))
    return {"items": [_without_nulls(line) for line in result]}


def _without_nulls(line: Row) -> Row:
    return {name: value for name, value in line.items() if value is not None}


def _numbered(key: str, line: Row, others: list[Row]) -> Row:
    if key not in ("line", "id", "internalId"):
        return line
    number = max((other.get(key, 0) for other in others), default=0) + 1
    numbered = {key: line.get(key, number)} | line
    return numbered | {"id": numbered[key]} if key == "internalId" else numbered
