"""Each convention that a ledger may have, with the same lines taxed both ways."""

from decimal import Decimal
from typing import Any

import pytest
from tests.rules.facts import eur

from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money
from isthmus.rules.refusal import Unusable
from isthmus.rules.tax.assessment import line_amount, taxed
from isthmus.rules.tax.conventions import TaxBase, TaxConventions, TaxRounding
from isthmus.rules.tax.document import TaxableDocument, TaxableLine, allowance
from isthmus.rules.tax.levy import Tax

VAT = Tax("VAT", Decimal(19))
CITY = Tax("City", Decimal("2.5"))


def document(*lines: TaxableLine, **more: Any) -> TaxableDocument:
    return TaxableDocument("EUR", lines, **more)


def line(price: str, *taxes: Tax, quantity: str = "1", **more: Any) -> TaxableLine:
    return TaxableLine(eur(price), Decimal(quantity), taxes, **more)


@pytest.mark.parametrize(
    ("rounding", "taxes", "tax"),
    [
        (TaxRounding.CATEGORY, ["5.72", "0.75"], "6.47"),
        (TaxRounding.LINE, ["5.73", "0.75"], "6.48"),
        (TaxRounding.DOCUMENT, ["5.72", "0.75"], "6.47"),
        (TaxRounding.LINE_SUM, ["5.73", "0.75"], "6.48"),
        (TaxRounding.SAME_TAXES, ["5.72", "0.75"], "6.47"),
    ],
)
def test_three_lines_of_ten_and_three_cents(
    rounding: TaxRounding, taxes: list[str], tax: str
) -> None:
    """1.9057 and 0.25075 a line: 5.7171 and 0.75225 in all."""
    found = taxed(document(*[line("10.03", VAT, CITY)] * 3), TaxConventions(rounding))

    assert [row.amount for row in found.breakdown] == [eur(amount) for amount in taxes]
    assert found.tax == eur(tax)


@pytest.mark.parametrize(
    ("rounding", "taxes"),
    [
        (TaxRounding.CATEGORY, ["0.34", "0.34"]),
        (TaxRounding.LINE, ["0.34", "0.34"]),
        (TaxRounding.DOCUMENT, ["0.33", "0.34"]),
        (TaxRounding.LINE_SUM, ["0.33", "0.34"]),
        (TaxRounding.SAME_TAXES, ["0.33", "0.34"]),
    ],
)
def test_two_taxes_that_both_round_up_make_a_cent_too_much(
    rounding: TaxRounding, taxes: list[str]
) -> None:
    """0.3353 + 0.3353 is 0.67."""
    one, two = Tax("One", Decimal("3.353")), Tax("Two", Decimal("3.353"))
    found = taxed(document(line("10.00", one, two)), TaxConventions(rounding))

    assert [row.amount for row in found.breakdown] == [eur(amount) for amount in taxes]


def test_of_one_sum_the_tax_gives_way_whose_rounding_strayed_furthest() -> None:
    """0.336 + 0.3351 is 0.67; 0.34 is further from the second."""
    taxes = Tax("A", Decimal("3.36")), Tax("B", Decimal("3.351"))
    found = taxed(document(line("10.00", *taxes)), TaxConventions(TaxRounding.DOCUMENT))

    assert [row.amount for row in found.breakdown] == [eur("0.34"), eur("0.33")]


def test_lines_taxed_alike_are_added_up_apart_from_their_credits() -> None:
    """0.67 on 10.00 less 0.34 on 5.00; 0.3353 on the difference would be 0.34."""
    taxes = Tax("A", Decimal("3.353")), Tax("B", Decimal("3.353"))
    found = taxed(
        document(line("10.00", *taxes), line("5.00", *taxes, quantity="-1")),
        TaxConventions(TaxRounding.SAME_TAXES),
    )

    assert found.tax == eur("0.33")


def test_a_price_may_contain_a_tax_on_a_tax() -> None:
    """100 + 10 % is 110, + 5 % is 115.50."""
    first = Tax("First", Decimal(10), inclusive=True, adds_to_base=True)
    found = taxed(document(line("115.50", first, Tax("Second", Decimal(5), inclusive=True))))

    assert found.net == eur("100.00")
    assert [row.amount for row in found.breakdown] == [eur("10.00"), eur("5.50")]


def test_taxes_too_small_to_show_are_not_lost_where_they_are_one_sum() -> None:
    """Twice 0.003 and once 0.004."""
    taxes = [Tax(name, Decimal(percent)) for name, percent in (("A", 3), ("B", 3), ("C", 4))]
    small = document(line("0.10", *taxes))

    assert taxed(small).tax == eur("0.00")
    assert taxed(small, TaxConventions(TaxRounding.DOCUMENT)).tax == eur("0.01")
    assert taxed(small, TaxConventions(TaxRounding.LINE_SUM)).tax == eur("0.01")


def test_what_is_withheld_makes_up_for_no_tax() -> None:
    """0.335 + 0.335 would be 0.67 if they were one sum."""
    kept = Tax("Withheld", Decimal("3.35"), withheld=True)
    found = taxed(
        document(line("10.00", Tax("VAT", Decimal("3.35")), kept)),
        TaxConventions(TaxRounding.DOCUMENT),
    )

    assert (found.tax, found.withheld, found.total) == (eur("0.34"), eur("0.34"), eur("10.34"))


@pytest.mark.parametrize(
    ("base", "net", "tax"),
    [(TaxBase.ROUNDED_LINE, "749.93", "157.49"), (TaxBase.EXACT_LINE, "749.93", "157.48")],
)
def test_a_line_is_taxed_as_it_is_printed_or_as_it_was_before(
    base: TaxBase, net: str, tax: str
) -> None:
    """7.5 x 99.99 = 749.925, of which 21 % is 157.48425; of 749.93 it is 157.4853."""
    found = taxed(
        document(line("99.99", Tax("VAT", Decimal(21)), quantity="7.5")), TaxConventions(base=base)
    )

    assert (found.net, found.tax) == (eur(net), eur(tax))


@pytest.mark.parametrize(
    ("half", "amount", "tax"),
    [(HalfCent.UP, "0.13", "365.13"), (HalfCent.EVEN, "0.12", "365.12")],
)
def test_half_a_cent(half: HalfCent, amount: str, tax: str) -> None:
    """0.5 x 0.25 = 0.125; 1,460.50 x 25 % = 365.125 (EN 16931, tc434 example 2)."""
    how = TaxConventions(half=half)

    assert line_amount(line("0.25", quantity="0.5"), how) == eur(amount)
    assert taxed(document(line("1460.50", Tax("VAT", Decimal(25)))), how).tax == eur(tax)


def test_half_a_cent_of_a_credit_mirrors_that_of_the_invoice() -> None:
    credit = document(line("1460.50", Tax("VAT", Decimal(25)), quantity="-1"))

    assert taxed(credit).tax == eur("-365.13")
    assert taxed(credit, TaxConventions(half=HalfCent.EVEN)).tax == eur("-365.12")


def test_a_step_coarser_than_the_cent_is_that_of_every_amount() -> None:
    found = taxed(document(line("10.03", VAT)), TaxConventions(step=Decimal("0.05")))

    assert (found.net, found.tax, found.total) == (eur("10.05"), eur("1.90"), eur("11.95"))


def test_of_a_price_with_tax_in_it_the_lines_add_up_to_what_was_asked() -> None:
    """Three times 0.10 with 19 % in it: 0.0479 of tax in all, 0.05."""
    contained = Tax("VAT", Decimal(19), inclusive=True)
    found = taxed(document(*[line("0.10", contained)] * 3))

    assert (found.net, found.tax, found.total) == (eur("0.25"), eur("0.05"), eur("0.30"))
    assert [part.net for part in found.lines] == [eur("0.08"), eur("0.09"), eur("0.08")]


def test_an_allowance_lowers_the_base_of_its_category_only() -> None:
    reduced = Tax("Reduced", Decimal(7))
    lines = line("100.00", VAT), line("50.00", reduced)
    found = taxed(document(*lines, adjustments=(allowance(eur("20.00"), (VAT,)),)))

    assert [(row.base, row.amount) for row in found.breakdown] == [
        (eur("80.00"), eur("15.20")),
        (eur("50.00"), eur("3.50")),
    ]
    assert (found.lines_net, found.net) == (eur("150.00"), eur("130.00"))


def test_the_base_of_a_tax_on_a_tax_is_the_sum_of_what_is_printed() -> None:
    gst, qst = Tax("GST", Decimal(5), adds_to_base=True), Tax("QST", Decimal("9.5"))
    found = taxed(document(line("100.10", gst, qst)))

    assert [(row.base, row.amount) for row in found.breakdown] == [
        (eur("100.10"), eur("5.01")),
        (eur("105.11"), eur("9.98")),
    ]


def test_a_charge_by_the_piece_counts_units_and_not_prices() -> None:
    """3 pieces at 0.35; an allowance has none."""
    fee = Tax("Fee", per_unit=Decimal("0.35"))
    found = taxed(
        document(
            line("9.00", fee, quantity="3", base_quantity=Decimal(12)),
            adjustments=(allowance(eur("1.00"), (fee,)),),
        )
    )

    assert (found.net, found.tax) == (eur("1.25"), eur("1.05"))


def test_what_cannot_be_taxed_is_refused() -> None:
    with pytest.raises(Unusable, match="An amount in USD stands on a document in EUR"):
        taxed(document(TaxableLine(Money.of(1, "USD"))))
    with pytest.raises(Unusable, match="base_quantity"):
        taxed(document(line("1.00", base_quantity=Decimal(0))))
    with pytest.raises(Unusable, match="leave nothing of it"):
        taxed(document(line("1.00", Tax("All", Decimal(-100), inclusive=True))))
    with pytest.raises(Unusable, match="neither a percentage nor a charge"):
        Tax("VAT")
    with pytest.raises(Unusable, match="neither a percentage nor a charge"):
        Tax("VAT", Decimal(19), Decimal(1))
    with pytest.raises(Unusable, match="is withheld, so it is no part of a price"):
        Tax("Withheld", Decimal(10), withheld=True, inclusive=True)
