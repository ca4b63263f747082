"""VAT rates: what is known on which day, and how two free collections differ."""

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.rules.facts import day

from isthmus.rules.problems import Problem
from isthmus.rules.tax.jurisdiction import EU
from isthmus.rules.tax.vat_rates import CARRIED, VatRate, VatRates, vat_rate

OTHER = Path(__file__).parent / "data" / "standard_rates.csv"


def percent(country: str, on: str, kind: str = "standard", **where: str) -> Decimal:
    found = vat_rate(country, day(on), kind, **where)
    assert isinstance(found, VatRate), found
    return found.percent


@pytest.mark.parametrize(
    ("country", "on", "kind", "expected"),
    [
        ("DE", "2020-06-30", "standard", "19"),
        ("DE", "2020-07-01", "standard", "16"),
        ("DE", "2020-12-31", "reduced", "5"),
        ("DE", "2021-01-01", "standard", "19"),
        ("FI", "2024-08-31", "standard", "24"),
        ("FI", "2024-09-01", "standard", "25.5"),
        ("FR", "2025-01-15", "super_reduced", "2.1"),
        ("MC", "2025-01-15", "standard", "20"),
        ("IM", "2025-01-15", "reduced", "5"),
        ("AT", "2025-01-15", "parking", "13"),
    ],
)
def test_a_rate_of_a_day(country: str, on: str, kind: str, expected: str) -> None:
    assert percent(country, on, kind) == Decimal(expected)


def test_a_rate_says_since_when_if_that_is_known() -> None:
    estonian, belgian = vat_rate("EE", day("2025-07-01")), vat_rate("BE", day("2025-07-01"))

    assert isinstance(estonian, VatRate)
    assert isinstance(belgian, VatRate)
    assert (estonian.percent, estonian.since) == (24, day("2025-07-01"))
    assert (belgian.percent, belgian.since) == (21, None)


def test_a_territory_inside_a_country_is_found_by_its_postcode() -> None:
    assert percent("ES", "2025-01-15", postcode="28013") == 21
    assert percent("ES", "2025-01-15", postcode="35001") == 0
    assert percent("PT", "2025-01-15", postcode="9500-321") == 18
    assert vat_rate("ES", day("2025-01-15"), "reduced", postcode="35001") == unknown(
        "Canary Islands (ES) has no reduced rate among standard"
    )


def unknown(reason: str) -> Problem:
    return Problem(
        "vat_rate_unknown",
        reason,
        "finance",
        "Take the rate from the ledger's tax code, or load newer rates.",
    )


@pytest.mark.parametrize(
    ("country", "on", "kind", "reason"),
    [
        ("US", "2025-01-15", "standard", "no VAT rates of US are kept"),
        ("BE", "2019-12-31", "standard", "the VAT rates of BE on 2019-12-31 are not kept"),
        ("DK", "2025-01-15", "reduced", "DK has no reduced rate among standard"),
        ("LT", "2026-01-01", "standard", "the VAT rates kept of LT are known until 2025-12-31"),
    ],
)
def test_what_is_not_known_is_no_rate(country: str, on: str, kind: str, reason: str) -> None:
    assert vat_rate(country, day(on), kind) == unknown(reason)


def test_a_dated_row_is_known_from_its_day_though_the_oldest_is_not() -> None:
    assert percent("FR", "2012-01-01") == Decimal("19.6")
    assert isinstance(vat_rate("FR", day("2011-12-31")), Problem)


def test_newer_rates_are_loaded_by_the_firm() -> None:
    newer = VatRates.read(
        '{"items": {"LT": [{"effective_from": "2026-01-01", "rates": {"standard": 21}}]}}',
        known_to=day("2026-12-31"),
    )
    found = vat_rate("LT", day("2026-06-01"), rates=newer)

    assert isinstance(found, VatRate)
    assert (found.percent, newer.kinds("LT", day("2026-06-01"))) == (21, ("standard",))
    assert newer.kinds("LT", day("2027-06-01")) == ()


def test_every_member_state_and_the_united_kingdom_are_there() -> None:
    assert set(CARRIED.periods) == EU | {"GB"}
    assert [c for c in CARRIED.periods if not CARRIED.kinds(c, day("2025-12-31"))] == []


def _others() -> Iterator[tuple[str, date, date, Decimal]]:
    """Country, first day, day after the last, percent."""
    with OTHER.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            first = date.fromisoformat(row["start_date"])
            after = date.fromisoformat(row["stop_date"]) if row["stop_date"] else date.max
            for territory in row["territory_codes"].split("\n"):
                yield territory, first, after, Decimal(row["rate"]) * 100


KNOWN_DIFFERENCES = {
    ("IE", day("2020-09-01"), day("2021-02-28"), Decimal(21), Decimal(23)),
    ("HR", day("2022-12-31"), day("2022-12-31"), Decimal(25), None),
    ("LU", day("2022-12-31"), day("2022-12-31"), Decimal(17), None),
    ("LU", day("2023-12-31"), day("2023-12-31"), Decimal(16), None),
}
"""Country, first and last day, the rate carried, and the other collection's: it lacks Ireland's
temporary cut of 2020, and three of its rows end a day before the next begins."""


def test_two_collections_agree_but_for_known_differences() -> None:
    rows = [row for row in _others() if row[0] in CARRIED.periods]
    found: dict[tuple[str, Decimal, Decimal | None], list[date]] = {}
    compared = 0
    on = day("2010-01-01")
    while on <= CARRIED.known_to:
        for country in CARRIED.periods:
            ours = vat_rate(country, on)
            if isinstance(ours, VatRate):
                compared += 1
                theirs = [p for c, first, after, p in rows if c == country and first <= on < after]
                if theirs != [ours.percent]:
                    other = theirs[0] if theirs else None
                    found.setdefault((country, ours.percent, other), []).append(on)
        on += timedelta(days=1)

    assert {
        (country, days[0], days[-1], ours, other) for (country, ours, other), days in found.items()
    } == KNOWN_DIFFERENCES
    assert compared == 79_726
