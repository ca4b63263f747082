"""Which rate applies, what an amount comes to, and what a payment at another rate gains."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.facts import day, eur, usd

from isthmus.canonical import ExchangeRate
from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money, minor_units
from isthmus.rules.exchange_difference import Carried, pay
from isthmus.rules.fx import (
    USUAL,
    LookUp,
    Quotation,
    Rate,
    Way,
    cash_rounded,
    converted,
    find_rate,
    multiplier,
)
from isthmus.rules.journal import Account
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import Unusable
from isthmus.rules.rounding import step_of
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.document import TaxableDocument, TaxableLine
from isthmus.rules.tax.levy import Tax

unhurried = settings(deadline=None)


def rate(source: str, target: str, on: str, value: str) -> ExchangeRate:
    return ExchangeRate(
        id=f"{source}{target}{on}", source=source, target=target, rated_on=day(on), rate=value
    )


FRIDAY, EARLIER = "2026-04-03", "2026-03-27"
RATES = [
    rate("EUR", "USD", EARLIER, "1.20"),
    rate("EUR", "USD", FRIDAY, "1.25"),
    rate("EUR", "GBP", FRIDAY, "0.80"),
    rate("CHF", "EUR", FRIDAY, "1.05"),
]


def found(source: str, target: str, on: str, how: LookUp = USUAL) -> Rate:
    answer = find_rate(RATES, source, target, day(on), how)
    assert isinstance(answer, Rate), answer
    return answer


@pytest.mark.parametrize(
    ("source", "target", "on", "value", "way"),
    [
        ("EUR", "USD", FRIDAY, "5/4", Way.DIRECT),
        ("EUR", "USD", "2026-04-02", "6/5", Way.DIRECT),
        ("EUR", "USD", "2026-04-06", "5/4", Way.DIRECT),
        ("USD", "EUR", FRIDAY, "4/5", Way.INVERSE),
        ("EUR", "EUR", "1999-01-01", "1", Way.SAME),
    ],
)
def test_the_latest_rate_direct_or_inverse(
    source: str, target: str, on: str, value: str, way: Way
) -> None:
    answer = found(source, target, on)

    assert (answer.value, answer.way) == (Fraction(value), way)


def test_two_currencies_without_a_rate_meet_in_the_pivot() -> None:
    """USD to EUR is 0.8, EUR to GBP 0.8; CHF to EUR 1.05, EUR to USD 1.25."""
    by_euro = LookUp(pivot="EUR")
    pounds, dollars = found("USD", "GBP", FRIDAY, by_euro), found("CHF", "USD", FRIDAY, by_euro)

    assert (pounds.value, pounds.way) == (Fraction(16, 25), Way.PIVOT)
    assert dollars.value == Fraction(21, 16)
    assert [used.id for used in pounds.used] == [f"EURUSD{FRIDAY}", f"EURGBP{FRIDAY}"]


def missing(on: str, how: LookUp, source: str = "EUR", target: str = "USD") -> str:
    answer = find_rate(RATES, source, target, day(on), how)
    assert isinstance(answer, Problem)
    assert (answer.code, answer.owner) == ("exchange_rate_missing", "finance")
    return answer.reason


def test_a_rate_that_is_too_old_or_absent_is_asked_for() -> None:
    assert missing("2026-04-04", LookUp(0)) == "no rate from EUR to USD on 2026-04-04"
    assert missing("2026-04-11", LookUp()) == (
        "no rate from EUR to USD on 2026-04-11 or up to 7 days before"
    )
    assert missing("2026-03-26", LookUp()) == (
        "no rate from EUR to USD on 2026-03-26 or up to 7 days before"
    )
    assert missing(FRIDAY, LookUp(0, "EUR"), "USD", "SEK") == (
        f"no rate from USD to SEK on {FRIDAY}, also none via EUR"
    )


def test_a_rate_written_the_other_way_round() -> None:
    assert multiplier(Decimal("1.25")) == Fraction(5, 4)
    assert multiplier(Decimal("1.25"), Quotation.SOURCE_PER_TARGET) == Fraction(4, 5)


@pytest.mark.parametrize(
    ("amount", "value", "currency", "result"),
    [
        ("350.00", "151.275", "JPY", "52946"),
        ("0.10", "155", "JPY", "16"),
        ("100.00", "0.30755", "KWD", "30.755"),
        ("1.00", "0.005", "GBP", "0.01"),
        ("-1.00", "0.005", "GBP", "-0.01"),
    ],
)
def test_the_digits_are_those_of_the_currency_converted_to(
    amount: str, value: str, currency: str, result: str
) -> None:
    assert converted(usd(amount), Decimal(value), currency) == Money.of(result, currency)


def test_half_a_unit_to_the_even_one_if_the_ledger_does_so() -> None:
    assert converted(usd("1.00"), Decimal("0.005"), "GBP", HalfCent.EVEN).amount == 0


def test_an_invoice_of_400_at_1_20_is_paid_at_1_10() -> None:
    """333.33 in the books, 363.64 in the bank (Tryton, account_invoice 8.2 scenario)."""
    at = Quotation.SOURCE_PER_TARGET
    receivable = Carried.at(usd("400.00"), multiplier(Decimal("1.20"), at), "EUR")
    paid = pay(receivable, usd("400.00"), day(FRIDAY), multiplier(Decimal("1.10"), at))

    assert [(line.account, line.amount) for line in paid.entry.lines] == [
        (Account.CASH, eur("363.64")),
        (Account.RECEIVABLE, eur("-333.33")),
        (Account.FX_GAIN, eur("-30.31")),
    ]
    assert paid.left == Carried(usd(0), eur(0))


def test_a_loss_is_a_negative_gain_and_the_same_rate_neither() -> None:
    receivable = Carried.at(usd(100), Decimal("0.9"), "EUR")
    loss = pay(receivable, usd(100), day(FRIDAY), Decimal("0.8"))
    even = pay(receivable, usd(100), day(FRIDAY), Decimal("0.9"))

    assert (loss.gain, even.gain) == (eur(-10), eur(0))
    assert [line.account for line in even.entry.lines] == [Account.CASH, Account.RECEIVABLE]


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "100.01"])
def test_what_is_no_payment_of_the_invoice_is_refused(amount: str) -> None:
    with pytest.raises(Unusable, match=r"of which 100.00 USD is open"):
        pay(Carried(usd(100), eur(90)), usd(amount), day(FRIDAY), Decimal(1))


@pytest.mark.parametrize(
    ("total", "step", "payable", "rounding"),
    [("10.02", "0.05", "10.00", "-0.02"), ("10.03", "0.05", "10.05", "0.02"),
     ("10.025", "0.05", "10.05", "0.025"), ("17", "10", "20", "3")],
)  # fmt: skip
def test_cash_is_paid_in_coins(total: str, step: str, payable: str, rounding: str) -> None:
    answer = cash_rounded(Money.of(total, "CHF"), Decimal(step))

    assert answer.payable == Money.of(payable, "CHF")
    assert answer.rounding == Money.of(rounding, "CHF")


def test_the_tax_is_repeated_in_the_currency_of_the_books() -> None:
    """100.01 + 19.00 USD at 0.8: 95.21 of which 15.20 tax; the net is what they leave."""
    line = TaxableLine(usd("100.01"), taxes=(Tax("VAT", Decimal(19)),))
    invoice = taxed(TaxableDocument("USD", (line,)))
    totals = invoice.in_accounting_currency(found("USD", "EUR", FRIDAY))

    assert (totals.net, totals.tax, totals.total) == (eur("80.01"), eur("15.20"), eur("95.21"))


CODES = st.sampled_from(["EUR", "USD", "JPY", "BHD"])
VALUES = st.integers(1, 10**7).map(lambda n: Decimal(n) / 10_000)


@st.composite
def amounts(draw: st.DrawFn, least: int = -(10**8)) -> Money:
    code = draw(CODES)
    return Money.of(Decimal(draw(st.integers(least, 10**8))).scaleb(-minor_units(code)), code)


@unhurried
@given(amounts(), VALUES, CODES)
def test_a_converted_amount_is_payable(amount: Money, value: Decimal, target: str) -> None:
    answer = converted(amount, value, target)

    assert answer == answer.rounded()
    assert abs(Fraction(answer.amount) - Fraction(amount.amount) * Fraction(value)) <= (
        Fraction(step_of(target)) / 2
    )


@unhurried
@given(amounts(least=1), VALUES, st.lists(st.integers(1, 9), min_size=1, max_size=5), st.data())
def test_an_invoice_paid_in_parts_leaves_nothing(
    amount: Money, value: Decimal, parts: list[int], data: st.DataObject
) -> None:
    open_ = Carried.at(amount, value, "EUR")
    booked, closed = open_.carried, Money.zero("EUR")
    for part in parts:
        units = open_.foreign.amount.scaleb(minor_units(amount.currency))
        taken = max(Decimal(int(units) // (10 - part)), Decimal(1))
        paid = pay(
            open_,
            Money.of(taken.scaleb(-minor_units(amount.currency)), amount.currency),
            day(FRIDAY),
            data.draw(VALUES),
        )
        closed += paid.cash - paid.gain
        open_ = paid.left
        if not open_.foreign:
            break
    if open_.foreign:
        paid = pay(open_, open_.foreign, day(FRIDAY), data.draw(VALUES))
        closed += paid.cash - paid.gain
        open_ = paid.left

    assert (closed, open_.carried, open_.foreign.amount) == (booked, eur(0), 0)
