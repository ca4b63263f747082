"""Currencies: their decimals, conversion of lines and totals, exchange difference, cash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.billing.tax import document, vat
from tests.finance.case_file import Inputs

from isthmus.canonical import ExchangeRate
from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money
from isthmus.rules.conversion import (
    Converted,
    Invoicing,
    RateDay,
    Work,
    convert_lines,
    convert_work,
)
from isthmus.rules.exchange_difference import Carried, pay
from isthmus.rules.fx import LookUp, Quotation, Rate, converted, find_rate, multiplier
from isthmus.rules.tax.assessment import line_amount, taxed
from isthmus.rules.tax.conventions import TaxConventions
from isthmus.rules.tax.document import TaxableLine, charge

ON = date(2026, 1, 31)
COMPANY, FOREIGN = "EUR", "USD"
ERPNEXT_BASE = "INR"


def rate_of(source: str, target: str, rate: Any, on: date = ON) -> ExchangeRate:
    return ExchangeRate(
        id=f"{source}-{target}-{on}", source=source, target=target, rated_on=on, rate=rate
    )


def the_rate(source: str, target: str, rate: Any) -> Rate:
    found = find_rate([rate_of(source, target, rate)], source, target, ON)
    assert isinstance(found, Rate)
    return found


@BILLING.case("MC-01")
def no_decimals(given: Inputs) -> dict[str, Any]:
    line = TaxableLine(Money.of(given["rate"], given["currency"]), Decimal(given["hours"]))
    even = TaxConventions(half=HalfCent.EVEN)
    return {"amount": line_amount(line), "half_even": line_amount(line, even)}


@BILLING.case("MC-03")
def dollars_into_yen(given: Inputs) -> dict[str, Any]:
    source, target = given["rate_currency"], given["invoice_currency"]
    amount = line_amount(TaxableLine(Money.of(given["rate"], source), Decimal(given["hours"])))
    return {"usd": amount, "amount": the_rate(source, target, given["fx"]).of(amount)}


@BILLING.case("MC-04")
def lines_or_total(given: Inputs) -> dict[str, Any]:
    lines = [Money.of(amount, "EUR") for amount in given["lines_eur"]]
    rate = the_rate("EUR", "USD", given["fx"])
    found = convert_lines(lines, [rate] * len(lines))
    return {
        "per_line": list(found.lines),
        "sum_of_lines": found.total,
        "converted_total": rate.of(Money.total(lines, "EUR")),
        "difference": found.difference,
    }


@BILLING.case("MC-05")
def exchange_difference(given: Inputs) -> dict[str, Any]:
    assert given["rate_meaning"] == "foreign units per company unit"

    def rate(name: str) -> Any:
        return multiplier(Decimal(given[name]), Quotation.SOURCE_PER_TARGET)

    amount = Money.of(given["invoice_amount"], FOREIGN)
    receivable = Carried.at(amount, rate("rate_on_invoice"), COMPANY)
    found = pay(receivable, amount, ON, rate("rate_on_payment"))
    return {
        "receivable_company": receivable.carried,
        "cash_company": found.cash,
        "exchange_gain": found.gain,
        "receivable_after": found.left.carried,
    }


@BILLING.case("MC-06")
def cascaded_charges(given: Inputs) -> dict[str, Any]:
    currency, base_rate = given["currency"], Decimal(given["conversion_rate"])
    lines = [
        TaxableLine(Money.of(row["unit_price"], currency), Decimal(row["quantity"]))
        for row in given["lines"]
    ]
    charges = [
        charge(Money.of(row.get("fixed") or row["amount"], currency), reason=row["name"])
        for row in given["charges"]
    ]
    steps = [taxed(document(lines, charges[:count], currency)) for count in range(len(charges) + 1)]

    def in_base(amounts: Sequence[Money]) -> list[Money]:
        return [converted(amount, base_rate, ERPNEXT_BASE) for amount in amounts]

    running = [step.total for step in steps[1:]]
    return {
        "net": steps[0].net,
        "base_net": in_base([steps[0].net])[0],
        "running_totals": running,
        "base_running_totals": in_base(running),
        "total": steps[-1].total,
        "base_total": in_base([steps[-1].total])[0],
    }


IMPLIED_RATE = Decimal("7.6114")
"""Of the case's arithmetic; its inputs have none."""
BILLING.disputed["MC-07"] = (
    "the inputs state no rate, so the tax in SEK cannot follow from them; at the rate that the "
    "arithmetic names, 1225.00 x 7.6114 = 9323.965, so 9323.97 and not 9324.00"
)


@BILLING.case("MC-07")
def tax_in_the_accounting_currency(given: Inputs) -> dict[str, Any]:
    invoice, books = given["invoice_currency"], given["tax_currency"]
    tax = charge(Money.of(given["tax"], invoice))
    found = taxed(document([], [tax], invoice))
    rate = the_rate(invoice, books, IMPLIED_RATE)
    return {"tax_in_tax_currency": found.in_accounting_currency(rate).total}


@BILLING.case("MC-08")
def cash_step(given: Inputs) -> dict[str, Any]:
    rate = vat(given["tax_percent"], inclusive=given["price_includes_tax"])
    step = TaxConventions(step=Decimal(given["currency_rounding"]))
    found = [
        taxed(document([TaxableLine(Money.of(price, "EUR"), taxes=(rate,))]), step)
        for price in given["prices"]
    ]
    return {"rows": [{"net": each.net, "tax": each.tax} for each in found]}


@BILLING.case("MC-09")
def day_of_the_rate(given: Inputs) -> dict[str, Any]:
    work = [
        Work(date.fromisoformat(row["date"]), Money.of(row["usd"], "USD"))
        for row in given["entries"]
    ]
    invoiced_on = date.fromisoformat(given["invoice_date"])
    rates = [
        rate_of("EUR", "USD", row["eurusd"], date.fromisoformat(row["date"]))
        for row in given["entries"]
    ]
    rates.append(rate_of("EUR", "USD", given["invoice_eurusd"], invoiced_on))

    def total(day: RateDay) -> Money:
        found = convert_work(work, rates, Invoicing("EUR", invoiced_on, day, LookUp(0)))
        assert isinstance(found, Converted)
        return found.total

    return {
        "by_work_date": total(RateDay.WORK_DATE),
        "by_invoice_date": total(RateDay.INVOICE_DATE),
    }
