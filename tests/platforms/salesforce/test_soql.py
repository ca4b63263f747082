from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.platforms.salesforce import ApiUsage
from isthmus.platforms.salesforce.bulk import to_csv
from isthmus.platforms.salesforce.soql import (
    all_of,
    any_of,
    literal,
    parse_instant,
    quoted,
    same_id,
    wire,
)


def test_quotes_and_backslashes_do_not_end_a_literal() -> None:
    assert quoted("O'Brien \\ Sons") == "'O\\'Brien \\\\ Sons'"
    assert quoted("x' OR Name != '") == "'x\\' OR Name != \\''"


@given(st.text())
def test_a_literal_has_no_bare_quote_inside(text: str) -> None:
    inside = quoted(text)[1:-1].replace("\\\\", "").replace("\\'", "")
    assert "'" not in inside


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (Decimal("1E+2"), "100"),
        (date(2026, 1, 2), "2026-01-02"),
        (
            datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone(timedelta(hours=1))),
            "2026-01-02T02:04:05.678Z",
        ),
    ],
)
def test_literals(value: object, written: str) -> None:
    assert literal(value) == written  # type: ignore[arg-type]


def test_conditions() -> None:
    assert all_of(None, "a = 1", None, "b = 2") == " WHERE a = 1 AND b = 2"
    assert all_of(None) == ""
    assert any_of("Id", ["a", "b'"]) == "Id IN ('a', 'b\\'')"


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T09:30:00.000+0000", "2026-11-20T09:30:00Z", "2026-11-20T10:30:00.000+01:00"],
)
def test_instants_are_read_in_every_form_the_vendor_writes(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def test_instants_and_days_on_the_wire() -> None:
    at = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert wire(at) == "2026-11-20T09:30:00.000+0000"
    assert wire(date(2026, 11, 20)) == "2026-11-20"


def test_ids_are_one_with_and_without_their_checksum() -> None:
    assert same_id("00D5e000000abcD", "00D5e000000abcDEAU")
    assert not same_id("00D5e000000abcd", "00D5e000000abcDEAU")


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("api-usage=10018/100000", ApiUsage(10018, 100000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=x)", ApiUsage(25, 5000)),
        ("per-app-api-usage=17/250(appName=x), api-usage=9/50", ApiUsage(9, 50)),
        ("api-bursts=1/750", None),
        (None, None),
    ],
)
def test_the_orgs_usage_is_read_among_other_counters(
    header: str | None, usage: ApiUsage | None
) -> None:
    assert ApiUsage.parse(header) == usage


def test_usage_as_a_share() -> None:
    assert ApiUsage(80, 100).share == 0.8
    assert str(ApiUsage(80, 100)) == "80 of 100 calls used"


def test_bulk_csv_keeps_digits_and_tells_null_from_untouched() -> None:
    rows = [
        {"Name": 'A "quoted", name', "Total__c": Decimal("10.50"), "Parent": {"Key__c": "k"}},
        {"Name": "B", "Paid_On__c": None, "Active__c": True},
    ]
    assert to_csv(rows).decode() == (
        "Name,Total__c,Parent.Key__c,Paid_On__c,Active__c\n"
        '"A ""quoted"", name",10.50,k,,\n'
        "B,,,#N/A,true\n"
    )
