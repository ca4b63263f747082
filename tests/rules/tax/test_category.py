"""What EN 16931 wants said of each VAT category, and what it does not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from isthmus.canonical import TaxCode
from isthmus.canonical.dimensions import TaxKind
from isthmus.rules.tax.category import TaxCategory, check_categories, stated_percent
from isthmus.rules.tax.levy import Tax, tax_of

STANDARD = Tax("VAT 19", Decimal(19))
ZERO = Tax("Zero", Decimal(0), category=TaxCategory.ZERO_RATED)
EXEMPT = Tax("Exempt", Decimal(0), category=TaxCategory.EXEMPT, reason="Article 132")
OUTSIDE = Tax("Outside", Decimal(0), category=TaxCategory.OUTSIDE_SCOPE, reason="Article 44")
REVERSED = Tax("Reversed", Decimal(0), category=TaxCategory.REVERSE_CHARGE, reason="Reverse charge")


def codes(*taxes: Tax, seller: str | None = "DE136695976", buyer: str | None = None) -> list[str]:
    found = check_categories(taxes, seller_number=seller, buyer_number=buyer)
    return [problem.code for problem in found]


@pytest.mark.parametrize("tax", [STANDARD, ZERO, EXEMPT, OUTSIDE], ids=lambda tax: tax.category)
def test_a_good_tax_has_no_problem(tax: Tax) -> None:
    assert codes(tax) == []


@pytest.mark.parametrize(
    ("tax", "problem"),
    [
        (replace(STANDARD, percent=Decimal(0)), "tax_percent_wrong"),
        (replace(STANDARD, percent=Decimal(-19)), "tax_percent_wrong"),
        (replace(STANDARD, reason="Article 132"), "exemption_reason_forbidden"),
        (replace(ZERO, percent=Decimal(5)), "tax_percent_wrong"),
        (replace(ZERO, reason="Article 132"), "exemption_reason_forbidden"),
        (replace(EXEMPT, reason=None), "exemption_reason_missing"),
        (replace(EXEMPT, percent=Decimal(7)), "tax_percent_wrong"),
        (replace(OUTSIDE, reason=None), "exemption_reason_missing"),
        (replace(REVERSED, reason=None), "exemption_reason_missing"),
        (replace(STANDARD, category=TaxCategory.CANARY_ISLANDS, percent=Decimal(-1)),
         "tax_percent_wrong"),
    ],
)  # fmt: skip
def test_one_thing_wrong_is_one_problem(tax: Tax, problem: str) -> None:
    assert codes(tax, buyer="FR40303265045") == [problem]


def test_who_must_be_named() -> None:
    assert codes(STANDARD, seller=None) == ["seller_number_missing"]
    assert codes(OUTSIDE, seller=None) == []
    assert codes(REVERSED) == ["buyer_number_missing"]
    assert codes(REVERSED, buyer="FR40303265045") == []


def test_what_is_outside_the_scope_stands_alone() -> None:
    assert codes(OUTSIDE, STANDARD) == ["tax_category_not_alone"]
    assert codes(EXEMPT, STANDARD) == []


def test_what_is_withheld_or_charged_by_the_piece_has_no_category() -> None:
    withheld = Tax("Withheld", Decimal(-5), withheld=True)
    assert codes(withheld, Tax("Fee", per_unit=Decimal(1)), seller=None) == []


def test_the_rate_is_printed_but_outside_the_scope() -> None:
    assert [stated_percent(tax) for tax in (STANDARD, ZERO, OUTSIDE)] == [19, 0, None]


@pytest.mark.parametrize(
    ("kind", "rate", "category", "percent"),
    [
        (TaxKind.STANDARD, "0.19", "S", "19"),
        (TaxKind.REDUCED, "0.055", "S", "5.5"),
        (TaxKind.ZERO, "0", "Z", "0"),
        (TaxKind.EXEMPT, "0", "E", "0"),
        (TaxKind.REVERSE_CHARGE, "0", "AE", "0"),
    ],
)
def test_the_ledgers_tax_code_as_a_tax(
    kind: TaxKind, rate: str, category: str, percent: str
) -> None:
    code = TaxCode(id="t", code="V", country="DE", rate=Decimal(rate), tax_kind=kind)
    found = tax_of(code, reason="Article 196" if kind is TaxKind.REVERSE_CHARGE else None)

    assert (found.name, found.category, found.percent) == ("V", category, Decimal(percent))
