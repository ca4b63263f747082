"""Discounts: bundles, over a document's lines, for early payment, beyond the invoice."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.billing.tax import cents, document, eur, from_cents, vat
from tests.finance.case_file import Inputs

from isthmus.kit.money import Money, minor_units
from isthmus.rules.discounts import bundle_prices, redeem, spread
from isthmus.rules.early_payment import EarlyPayment, Receivable, settle
from isthmus.rules.rounding import exact_shares, nearest
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.document import TaxableLine

WITHOUT_DECIMALS = "JPY"
ISSUED_ON = date(2026, 1, 31)


@BILLING.case("DC-01")
def bundle(given: Inputs) -> dict[str, Any]:
    """In a currency without decimals; the exact shares to two, as the source prints them."""
    assert minor_units(WITHOUT_DECIMALS) == given["decimals"]
    prices = {
        f"Product {number}": Money.of(price, WITHOUT_DECIMALS)
        for number, price in enumerate(given["prices"])
    }
    discount = Money.of(given["discount"], WITHOUT_DECIMALS)
    together = Money.total(bundle_prices(discount, prices).values(), WITHOUT_DECIMALS)
    exact = exact_shares(together, [price.amount for price in prices.values()])
    return {
        "allocated": list(bundle_prices(discount, prices).values()),
        "exact": [nearest(part, Decimal("0.01")) for part in exact],
    }


@BILLING.case("DC-02")
def over_three_lines(given: Inputs) -> dict[str, Any]:
    lines = [eur(amount) for amount in given["lines"]]
    parts = spread(eur(given["discount"]), lines)
    return {
        "allocated": list(parts),
        "net": [line - part for line, part in zip(lines, parts, strict=True)],
    }


@BILLING.case("DC-04")
def early_payment(given: Inputs) -> dict[str, Any]:
    invoice = Receivable(eur(given["total"]), eur(0), ISSUED_ON)
    on = ISSUED_ON + timedelta(days=given["day"])
    found = settle(invoice, eur(given["paid"]), on, EarlyPayment.read(given["terms"]))
    return {"allowance": found.allowance, "open": found.open}


@BILLING.case("DC-05")
def more_than_the_invoice(given: Inputs) -> dict[str, Any]:
    coupons = [from_cents(amount) for amount in given["coupons"]]
    redeemed = redeem(coupons, [from_cents(given["amount"])], "EUR")
    lines = [TaxableLine(net, taxes=(vat(given["tax"]),)) for net in redeemed.net]
    found = taxed(document(lines))
    return {"total": cents(found.total), "tax": cents(found.tax)}
