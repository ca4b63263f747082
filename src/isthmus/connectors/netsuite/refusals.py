"""NetSuite's error body as our errors (shape: section_156570709583).

The code decides first: Oracle's names come from its WSDL enumeration StatusDetailCodeType, which
the REST engine shares. A closed period may also come as USER_ERROR, then the text decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx2

from isthmus.connect.errors import (
    Conflict,
    ConnectError,
    Duplicate,
    FieldProblem,
    Invalid,
    PeriodClosed,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)

THROTTLED = {"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "WS_REQUEST_BLOCKED"}
UNAUTHORIZED = {"INVALID_LOGIN", "INVALID_LOGIN_ATTEMPT"}
FORBIDDEN = {"INSUFFICIENT_PERMISSION", "PERMISSION_VIOLATION"}
PERIOD_CLOSED = {"TRAN_PERIOD_CLOSED", "TRAN_PRD_CLOSED"}
CONFLICT = {
    "RCRD_HAS_BEEN_CHANGED",
    "RCRD_EDITED_SINCE_RETRIEVED",
    "RCRD_DELETED_SINCE_RETRIEVED",
}
DUPLICATE = {"DUP_RCRD", "DUP_ENTITY", "DUP_ITEM", "DUP_VENDOR_NAME"}
REFUSED = {"RCRD_LOCKED_BY_WF", "RCRD_UNEDITABLE", "REV_REC_UPDATE_DISALLWD"}
MISSING = {"NONEXISTENT_ID", "RCRD_DSNT_EXIST"}
BUSY = {"SESSION_TIMED_OUT"}
SAYS_ENOUGH = {401, 403, 429}
"""Statuses that mean the same whatever stands beneath them."""

REMEDY = "Correct the value in the system that owns it, or the field in the mapping."
REMEDIES = {
    "currency": "Add the currency to the customer's currencies in NetSuite.",
    "subsidiary": "Give the record access to this subsidiary in NetSuite.",
    "entity": "Check that the customer exists and is active in NetSuite.",
    "customer": "Check that the project exists and is open in NetSuite.",
    "employee": "Check that the employee exists, is active and may enter time in NetSuite.",
    "item": "Check that the item exists and is active, and the connection's `items`.",
    "department": "Check that the department exists, is active and open to the subsidiary.",
    "class": "Check that the class exists, is active and open to the subsidiary.",
    "postingPeriod": "Check that the period exists and contains the date.",
}
"""By the last part of the field's path."""

PERIOD_TEXT = re.compile(
    r"period.*(closed|locked)|not within the date range of your accounting period",
    re.IGNORECASE | re.DOTALL,
)
PERIOD_NAME = re.compile(
    r"""["'“]([^"'”]+)["'”]|\b((?:[A-Z][a-z]{2,8}|FY|Adjust\w*)[ -]\d{2,4})\b"""
)


@dataclass(frozen=True)
class Detail:
    text: str
    code: str | None
    path: str | None


def details(body: Mapping[str, Any]) -> list[Detail]:
    return [
        Detail(
            str(d.get("detail") or body.get("title") or "no detail given"),
            d.get("o:errorCode"),
            d.get("o:errorPath") or d.get("o:errorQueryParam") or d.get("o:errorHeader"),
        )
        for d in body.get("o:errorDetails") or ()
    ]


def refusal(
    system: str, response: httpx2.Response, record: str = "", *, wrote: bool = False
) -> ConnectError:
    """The error for an answer that is not a success. `wrote`: a 5xx leaves the outcome unknown.

    A 4xx whose body is not JSON is of a proxy, or of a server that got half a request: no field of
    ours is to blame.
    """
    status = response.status_code
    try:
        body = json.loads(response.content) if response.content else {}
    except ValueError:
        if status not in SAYS_ENOUGH and status < 500:
            said = f"answered {status} with a body that is not JSON"
            return Unavailable(system, said, code=str(status), outcome_unknown=wrote)
        body = {}
    if not isinstance(body, Mapping):
        body = {}
    return from_body(system, status, body, record, wrote=wrote)


def from_body(
    system: str, status: int, body: Mapping[str, Any], record: str = "", *, wrote: bool = False
) -> ConnectError:
    found = details(body)
    codes = [d.code for d in found if d.code]
    code = codes[0] if codes else str(status)
    text = "; ".join(d.text for d in found) or str(body.get("title") or f"answered {status}")
    if status == 429 or THROTTLED.intersection(codes):
        return Throttled(system, text, code=code)
    if status == 401 or UNAUTHORIZED.intersection(codes):
        return Unauthorized(system, text, code=code)
    if status == 403 or FORBIDDEN.intersection(codes):
        return Unauthorized(
            system, f"the role may not do this with {record or 'this record'}: {text}", code=code
        )
    if status >= 500 or BUSY.intersection(codes):
        return Unavailable(system, text, code=code, outcome_unknown=wrote)
    return _of_the_record(system, status, code, text, record, found)


def _of_the_record(
    system: str, status: int, code: str, text: str, record: str, found: list[Detail]
) -> ConnectError:
    codes = {d.code for d in found}
    if codes & PERIOD_CLOSED:
        return PeriodClosed(system, text, code=code, period=period_name(text))
    if codes & CONFLICT:
        return Conflict(system, text, code=code)
    if codes & DUPLICATE:
        return Duplicate(system, text, code=code)
    if codes & REFUSED:
        return Refused(system, text, code=code)
    if PERIOD_TEXT.search(text):
        return PeriodClosed(system, text, code=code, period=period_name(text))
    if status == 409:
        return Conflict(system, text, code=code)
    if status == 400 or codes & MISSING:
        return Invalid(system, text, code=code, fields=problems(record, found))
    return Refused(system, text, code=code)


def period_name(text: str) -> str | None:
    """Quoted, or in the form that NetSuite gives base periods: "Jan 2026"."""
    found = PERIOD_NAME.search(text)
    return (found.group(1) or found.group(2)) if found else None


def problems(record: str, found: list[Detail]) -> tuple[FieldProblem, ...]:
    return tuple(
        FieldProblem(
            record,
            d.path,
            None,
            d.text.rstrip("."),
            REMEDIES.get(d.path.rsplit(".", 1)[-1], REMEDY),
        )
        for d in found
        if d.path
    )


def with_values(error: ConnectError, body: object) -> ConnectError:
    """The error with the values that were sent in the fields it names."""
    if isinstance(error, Invalid):
        error.fields = tuple(replace(f, value=sent(body, f.field)) for f in error.fields)
    return error


def sent(body: object, path: str) -> str | None:
    """The value at a path such as `item.items[0].department`; of a reference, its id."""
    value = body
    for part in re.findall(r"[^.\[\]]+", path):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, Sequence) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    if isinstance(value, Mapping):
        value = value.get("id", value.get("externalId"))
    return None if value is None or isinstance(value, list) else str(value)
