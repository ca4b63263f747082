"""The error map of the vendor page, section 8."""

import json

import httpx2
import pytest

from isthmus.connect import (
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
from isthmus.platforms.salesforce.bulk import read_error
from isthmus.platforms.salesforce.errors import error_of_response


def error(status: int, body: object = None, **headers: str) -> ConnectError:
    content = b"" if body is None else json.dumps(body).encode()
    response = httpx2.Response(status, content=content, headers=headers)
    return error_of_response("crm", response, "Account", {"Name": "", "Phone": "1"})


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (401, "INVALID_SESSION_ID", Unauthorized),
        (403, "REQUEST_LIMIT_EXCEEDED", Throttled),
        (400, "REQUIRED_FIELD_MISSING", Invalid),
        (400, "INVALID_FIELD", Invalid),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Invalid),
        (400, "FIELD_INTEGRITY_EXCEPTION", Invalid),
        (400, "STRING_TOO_LONG", Invalid),
        (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", Invalid),
        (400, "DUPLICATE_VALUE", Duplicate),
        (400, "DUPLICATES_DETECTED", Duplicate),
        (400, "DUPLICATE_EXTERNAL_ID", Duplicate),
        (400, "UNABLE_TO_LOCK_ROW", Conflict),
        (400, "ENTITY_IS_LOCKED", Refused),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY", Refused),
        (404, "ENTITY_IS_DELETED", Conflict),
        (404, "NOT_FOUND", Conflict),
        (400, "SOMETHING_NEW", Refused),
    ],
)
def test_a_code_says_what_happens_next(
    status: int, code: str, expected: type[ConnectError]
) -> None:
    made = error(status, [{"message": "said", "errorCode": code, "fields": []}])
    assert type(made) is expected
    assert (made.code, made.system) == (code, "crm")
    assert "said" in str(made)


@pytest.mark.parametrize(("status", "unknown"), [(500, True), (502, True), (503, False)])
def test_a_server_error_says_whether_the_outcome_is_known(status: int, unknown: bool) -> None:
    made = error(status)
    assert isinstance(made, Unavailable)
    assert made.outcome_unknown is unknown


def test_429_waits_as_long_as_the_vendor_says() -> None:
    made = error(429, None, **{"Retry-After": "7"})
    assert isinstance(made, Throttled)
    assert made.retry_after == 7


def test_a_bad_field_comes_with_its_value_and_a_remedy() -> None:
    body = [
        {
            "message": "Required fields are missing: [Name]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Name"],
        }
    ]
    made = error(400, body)
    assert isinstance(made, Invalid)
    assert made.fields == (
        FieldProblem(
            "Account",
            "Name",
            "",
            "Required fields are missing: [Name]",
            "Fill it in at the source.",
        ),
    )


def test_a_duplicate_names_the_record_that_is_there() -> None:
    message = (
        "duplicate value found: Isthmus_Id__c duplicates value on record with id: 001000000000001"
    )
    made = error(400, [{"message": message, "errorCode": "DUPLICATE_VALUE", "fields": []}])
    assert isinstance(made, Duplicate)
    assert made.existing_id == "001000000000001"


def test_300_is_a_data_error_that_lists_the_records() -> None:
    made = error(300, ["/services/data/v66.0/sobjects/Account/001A", "/x/001B"])
    assert isinstance(made, Invalid)
    assert (made.code, made.fields[0].value) == ("300", "001A, 001B")


def test_bulk_errors_are_read_in_the_bulk_form() -> None:
    assert read_error("REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --") == (
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [Name]",
        ("Name",),
    )
    assert read_error("UNABLE_TO_LOCK_ROW:unable to obtain exclusive access:--") == (
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access",
        (),
    )
