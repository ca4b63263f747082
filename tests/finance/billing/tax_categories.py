"""Tax: categories, allowances and charges of a document, reverse charge, withholding, exemption."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.billing.tax import document, eur, line, taxes_of, vat
from tests.finance.case_file import Inputs

from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.category import REQUIREMENTS, TaxCategory, stated_percent
from isthmus.rules.tax.document import TaxableLine, allowance, charge, percent_of
from isthmus.rules.tax.exemption import Certificate, exempted
from isthmus.rules.tax.levy import Tax
from isthmus.rules.tax.reverse_charge import ReverseCharge, reverse_charge, self_assessed
from isthmus.rules.tax.withholding import expected_settlement


@BILLING.case("TX-13")
def half_cent_in_a_category(given: Inputs) -> dict[str, Any]:
    """The bases of the categories are the lines; allowance and charge are in them already."""

    def nok(amount: str) -> Money:
        return Money.of(amount, given["currency"])

    lines = [
        TaxableLine(
            nok(row["base"]),
            taxes=(vat(row["percent"], category=TaxCategory(row["code"]), reason="Exempt"),),
        )
        for row in given["categories"]
    ]
    prepaid = nok(given["prepaid"])
    found = taxed(document(lines, currency=given["currency"], prepaid=prepaid))
    return {
        "taxes": taxes_of(found),
        "tax": found.tax,
        "total": found.total,
        "due": found.due,
    }


def by_code(lines: list[dict[str, Any]]) -> dict[str, Tax]:
    """The one tax of each category; of E, which states no percentage, zero."""
    percents = {row["code"]: row.get("percent", "0") for row in lines}
    return {
        code: vat(percent, f"VAT {code}", category=TaxCategory(code))
        for code, percent in percents.items()
    }


@BILLING.case("TX-14")
def allowances_and_charges(given: Inputs) -> dict[str, Any]:
    taxes = by_code(given["lines"])
    lines = [
        TaxableLine(
            eur(row["price"]),
            Decimal(row["quantity"]),
            (taxes[row["code"]],),
            Decimal(row.get("price_base_quantity", "1")),
            eur(row.get("allowance", "0")),
            eur(row.get("charge", "0")),
        )
        for row in given["lines"]
    ]
    added, taken = given["document_charge"], given["document_allowance"]
    by_percent = percent_of(eur(added["base"]), Decimal(added["percent"]))
    assert by_percent == eur(added["amount"])
    adjustments = [
        charge(by_percent, (taxes[added["code"]],)),
        allowance(eur(taken["amount"]), (taxes[taken["code"]],)),
    ]
    found = taxed(document(lines, adjustments, prepaid=eur(given["prepaid"])))
    bases = {row.tax.category.value: row.base for row in found.breakdown}
    return {
        "line_amounts": [part.amount for part in found.lines],
        "net": found.net,
        "base_S": bases["S"],
        "base_E": bases["E"],
        "tax": found.tax,
        "total": found.total,
        "due": found.due,
    }


@BILLING.case("TX-15")
def two_standard_rates(given: Inputs) -> dict[str, Any]:
    lines = [line(row["price"], row["quantity"], vat(row["percent"])) for row in given["lines"]]
    adjusted = (vat(given["charge_percent"]),)
    adjustments = [
        charge(eur(given["document_charge"]), adjusted),
        allowance(eur(given["document_allowance"]), adjusted),
    ]
    found = taxed(document(lines, adjustments))
    return {
        "net": found.net,
        "taxes": [{"base": row.base, "tax": row.amount} for row in found.breakdown],
        "tax": found.tax,
        "total": found.total,
    }


@BILLING.case("TX-16")
def three_kinds_of_nothing(given: Inputs) -> dict[str, Any]:
    categories = [TaxCategory(row["code"]) for row in given["rows"]]
    taxes = [vat(0, f"VAT {category}", category=category) for category in categories]
    found = [
        taxed(document([line(row["net"], 1, tax)]))
        for row, tax in zip(given["rows"], taxes, strict=True)
    ]
    stated = [stated_percent(tax) for tax in taxes]
    return {
        "taxes": [each.tax for each in found],
        "totals": [each.total for each in found],
        "percent_element": ["absent" if percent is None else percent for percent in stated],
        "reason_required": [REQUIREMENTS[category].needs_reason for category in categories],
    }


@BILLING.case("TX-17")
def reverse_charged(given: Inputs) -> dict[str, Any]:
    found = reverse_charge(given["seller"], given["buyer"], given["buyer_vat_number"])
    assert isinstance(found, ReverseCharge)
    invoice = taxed(document([line(given["net"], 1, found.tax)]))
    buyer = self_assessed(invoice.net, Decimal(given["buyer_rate"]))
    return {
        "code": found.tax.category.value,
        "tax": invoice.tax,
        "total": invoice.total,
        "legend_required": bool(found.legend),
        "buyer_self_assessed": {"output": buyer.output, "input": buyer.input},
    }


@BILLING.case("TX-24")
def withheld(given: Inputs) -> dict[str, Any]:
    taxes = vat(given["vat_percent"]), vat(given["wht_percent"], "Withholding", withheld=True)
    found = taxed(document([line(given["net"], 1, *taxes)]))
    settled = expected_settlement(found)
    return {
        "vat": found.tax,
        "invoice_total": found.total,
        "withheld": found.withheld,
        "cash_expected": settled.cash,
        "receivable_closed_by": [
            f"cash {settled.cash.amount}",
            f"withholding certificate {settled.certificate.amount}",
        ],
    }


@BILLING.case("TX-30")
def expired_certificate(given: Inputs) -> dict[str, Any]:
    certificate = Certificate("1", valid_to=date.fromisoformat(given["certificate_valid_to"]))
    on = date.fromisoformat(given["invoice_date"])
    decided = exempted(vat(given["percent"], "Sales tax"), [certificate], on)
    found = taxed(document([line(given["net"], 1, decided.tax)]))
    warning = decided.warning
    return {
        "tax": found.tax,
        "total": found.total,
        "warning": warning.code if isinstance(warning, Problem) else None,
    }
