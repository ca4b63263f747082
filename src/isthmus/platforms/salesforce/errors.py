"""Salesforce's error codes by what happens next (vendor page, section 8).

A code that is not listed falls back on the HTTP status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from isthmus.connect.errors import (
    Conflict,
    ConnectError,
    Duplicate,
    FieldProblem,
    Invalid,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from isthmus.connect.http import parse_json

LOCK = "UNABLE_TO_LOCK_ROW"

INVALID = frozenset({
    "REQUIRED_FIELD_MISSING", "INVALID_FIELD", "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "FIELD_INTEGRITY_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION", "STRING_TOO_LONG",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_FIELD_FOR_INSERT_UPDATE",
    "NUMBER_OUTSIDE_VALID_RANGE", "INVALID_EMAIL_ADDRESS", "INVALID_CURRENCY_ISO",
    "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "INVALID_TYPE", "JSON_PARSER_ERROR",
    "INVALID_TYPE_ON_FIELD_IN_RECORD", "INVALID_QUERY_FILTER_OPERATOR", "MALFORMED_QUERY",
})  # fmt: skip
DUPLICATE = frozenset({"DUPLICATE_VALUE", "DUPLICATES_DETECTED", "DUPLICATE_EXTERNAL_ID"})
GONE = frozenset({"ENTITY_IS_DELETED", "NOT_FOUND", "INVALID_CROSS_REFERENCE_KEY_DELETED"})
LIMIT = frozenset({"REQUEST_LIMIT_EXCEEDED", "SERVER_BUSY"})
DOWN = frozenset({"SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "QUERY_TIMEOUT"})
SESSION = frozenset({"INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "INVALID_LOGIN"})

_EXISTING = re.compile(r"\b(?:record with id|with id):? ?([a-zA-Z0-9]{15,18})\b")

OUTCOME_UNKNOWN = frozenset({500, 502, 504})


def error_of_response(
    system: str, response: httpx2.Response, sobject: str, sent: Mapping[str, Any]
) -> ConnectError:
    """The typed error of a call that failed as a whole."""
    status = response.status_code
    if status == 429:
        return Throttled(system, "too many requests", retry_after=_retry_after(response))
    if status >= 500:
        return Unavailable(system, f"answered {status}", outcome_unknown=status in OUTCOME_UNKNOWN)
    body = parse_json(system, response)
    if status == 300:
        return _several(system, sobject, body)
    first = body[0] if isinstance(body, list) and body else {}
    code, message = first.get("errorCode", ""), first.get("message", f"HTTP {status}")
    error = error_of_code(system, code, message, first.get("fields") or (), sobject, sent)
    if isinstance(error, Refused) and status == 401:
        return Unauthorized(system, message, code=code or None)
    if isinstance(error, Refused) and status in (404, 410):
        return Conflict(system, f"{sobject}: {message}", code=code or None)
    return error


def error_of_code(
    system: str,
    code: str,
    message: str,
    fields: Sequence[str],
    sobject: str,
    sent: Mapping[str, Any],
) -> ConnectError:
    """The typed error of one record, as collections and bulk results report it."""
    said = f"{sobject}: {message}" if sobject else message
    if code in INVALID:
        return Invalid(
            system, said, code=code, fields=_problems(code, message, fields, sobject, sent)
        )
    if code in DUPLICATE:
        found = _EXISTING.search(message)
        return Duplicate(system, said, code=code, existing_id=found[1] if found else None)
    if code in LIMIT:
        return Throttled(system, said, code=code)
    if code in DOWN:
        return Unavailable(system, said, code=code)
    if code in SESSION:
        return Unauthorized(system, said, code=code)
    if code == LOCK or code in GONE:
        return Conflict(system, said, code=code)
    return Refused(system, said, code=code or None)


def _problems(
    code: str, message: str, fields: Sequence[str], sobject: str, sent: Mapping[str, Any]
) -> tuple[FieldProblem, ...]:
    remedy = {
        "REQUIRED_FIELD_MISSING": "Fill it in at the source.",
        "INVALID_FIELD": "Deploy the field, or give our user access to it.",
        "INVALID_FIELD_FOR_INSERT_UPDATE": "Let our user edit it, or drop it from the mapping.",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
            "Add the value to the picklist, or map it under `mappings` in the landscape."
        ),
    }.get(code, "Correct the value at the source.")
    return tuple(
        FieldProblem(
            sobject or "record",
            field,
            None if sent.get(field) is None else str(sent[field]),
            message,
            remedy,
        )
        for field in fields
    )


def _several(system: str, sobject: str, urls: object) -> Invalid:
    """300: the external id is on several records and nothing was written."""
    listed = ", ".join(str(u).rsplit("/", 1)[-1] for u in urls) if isinstance(urls, list) else ""
    problem = FieldProblem(
        sobject,
        "external id",
        listed or None,
        "the same external id is on several records",
        "Clear it on all but one, and make the field unique.",
    )
    return Invalid(system, "nothing was written", code="300", fields=(problem,))


def _retry_after(response: httpx2.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
