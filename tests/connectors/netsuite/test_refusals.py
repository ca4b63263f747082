"""NetSuite's errors, in the shapes of its documentation, as ours."""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from isthmus.connect.auth import Token
from isthmus.connect.errors import (
    Conflict,
    ConnectError,
    Duplicate,
    Invalid,
    PeriodClosed,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)
from isthmus.connectors.netsuite.auth import read_token
from isthmus.connectors.netsuite.batch import line_error
from isthmus.connectors.netsuite.dimensions import country_code
from isthmus.connectors.netsuite.refusals import refusal, sent


def answer(status: int, *found: dict[str, Any], title: str = "Bad Request") -> httpx2.Response:
    body = {
        "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.1",
        "title": title,
        "status": status,
        "o:errorDetails": list(found),
    }
    return httpx2.Response(status, json=body)


def detail(code: str, text: str = "Text.", path: str | None = None) -> dict[str, Any]:
    found = {"detail": text, "o:errorCode": code}
    return found if path is None else found | {"o:errorPath": path}


CLOSED_TEXT = 'You cannot post to the period "Jan 2026" because the period is closed.'


@pytest.mark.parametrize(
    ("status", "code", "text", "kind"),
    [
        (429, "CONCURRENCY_LIMIT_EXCEEDED", "Text.", Throttled),
        (400, "CONCURRENCY_LIMIT_EXCEEDED", "Text.", Throttled),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED", "Text.", Throttled),
        (401, "INVALID_LOGIN", "Text.", Unauthorized),
        (403, "INSUFFICIENT_PERMISSION", "Text.", Unauthorized),
        (400, "TRAN_PERIOD_CLOSED", "Text.", PeriodClosed),
        (400, "TRAN_PRD_CLOSED", "Text.", PeriodClosed),
        (400, "USER_ERROR", CLOSED_TEXT, PeriodClosed),
        (400, "USER_ERROR", "The posting period is locked.", PeriodClosed),
        (
            400,
            "USER_ERROR",
            "The date is not within the date range of your accounting period.",
            PeriodClosed,
        ),
        (400, "USER_ERROR", "Please enter a value.", Invalid),
        (400, "INVALID_CONTENT", "Text.", Invalid),
        (404, "NONEXISTENT_ID", "Text.", Invalid),
        (400, "RCRD_HAS_BEEN_CHANGED", "Text.", Conflict),
        (409, "OTHER", "Text.", Conflict),
        (400, "DUP_RCRD", "Text.", Duplicate),
        (400, "DUP_ENTITY", "Text.", Duplicate),
        (400, "RCRD_LOCKED_BY_WF", "Text.", Refused),
        (405, "METHOD_NOT_ALLOWED", "Text.", Refused),
        (500, "UNEXPECTED_ERROR", "Text.", Unavailable),
        (503, "UNEXPECTED_ERROR", CLOSED_TEXT, Unavailable),
    ],
)
def test_kinds(status: int, code: str, text: str, kind: type[ConnectError]) -> None:
    error = refusal("erp", answer(status, detail(code, text)), "invoice")
    assert type(error) is kind
    assert error.code == code
    assert text in error.message


@pytest.mark.parametrize(
    ("text", "period"),
    [
        (CLOSED_TEXT, "Jan 2026"),
        ("The accounting period Feb 2026 is closed.", "Feb 2026"),
        ("The period is closed.", None),
    ],
)
def test_the_period_s_name_is_read_from_the_text(text: str, period: str | None) -> None:
    error = refusal("erp", answer(400, detail("USER_ERROR", text)), "invoice")
    assert isinstance(error, PeriodClosed)
    assert error.period == period


def test_the_field_is_named() -> None:
    bad = detail("INVALID_CONTENT", "Invalid reference.", "item.items[0].item")
    error = refusal("erp", answer(400, bad), "invoice")
    assert isinstance(error, Invalid)
    (field,) = error.fields
    assert (field.object, field.field, field.reason) == (
        "invoice",
        "item.items[0].item",
        "Invalid reference",
    )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("item.items[0].item", "consulting"),
        ("item.items[1].item", None),
        ("entity", "12"),
        ("tranDate", "2026-02-10"),
        ("item", None),
        ("nowhere.at.all", None),
    ],
)
def test_the_value_is_the_one_that_was_sent(path: str, value: str | None) -> None:
    body = {
        "entity": {"id": "12"},
        "tranDate": "2026-02-10",
        "item": {"items": [{"item": {"externalId": "consulting"}}]},
    }
    assert sent(body, path) == value


def test_a_failed_write_leaves_the_outcome_unknown_and_a_failed_read_does_not() -> None:
    written = refusal("erp", answer(500), wrote=True)
    read = refusal("erp", answer(500))
    assert isinstance(written, Unavailable)
    assert isinstance(read, Unavailable)
    assert (written.outcome_unknown, read.outcome_unknown) == (True, False)


def test_a_body_that_is_no_json_still_has_a_status() -> None:
    error = refusal("erp", httpx2.Response(502, text="<html>Bad gateway</html>"))
    assert isinstance(error, Unavailable)
    assert error.code == "502"


@pytest.mark.parametrize("lifetime", ["3600", 3600])
def test_expires_in_is_text_or_a_number(lifetime: str | int) -> None:
    body = {"access_token": "fake", "expires_in": lifetime, "token_type": "Bearer"}
    token = read_token("erp", httpx2.Response(200, json=body))
    assert isinstance(token, Token)
    assert token.value == "fake"
    assert token.expires_at is not None
    assert 3590 < (token.expires_at - datetime.now(UTC)).total_seconds() <= 3600


def test_a_refused_assertion_stops_the_connection() -> None:
    with pytest.raises(Unauthorized, match="end date of the certificate") as caught:
        read_token("erp", httpx2.Response(401, json={"error": "invalid_client"}))
    assert caught.value.code == "invalid_client"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ({"status": 204, "links": []}, None),
        ({"id": "12", "links": []}, None),
        ({"status": 400, "o:errorDetails": [detail("USER_ERROR", "Bad.")]}, Invalid),
        (
            {"statusCode": 400, "body": {"o:errorDetails": [detail("TRAN_PRD_CLOSED")]}},
            PeriodClosed,
        ),
        ({"error": {"status": 400, "o:errorDetails": [detail("DUP_RCRD")]}}, Duplicate),
        ({"status": "500"}, Unavailable),
    ],
)
def test_lines_of_a_batch(line: dict[str, Any], kind: type[ConnectError] | None) -> None:
    error = line_error("erp", "timeBill", line)
    assert error is None if kind is None else type(error) is kind


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("NL", "NL"),
        ("nl", "NL"),
        ("_netherlands", "NL"),
        ("_unitedStates", "US"),
        ("_unitedKingdom", "GB"),
        ("_unitedKingdomGB", "GB"),
        ("_atlantis", None),
    ],
)
def test_countries(raw: str, code: str | None) -> None:
    assert country_code(raw) == code


@pytest.mark.parametrize("status", [400, 404, 413])
def test_a_refusal_that_is_not_of_netsuite_is_waited_out(status: int) -> None:
    """As a proxy says it, or a server that got half a request: no field of ours is to blame."""
    told = httpx2.Response(status, content=b"Invalid HTTP request received.")
    error = refusal("erp", told, "invoice", wrote=True)
    assert isinstance(error, Unavailable)
    assert (str(error), error.code, error.outcome_unknown) == (
        f"erp: answered {status} with a body that is not JSON [{status}]", str(status), True,
    )  # fmt: skip
    assert isinstance(refusal("erp", httpx2.Response(401, content=b"<html>")), Unauthorized)
    assert isinstance(refusal("erp", httpx2.Response(429, content=b"<html>")), Throttled)
