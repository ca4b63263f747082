"""Tax: rounding, inclusive and compound taxes, categories, withholding, exemption."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.case_file import Inputs

from isthmus.kit.money import Money, minor_units
from isthmus.rules.discounts import document_discount
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.conventions import TaxConventions, TaxRounding
from isthmus.rules.tax.document import (
    Adjustment,
    TaxableDocument,
    TaxableLine,
)
from isthmus.rules.tax.levy import Tax
from isthmus.rules.tax.taxed import TaxedDocument

WITHOUT_DECIMALS = "CLP"
BY_LINE = TaxConventions(TaxRounding.LINE)


def eur(amount: Any) -> Money:
    return Money.of(amount, "EUR")


def vat(percent: Any, name: str = "VAT", **more: Any) -> Tax:
    return Tax(name, Decimal(percent), **more)


def document(
    lines: Iterable[TaxableLine],
    adjustments: Iterable[Adjustment] = (),
    currency: str = "EUR",
    prepaid: Money | None = None,
) -> TaxableDocument:
    return TaxableDocument(currency, tuple(lines), tuple(adjustments), prepaid)


def line(price: Any, quantity: Any = 1, *taxes: Tax, **more: Any) -> TaxableLine:
    return TaxableLine(eur(price), Decimal(quantity), taxes, **more)


def from_cents(amount: int) -> Money:
    return Money.of(Decimal(amount).scaleb(-2), "EUR")


def cents(amount: Money) -> Decimal:
    return amount.amount.scaleb(minor_units(amount.currency))


def in_decimal(exact: Fraction) -> Decimal:
    return Decimal(exact.numerator) / exact.denominator


def taxes_of(found: TaxedDocument) -> list[Money]:
    return [row.amount for row in found.breakdown]


def in_whole_units(given: Inputs) -> TaxableDocument:
    assert minor_units(WITHOUT_DECIMALS) == given["decimals"]
    rate = vat(given["tax_percent"])
    amounts = [Money.of(amount, WITHOUT_DECIMALS) for amount in given["lines"]]
    lines = [TaxableLine(amount, Decimal(1), (rate,)) for amount in amounts]
    return document(lines, currency=WITHOUT_DECIMALS)


@BILLING.case("TX-01")
def per_line(given: Inputs) -> dict[str, Any]:
    found = taxed(in_whole_units(given), TaxConventions(TaxRounding(given["round_at"])))
    return {
        "taxes": [share.amount for part in found.lines for share in part.taxes],
        "tax": found.tax,
        "total": found.total,
    }


@BILLING.case("TX-02")
def per_document(given: Inputs) -> dict[str, Any]:
    found = taxed(in_whole_units(given), TaxConventions(TaxRounding(given["round_at"])))
    shares = [share for part in found.lines for share in part.taxes]
    return {
        "line_taxes_unrounded": [in_decimal(share.exact) for share in shares],
        "tax": found.tax,
    }


@BILLING.case("TX-05")
def inclusive(given: Inputs) -> dict[str, Any]:
    rate = vat(given["tax_percent"], inclusive=given["inclusive"])
    found = taxed(document([line(given["price"], given["quantity"], rate)]))
    return {"gross": found.lines[0].amount, "net": found.net, "tax": found.tax}


@BILLING.case("TX-06")
def inclusive_prices(given: Inputs) -> dict[str, Any]:
    rate = vat(given["tax_percent"], inclusive=given["inclusive"])
    found = [taxed(document([line(price, 1, rate)])) for price in given["prices"]]
    return {"rows": [{"net": each.net, "tax": each.tax} for each in found]}


def a_tax(number: int, given: dict[str, Any]) -> Tax:
    return Tax(
        f"Tax {number}",
        percent=Decimal(given["percent"]) if "percent" in given else None,
        per_unit=Decimal(given["fixed"]) if "fixed" in given else None,
        inclusive=given.get("inclusive", False),
        adds_to_base=given.get("adds_to_base", False),
        affected_by_previous=given.get("affected_by_previous", True),
    )


@BILLING.case("TX-07")
def compound(given: Inputs) -> dict[str, Any]:
    taxes = [a_tax(number, tax) for number, tax in enumerate(given["taxes"])]
    found = taxed(document([line(given["price"], 1, *taxes)]))
    return {"taxes": taxes_of(found), "total": found.total}


@BILLING.case("TX-08")
def charge_in_the_base(given: Inputs) -> dict[str, Any]:
    taxes = [a_tax(number, tax) for number, tax in enumerate(given["taxes"])]
    found = taxed(document([line(given["price"], 1, *taxes)]))
    return {"net": found.net, "taxes": taxes_of(found), "total": found.total}


@BILLING.case("TX-10")
def one_rate(given: Inputs) -> dict[str, Any]:
    rate = vat(given["tax_percent"])
    found = taxed(document(line(given["price"], units, rate) for units in given["quantities"]))
    return {"net": found.net, "tax": found.tax, "total": found.total}


@BILLING.case("TX-11")
def discount_before_tax(given: Inputs) -> dict[str, Any]:
    rate = vat(given["tax_percent"])
    full = document(line(amount, 1, rate) for amount in given["lines"])
    reduced = document(full.lines, document_discount(full, eur(given["discount"])))
    found = taxed(reduced)
    return {
        "gross": found.lines_net,
        "net": found.net,
        "tax": found.tax,
        "total": found.total,
    }


@BILLING.case("TX-20")
def price_per_base_quantity(given: Inputs) -> dict[str, Any]:
    rate = vat(given["percent"])
    found = taxed(
        document(
            line(row["price"], row["quantity"], rate, base_quantity=Decimal(row.get("base", 1)))
            for row in given["lines"]
        )
    )
    return {
        "line_amounts": [part.amount for part in found.lines],
        "net": found.net,
        "tax": found.tax,
        "total": found.total,
    }


@BILLING.case("TX-25")
def tax_on_tax(given: Inputs) -> dict[str, Any]:
    found = [
        taxed(
            document(
                [
                    line(
                        given["net"],
                        1,
                        vat(row["gst"], "GST", adds_to_base=row["on"] == "net+gst"),
                        vat(row["second"], "Second"),
                    )
                ]
            )
        )
        for row in given["variants"]
    ]
    return {
        "totals": [each.total for each in found],
        "second_tax": [each.breakdown[1].amount for each in found],
    }


@BILLING.case("TX-26")
def one_of_two_lines(given: Inputs) -> dict[str, Any]:
    lines = [
        line(row["price"], row["quantity"], *([vat(row["tax"])] if row["tax"] else []))
        for row in given["lines"]
    ]
    found = taxed(document(lines))
    return {"net": found.net, "tax": found.tax, "total": found.total}


@BILLING.case("TX-27")
def negative_tax(given: Inputs) -> dict[str, Any]:
    return one_of_two_lines(given)


@BILLING.case("TX-29")
def blended_rate(given: Inputs) -> dict[str, Any]:
    lines = []
    for row in given["lines"]:
        percents = str(row["tax"]).split("+")
        taxes = tuple(vat(percent, f"Tax {n}") for n, percent in enumerate(percents))
        taken = from_cents(row.get("discount", 0))
        lines.append(TaxableLine(from_cents(row["amount"]), taxes=taxes, allowance=taken))
    found = taxed(document(lines))
    return {
        "net": cents(found.net),
        "tax": cents(found.tax),
        "total": cents(found.total),
        "effective_rate": found.effective_percent(),
    }


@BILLING.case("TX-31")
def line_or_category(given: Inputs) -> dict[str, Any]:
    rate = vat(given["percent"])
    invoice = document(line(amount, 1, rate) for amount in given["lines"])
    by_line, by_category = taxed(invoice, BY_LINE), taxed(invoice)
    return {
        "per_line": {
            "taxes": [share.amount for part in by_line.lines for share in part.taxes],
            "tax_total": by_line.tax,
            "gross": by_line.total,
        },
        "per_category": {"tax_total": by_category.tax, "gross": by_category.total},
    }
