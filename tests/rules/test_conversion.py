"""Lines in another currency: at whose day's rate, and where the cent goes."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.facts import day, eur, usd

from isthmus.canonical import ExchangeRate
from isthmus.kit.money import Money
from isthmus.rules.conversion import (
    Cents,
    Converted,
    Invoicing,
    RateDay,
    Work,
    convert_lines,
    convert_work,
)
from isthmus.rules.fx import Rate, Way
from isthmus.rules.refusal import Unusable

FRIDAY, EARLIER = "2026-04-03", "2026-03-27"
RATES = [
    ExchangeRate(id=on, source="EUR", target="USD", rated_on=day(on), rate=value)
    for on, value in ((EARLIER, "1.20"), (FRIDAY, "1.25"))
]
THREE = [eur("33.33"), eur("33.33"), eur("33.34")]
TO_DOLLARS = Rate("EUR", "USD", day(FRIDAY), Fraction("1.0850"), Way.DIRECT)


@pytest.mark.parametrize(
    ("cents", "lines", "rounding", "total"),
    [
        (Cents.SUM_OF_LINES, ["36.16", "36.16", "36.17"], "0.00", "108.49"),
        (Cents.ROUNDING_LINE, ["36.16", "36.16", "36.17"], "0.01", "108.50"),
        (Cents.IN_LINES, ["36.16", "36.17", "36.17"], "0.00", "108.50"),
    ],
)
def test_where_the_cent_goes(cents: Cents, lines: list[str], rounding: str, total: str) -> None:
    """100.00 at 1.0850 is 108.50; the lines alone make 108.49."""
    answer = convert_lines(THREE, [TO_DOLLARS] * 3, cents)

    assert answer.lines == tuple(usd(line) for line in lines)
    assert (answer.rounding_line, answer.total) == (usd(rounding), usd(total))
    assert answer.difference == usd("0.01")


def test_lines_lead_to_one_currency() -> None:
    to_pounds = Rate("EUR", "GBP", day(FRIDAY), Fraction(4, 5), Way.DIRECT)
    with pytest.raises(Unusable, match="not in GBP, USD"):
        convert_lines(THREE[:2], [TO_DOLLARS, to_pounds])
    with pytest.raises(Unusable, match="not in none"):
        convert_lines([], [])


WORK = [Work(day(EARLIER), usd("1200.00")), Work(day(FRIDAY), usd("1000.00"))]


@pytest.mark.parametrize(
    ("rate_day", "lines"),
    [(RateDay.WORK_DATE, ["1000.00", "800.00"]), (RateDay.INVOICE_DATE, ["960.00", "800.00"])],
)
def test_work_is_converted_at_the_rate_of_its_day_or_of_the_invoice(
    rate_day: RateDay, lines: list[str]
) -> None:
    answer = convert_work(WORK, RATES, Invoicing("EUR", day("2026-04-07"), rate_day))

    assert isinstance(answer, Converted)
    assert answer.lines == tuple(eur(line) for line in lines)


def test_one_missing_rate_is_told_once_and_nothing_is_converted() -> None:
    late = [*WORK, Work(day("2026-06-01"), usd(1)), Work(day("2026-06-01"), usd(2))]
    answer = convert_work(late, RATES, Invoicing("EUR", day("2026-06-30")))

    assert isinstance(answer, tuple)
    assert [problem.reason for problem in answer] == [
        "no rate from USD to EUR on 2026-06-01 or up to 7 days before"
    ]


@settings(deadline=None)
@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=10), st.integers(1, 10**7))
def test_converted_lines_make_their_total_wherever_the_cent_goes(
    cents: list[int], units: int
) -> None:
    lines = [Money.of(Decimal(n).scaleb(-2), "EUR") for n in cents]
    at = Rate("EUR", "USD", day(FRIDAY), Fraction(units, 10_000), Way.DIRECT)
    single = convert_lines(lines, [at] * len(lines))
    whole = at.of(Money.total(lines, "EUR"))

    assert single.total + single.difference == whole
    for how in (Cents.ROUNDING_LINE, Cents.IN_LINES):
        assert convert_lines(lines, [at] * len(lines), how).total == whole
