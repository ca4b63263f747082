"""Field values: what a write may bring, what is stored, what a reply shows.

Stored: str, bool, Decimal, None; dates as `2026-07-01`, instants as the wire shows them
(`2026-07-01T09:30:00.000+0000`), which sort as text.
"""

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.ids import is_id, to_18
from isthmus.sandbox.salesforce.schema import NUMBERS, Field

_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def instant(moment: datetime) -> str:
    """The wire form; the org keeps seconds only, so equal stamps are common."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def parse_instant(text: str) -> datetime:
    moment = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def stored(field: Field, value: Any) -> Any:
    """The value as the org keeps it, or the vendor's refusal. Empty text is null."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    if field.type in NUMBERS:
        return _number(field, value)
    if field.type == "boolean":
        return _boolean(field, value)
    if field.type in ("date", "datetime"):
        return _day_or_instant(field, value)
    if field.type == "reference":
        return _reference(field, value)
    return _text(field, value)


def wire(field: Field, value: Any) -> Any:
    if value is None:
        return False if field.type == "boolean" else None
    if isinstance(value, Decimal):
        return int(value) if field.type == "int" else float(value)
    return value


def as_decimal(value: Any) -> Decimal:
    return Decimal(0) if value is None else Decimal(value)


def _number(field: Field, value: Any) -> Decimal:
    """Extra decimals are rounded away without a word, as the platform does."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise _unreadable(field, value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise _unreadable(field, value) from None
    if not number.is_finite():
        raise _unreadable(field, value)
    rounded = number.quantize(Decimal(1).scaleb(-field.scale), rounding=ROUND_HALF_UP)
    if field.precision and abs(rounded) >= Decimal(10) ** (field.precision - field.scale):
        raise SalesforceError(
            "NUMBER_OUTSIDE_VALID_RANGE",
            f"{field.label}: value outside of valid range on numeric field: {value}",
            [field.name],
        )
    return rounded


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    raise _unreadable(field, value)


def _day_or_instant(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _unreadable(field, value)
    try:
        if field.type == "date":
            return date.fromisoformat(value[:10]).isoformat()
        return instant(parse_instant(value))
    except ValueError:
        raise _unreadable(field, value) from None


def _reference(field: Field, value: Any) -> str:
    if not isinstance(value, str) or not is_id(value):
        raise SalesforceError(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", [field.name]
        )
    return to_18(value)


def _text(field: Field, value: Any) -> str:
    text = value if isinstance(value, str) else _scalar_text(field, value)
    text = text.strip() if field.type != "textarea" else text
    if field.length and len(text) > field.length:
        raise SalesforceError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {text} (max length={field.length})",
            [field.name],
        )
    if field.type == "email" and not _EMAIL.fullmatch(text):
        raise SalesforceError(
            "INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", [field.name]
        )
    if field.restricted and text not in field.values:
        raise bad_picklist_value(field, text)
    return text


def _scalar_text(field: Field, value: Any) -> str:
    if isinstance(value, bool | int | Decimal):
        return str(value).lower() if isinstance(value, bool) else str(value)
    raise _unreadable(field, value)


def bad_picklist_value(field: Field, text: str) -> SalesforceError:
    return SalesforceError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"{field.label}: bad value for restricted picklist field: {text}",
        [field.name],
    )


_JAVA = {
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "int": "int",
    "double": "double",
    "currency": "double",
    "percent": "double",
}


def _unreadable(field: Field, value: Any) -> SalesforceError:
    token = "VALUE_STRING" if isinstance(value, str) else "START_OBJECT"
    if isinstance(value, bool):
        token = "VALUE_TRUE" if value else "VALUE_FALSE"
    elif isinstance(value, int | Decimal):
        token = "VALUE_NUMBER"
    return SalesforceError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {_JAVA.get(field.type, 'string')} from {token} value"
        f" {value} or request may be missing a required field at {field.name}",
    )
