"""The wire without a server: payloads as a server sent them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.connect import (
    Conflict,
    ConnectError,
    Duplicate,
    Invalid,
    PeriodClosed,
    Refused,
    Throttled,
    Unauthorized,
    Unavailable,
)  # fmt: skip
from isthmus.connectors.tryton import refusals, wire
from isthmus.connectors.tryton.config import TaxRule, TrytonConfig
from isthmus.connectors.tryton.customer import party_code
from isthmus.connectors.tryton.draft import rounded_as_ours
from isthmus.connectors.tryton.tax_numbers import as_entered, as_read, identifier_type
from isthmus.connectors.tryton.taxes import rule_for
from isthmus.kit.money import Money


def test_a_request_has_three_members_and_tagged_values() -> None:
    at = datetime(2026, 3, 31, 23, 59, 1, 5, tzinfo=timezone(timedelta(hours=2)))
    values = [Decimal("10.50"), date(2026, 2, 28), at, timedelta(hours=7, minutes=30), 7.5]
    assert json.loads(wire.request_body("model.x.y", values)) == {
        "id": 0,
        "method": "model.x.y",
        "params": [
            {"__class__": "Decimal", "decimal": "10.50"},
            {"__class__": "date", "year": 2026, "month": 2, "day": 28},
            {
                "__class__": "datetime", "year": 2026, "month": 3, "day": 31, "hour": 21,
                "minute": 59, "second": 1, "microsecond": 5,
            },
            {"__class__": "timedelta", "seconds": 27000.0},
            7.5,
        ],
    }  # fmt: skip


def test_an_answer_is_exact_and_in_utc() -> None:
    content = b"""{"id": 0, "result": [
      {"__class__": "Decimal", "decimal": "1225.05"}, 7.1,
      {"__class__": "date", "year": 2026, "month": 2, "day": 28},
      {"__class__": "datetime", "year": 2026, "month": 2, "day": 28, "hour": 1, "minute": 2,
       "second": 3, "microsecond": 4},
      {"__class__": "timedelta", "seconds": 27000.0},
      {"__class__": "bytes", "base64": "aGk="}]}"""
    assert wire.answer(content)["result"] == [
        Decimal("1225.05"), Decimal("7.1"), date(2026, 2, 28),
        datetime(2026, 2, 28, 1, 2, 3, 4, tzinfo=UTC), timedelta(hours=7, minutes=30), b"hi",
    ]  # fmt: skip


def test_related_records_move_to_their_name() -> None:
    record = {
        "id": 6, "party": 5, "party.": {"id": 5, "name": "X", "lang.": None},
        "lines.": [{"id": 1, "taxes.": [{"id": 2}]}],
    }  # fmt: skip
    assert wire.unfold(record) == {
        "id": 6,
        "party": {"id": "5", "name": "X", "lang": None},
        "lines": [{"id": "1", "taxes": [{"id": "2"}]}],
    }


CLOSED = (
    'To continue, you must reopen the period "2025-01" of company "Sandbox Consulting SA" '
    'for the date "01/31/2025".'
)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (["UserError", [CLOSED, "", None]], PeriodClosed, "UserError"),
        (["UserError", ["The code on party must be unique.", "", None]], Duplicate, "UserError"),
        (
            ["UserError", ['You are not allowed to access "Account Invoice".', "Groups: ", None]],
            Refused,
            "UserError",
        ),
        (["UserError", ["The number is not valid.", "", None]], Invalid, "UserError"),
        (["UserWarning", ["a1.invoice_taxes", "Taxes differ.", ""]], Refused, "a1.invoice_taxes"),
        (
            ["ConcurrencyException", "Records were modified in the meanwhile"],
            Conflict,
            "ConcurrencyException",
        ),
        (["'nope'", ""], Invalid, "'nope'"),
        (["", ""], Invalid, "TypeError"),
    ],
)
def test_each_refusal_has_its_class(error: list[Any], kind: type[ConnectError], code: str) -> None:
    found = refusals.from_error("ledger", "model.x.create", error)
    assert type(found) is kind
    assert found.code == code


def test_a_closed_period_is_named() -> None:
    found = refusals.from_error("ledger", "model.x.post", ["UserError", [CLOSED, "", None]])
    assert isinstance(found, PeriodClosed)
    assert found.period == "2025-01"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Unauthorized), (403, Refused), (404, Refused), (422, Refused), (429, Throttled),
        (500, Unavailable), (503, Unavailable),
    ],
)  # fmt: skip
def test_each_status_has_its_class(status: int, kind: type[ConnectError]) -> None:
    response = httpx2.Response(status, text="<!doctype html><title>…</title>")
    found = refusals.from_status("ledger", "model.x.create", response)
    assert type(found) is kind
    assert found.code == str(status)


def test_a_lockout_says_how_long_to_wait() -> None:
    silent = refusals.from_status("ledger", "common.db.login", httpx2.Response(429))
    told = refusals.from_status(
        "ledger", "common.db.login", httpx2.Response(429, headers={"Retry-After": "17"})
    )
    assert isinstance(silent, Throttled)
    assert isinstance(told, Throttled)
    assert (silent.retry_after, told.retry_after) == (300.0, 17.0)


def test_a_server_error_leaves_the_outcome_open() -> None:
    found = refusals.from_status("ledger", "model.x.create", httpx2.Response(500))
    assert isinstance(found, Unavailable)
    assert found.outcome_unknown


RULES = (
    TaxRule(company=("BE",), customer=("BE",), taxes=("domestic",)),
    TaxRule(company=("EU",), customer=("EU",), registered=True, taxes=("reverse charge",)),
    TaxRule(company=("EU",), customer=("EU",), registered=False, taxes=("domestic",)),
    TaxRule(customer=("US", "GB"), taxes=()),
)


@pytest.mark.parametrize(
    ("company", "customer", "registered", "taxes"),
    [
        ("BE", "BE", True, ("domestic",)),
        ("BE", "NL", True, ("reverse charge",)),
        ("BE", "NL", False, ("domestic",)),
        ("BE", "GB", False, ()),
        ("BE", "CH", True, None),
        ("US", "NL", True, None),
        ("BE", None, True, None),
    ],
)
def test_the_first_rule_that_fits_decides(
    company: str, customer: str | None, registered: bool, taxes: tuple[str, ...] | None
) -> None:
    rule = rule_for(RULES, company, customer, registered=registered)
    assert (rule.taxes if rule else None) == taxes


@pytest.mark.parametrize(
    ("country", "number", "kind", "entered", "read"),
    [
        ("BE", "0428759497", "eu_vat", "BE0428759497", "BE0428759497"),
        ("BE", "BE 0428.759.497", "eu_vat", "BE 0428.759.497", "BE0428759497"),
        ("GR", "094259216", "eu_vat", "EL094259216", "EL094259216"),
        ("GB", "980 7806 84", "gb_vat", "980 7806 84", "GB980780684"),
        ("US", "91-1144442", "us_ein", "91-1144442", "91-1144442"),
        ("JP", "T1234567890123", None, "T1234567890123", "T1234567890123"),
        (None, "X1", None, "X1", "X1"),
    ],
)
def test_a_tax_number_by_country(
    country: str | None, number: str, kind: str | None, entered: str, read: str
) -> None:
    assert identifier_type(country) == kind
    assert as_entered(number, country) == entered
    assert as_read(kind, entered) == read


def test_a_party_code_is_short_and_always_the_same() -> None:
    code = party_code("01934c6e-7a00-7000-8000-000000000001")
    assert code == party_code("01934c6e-7a00-7000-8000-000000000001")
    assert code != party_code("01934c6e-7a00-7000-8000-000000000002")
    assert code.startswith("IS-")
    assert len(code) == 13


def test_a_configuration_with_a_typing_error_is_refused() -> None:
    raw = {
        "url": "http://127.0.0.1:8000", "database": "books",
        "auth": {"username": "integration", "password": "not-a-Secret"}, "itmes": {},
    }  # fmt: skip
    with pytest.raises(ValidationError, match="itmes"):
        TrytonConfig.model_validate(raw)


def test_a_password_is_not_shown() -> None:
    config = TrytonConfig.model_validate({
        "url": "http://127.0.0.1:8000", "database": "books",
        "auth": {"username": "integration", "password": "not-a-Secret"},
    })  # fmt: skip
    assert "not-a-Secret" not in repr(config)


def line(hours: str, price: str, amount: str) -> InvoiceLine:
    return InvoiceLine(
        number=1, kind=LineKind.TIME, description="Consulting", quantity=Decimal(hours),
        unit_price=Money.of(price, "EUR"), amount=Money.of(amount, "EUR"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "price", "amount", "sent"),
    [
        ("7.5", "99.98", "749.85", [("7.5", "99.98")]),
        ("7.5", "99.99", "749.93", [("7.5", "99.9901")]),
        ("100.5", "99.97", "10046.99", [("100.5", "99.97"), ("1", "0.01")]),
        ("7.5", "99.99", "750.00", [("7.5", "99.99")]),
    ],
)
def test_only_a_tie_moves_the_price(
    hours: str, price: str, amount: str, sent: list[tuple[str, str]]
) -> None:
    """The last amount is simply wrong; it is sent as it is and found out by its total."""
    given = line(hours, price, amount)
    values = {"quantity": float(hours), "unit_price": given.unit_price.amount}
    assert [
        (Decimal(str(v["quantity"])), v["unit_price"]) for v in rounded_as_ours(given, values)
    ] == [(Decimal(q), Decimal(p)) for q, p in sent]
