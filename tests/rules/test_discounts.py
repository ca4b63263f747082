"""Discounts before tax, and the one for paying early."""

from decimal import Decimal

import pytest
from tests.rules.facts import day, eur

from isthmus.kit.money import Money
from isthmus.rules.discounts import bundle_prices, document_discount, line_discount, redeem, spread
from isthmus.rules.early_payment import (
    AllowanceTax,
    EarlyPayment,
    PartialPayment,
    Receivable,
    Settled,
    settle,
)
from isthmus.rules.journal import Account
from isthmus.rules.refusal import Unusable
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.document import TaxableDocument, TaxableLine
from isthmus.rules.tax.levy import Tax

VAT, REDUCED = Tax("VAT", Decimal(19)), Tax("Reduced", Decimal(7))


def test_a_line_discount_is_rounded_by_itself() -> None:
    assert line_discount(eur("33.33"), Decimal("12.5")) == eur("4.17")
    with pytest.raises(Unusable, match="from 0 to 100 percent, not 101"):
        line_discount(eur(1), Decimal(101))


@pytest.mark.parametrize(
    ("discount", "lines", "parts"),
    [
        ("10.00", ["33.33", "33.33", "33.34"], ["3.33", "3.33", "3.34"]),
        ("0.02", ["1.00", "1.00", "1.00"], ["0.01", "0.01", "0.00"]),
        ("10.00", ["0.00", "5.00", "15.00"], ["0.00", "2.50", "7.50"]),
        ("10.00", ["30.00", "-20.00"], ["10.00", "0.00"]),
        ("99.00", ["30.00", "-20.00"], ["10.00", "0.00"]),
        ("99.00", ["-20.00"], ["0.00"]),
    ],
)
def test_a_discount_over_lines(discount: str, lines: list[str], parts: list[str]) -> None:
    found = spread(eur(discount), [eur(line) for line in lines])

    assert found == tuple(eur(part) for part in parts)


def test_a_negative_discount_is_refused() -> None:
    with pytest.raises(Unusable, match="would make the invoice dearer"):
        spread(eur(-1), [eur(10)])


def test_a_document_discount_is_an_allowance_for_each_rate() -> None:
    """10 of 100 at 19 % and 5 of 50 at 7 %."""
    lines = tuple(
        TaxableLine(eur(price), taxes=(tax,))
        for price, tax in ((60, VAT), (50, REDUCED), (40, VAT))
    )
    full = TaxableDocument("EUR", lines)
    found = taxed(TaxableDocument("EUR", lines, document_discount(full, eur(15))))

    assert [(part.amount, part.source.taxes) for part in found.adjustments] == [
        (eur(-10), (VAT,)),
        (eur(-5), (REDUCED,)),
    ]
    assert [row.amount for row in found.breakdown] == [eur("17.10"), eur("3.15")]


def test_coupons_are_used_in_turn_and_what_is_left_of_them_stays() -> None:
    found = redeem([eur(30), eur(100), eur(5)], [eur(60), eur(20)], "EUR")

    assert found.used == (eur(30), eur(50), eur(0))
    assert found.left == (eur(0), eur(50), eur(5))
    assert found.net == (eur(0), eur(0))


def test_a_bundle_is_priced_as_its_revenue_is_allocated() -> None:
    prices = {name: Money.of(price, "JPY") for name, price in (("A", 20), ("B", 30), ("C", 40))}
    found = bundle_prices(Money.of(10, "JPY"), prices)

    assert [price.amount for price in found.values()] == [18, 27, 35]


INVOICE = Receivable(eur("1180.00"), eur("188.40"), day("2026-03-01"))
TERMS = EarlyPayment.read("2/10 net 30")


def paid(amount: str, on: str = "2026-03-11", **how: object) -> Settled:
    return settle(INVOICE, eur(amount), day(on), TERMS, **how)  # type: ignore[arg-type]


def test_terms_as_people_write_them() -> None:
    assert EarlyPayment(Decimal(2), 10, 30) == TERMS
    assert EarlyPayment.read("2/10, n/30") == EarlyPayment.read("2% 10 Net 30") == TERMS
    assert EarlyPayment.read("1.5 / 14, NET 60") == EarlyPayment(Decimal("1.5"), 14, 60)
    for wrong in ("net 30", "2/10", "2/40 net 30", "0/10 net 30"):
        with pytest.raises(Unusable, match="payment_terms"):
            EarlyPayment.read(wrong)


@pytest.mark.parametrize(
    ("amount", "on", "allowance", "still_open"),
    [
        ("1156.40", "2026-03-11", "23.60", "0.00"),
        ("1156.40", "2026-03-12", "0.00", "23.60"),
        ("1156.39", "2026-03-11", "0.00", "23.61"),
        ("1170.00", "2026-03-11", "10.00", "0.00"),
        ("1180.00", "2026-03-11", "0.00", "0.00"),
    ],
)
def test_paid_in_time_or_a_day_late(amount: str, on: str, allowance: str, still_open: str) -> None:
    found = paid(amount, on)

    assert (found.allowance, found.open) == (eur(allowance), eur(still_open))


def test_half_an_invoice_in_time_earns_a_share_only_if_the_terms_say_so() -> None:
    """578.20 is 98 % of 590."""
    proportional = paid("578.20", partial=PartialPayment.IN_PROPORTION)

    assert (paid("578.20").allowance, paid("578.20").open) == (eur(0), eur("601.80"))
    assert (proportional.allowance, proportional.open) == (eur("11.80"), eur("590.00"))


def test_the_allowance_takes_back_its_part_of_the_tax() -> None:
    """23.60 x 188.40 / 1,180 = 3.768."""
    reduced, kept = paid("1156.40"), paid("1156.40", allowance_tax=AllowanceTax.KEPT)

    assert [(line.account, line.amount) for line in reduced.entry.lines] == [
        (Account.CASH, eur("1156.40")),
        (Account.DISCOUNT_ALLOWED, eur("19.83")),
        (Account.OUTPUT_TAX, eur("3.77")),
        (Account.RECEIVABLE, eur("-1180.00")),
    ]
    assert (kept.tax, len(kept.entry.lines)) == (eur(0), 3)


def test_more_than_the_invoice_is_no_payment_of_it() -> None:
    with pytest.raises(Unusable, match="more than the invoice"):
        paid("1180.01")
