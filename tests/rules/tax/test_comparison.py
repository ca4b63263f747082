"""A difference from the ledger's figures, explained."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.rules.facts import eur

from isthmus.canonical.terms import HalfCent
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.comparison import Cause, Comparison, Stated, compare
from isthmus.rules.tax.conventions import EN_16931, TaxBase, TaxRounding
from isthmus.rules.tax.document import TaxableDocument, TaxableLine
from isthmus.rules.tax.levy import Tax

VAT, CITY = Tax("VAT", Decimal(19)), Tax("City", Decimal(3))
EXACT = eur(0)


def document(*lines: tuple[str, str, tuple[Tax, ...]]) -> TaxableDocument:
    return TaxableDocument(
        "EUR",
        tuple(TaxableLine(eur(price), Decimal(units), taxes) for price, units, taxes in lines),
    )


THREE = document(*[("10.03", "1", (VAT,))] * 3)
BOTH = document(("200.00", "1", (VAT, CITY)))


def told(ours: TaxableDocument, theirs: Stated) -> tuple[Cause, str]:
    [found] = compare(taxed(ours), theirs, EXACT).explanations
    return found.cause, found.text


def test_equal_figures_need_no_explanation() -> None:
    assert compare(taxed(THREE), Stated(eur("30.09"), eur("5.72")), EXACT) == Comparison(
        eur("0.00"), ()
    )


def test_a_tolerance_is_for_each_figure_and_not_for_their_sum() -> None:
    stated = Stated(eur("30.09"), eur("5.73"))

    assert compare(taxed(THREE), stated, eur("0.01")).agrees
    assert compare(taxed(THREE), stated, EXACT).difference == eur("0.01")
    offset = Stated(eur("200.00"), eur("44.00"), {"VAT": eur("38.02"), "City": eur("5.98")})
    assert not compare(taxed(BOTH), offset, eur("0.01")).agrees
    assert compare(taxed(BOTH), offset, eur("0.02")).agrees


def test_rounding_by_line_is_told_from_rounding_by_document() -> None:
    assert told(THREE, Stated(eur("30.09"), eur("5.73"))) == (
        Cause.CONVENTION,
        "Rounding: the ledger rounds each tax of each line, which gives its 5.73 EUR; we round "
        "each tax once for the document, which gives 5.72 EUR.",
    )


@pytest.mark.parametrize(
    ("ours", "way", "words"),
    [
        (
            document(("1460.50", "1", (Tax("VAT", Decimal(25)),))),
            replace(EN_16931, half=HalfCent.EVEN),
            "half a unit to the even one",
        ),
        (
            document(("99.99", "7.5", (Tax("VAT", Decimal(21)),))),
            replace(EN_16931, base=TaxBase.EXACT_LINE),
            "of unrounded line amounts",
        ),
        (
            document(("10.00", "1", tuple(Tax(n, Decimal("3.353")) for n in "AB"))),
            replace(EN_16931, rounding=TaxRounding.DOCUMENT),
            "the sum of all taxes once",
        ),
    ],
)
def test_each_convention_of_a_ledger_is_recognised(
    ours: TaxableDocument, way: object, words: str
) -> None:
    theirs = taxed(ours, way)  # type: ignore[arg-type]
    cause, text = told(ours, Stated(theirs.net, theirs.tax))

    assert cause is Cause.CONVENTION
    assert f"the ledger rounds {words}, which gives its {theirs.tax};" in text


def test_another_net_is_told_before_any_tax() -> None:
    assert told(THREE, Stated(eur("30.00"), eur("5.70"))) == (
        Cause.NET,
        "The net is 30.00 EUR there and 30.09 EUR here, before any tax.",
    )


def test_a_tax_that_the_ledger_left_out() -> None:
    assert told(BOTH, Stated(eur("200.00"), eur("38.00"))) == (
        Cause.MISSING_TAX,
        "The ledger's tax is 38.00 EUR: ours without City, 6.00 EUR.",
    )
    assert told(BOTH, Stated(eur("200.00"), eur("38.00"), {"VAT": eur("38.00")})) == (
        Cause.MISSING_TAX,
        "The ledger charges no City; we say 6.00 EUR.",
    )


def test_a_tax_that_only_the_ledger_has() -> None:
    named = {"VAT": eur("38.00"), "City": eur("6.00"), "State": eur("2.00")}

    assert told(BOTH, Stated(eur("200.00"), eur("46.00"), named)) == (
        Cause.EXTRA_TAX,
        "The ledger charges State, 2.00 EUR; we do not.",
    )


def test_another_rate() -> None:
    assert told(THREE, Stated(eur("30.09"), eur("2.11"))) == (
        Cause.RATE,
        "VAT is 2.11 EUR there and 5.72 EUR here, on 30.09 EUR: about 7.01 % instead of 19 %.",
    )
    named = {"VAT": eur("42.00"), "City": eur("6.00")}
    assert told(BOTH, Stated(eur("200.00"), eur("48.00"), named)) == (
        Cause.RATE,
        "VAT is 42.00 EUR there and 38.00 EUR here, on 200.00 EUR: about 21 % instead of 19 %.",
    )


def test_two_wrong_taxes_are_two_explanations() -> None:
    named = {"VAT": eur("42.00"), "State": eur("2.00")}
    found = compare(taxed(BOTH), Stated(eur("200.00"), eur("44.00"), named), EXACT)

    assert [why.cause for why in found.explanations] == [
        Cause.MISSING_TAX,
        Cause.EXTRA_TAX,
        Cause.RATE,
    ]


def test_what_nothing_explains_is_told_as_such() -> None:
    cause, text = told(BOTH, Stated(eur("200.00"), eur("41.17")))

    assert cause is Cause.UNEXPLAINED
    assert text.startswith("The tax is 41.17 EUR there and 44.00 EUR here; no rounding, ")
