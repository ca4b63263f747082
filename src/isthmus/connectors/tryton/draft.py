"""An Invoice as the values of a new `account.invoice`.

Creating runs no on_change, so accounts, units, addresses and taxes are asked for first, from the
same on_change methods that fill Tryton's own form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from isthmus.canonical.invoice import Invoice, InvoiceLine, LineKind
from isthmus.connect.errors import FieldProblem, Invalid
from isthmus.connectors.tryton import wire
from isthmus.connectors.tryton.catalogue import Catalogue, CompanyRow, first_country
from isthmus.connectors.tryton.party import KEY
from isthmus.connectors.tryton.taxes import rule_for
from isthmus.connectors.tryton.wire import Record
from isthmus.kit.money import minor_units

UNIT_PRICE_DIGITS = 4
"""`product.price_decimal` of a server that was not told otherwise."""
PRICE_STEP = Decimal(1).scaleb(-UNIT_PRICE_DIGITS)


@dataclass(frozen=True)
class Heading:
    company: CompanyRow
    values: Record

    @property
    def party(self) -> int:
        return int(self.values["party"])


async def invoice_values(catalogue: Catalogue, invoice: Invoice) -> Record:
    """Everything but the ids of records that exist already. Raises Invalid, writes nothing."""
    _check_prices(catalogue.client.system, invoice)
    heading = await _heading(catalogue, invoice)
    taxes = await _rule_taxes(catalogue, heading)
    offers = {
        kind: await _line_defaults(catalogue, heading, kind)
        for kind in dict.fromkeys(line.kind for line in invoice.lines)
    }
    lines: list[Record] = []
    for line in invoice.lines:
        lines += await _lines(catalogue, heading, line, offers[line.kind], taxes)
    lines[0]["note"] = KEY + invoice.id
    return {**heading.values, "lines": wire.lines(lines)}


def _check_prices(system: str, invoice: Invoice) -> None:
    if not invoice.lines:
        raise Invalid(system, f"invoice {invoice.reference} has no lines")
    for line in invoice.lines:
        price = line.unit_price.amount
        if price != round(price, UNIT_PRICE_DIGITS):
            problem = FieldProblem(
                "account.invoice.line",
                "unit_price",
                str(price),
                f"more than {UNIT_PRICE_DIGITS} decimals, which Tryton does not keep",
                "Round the rate in the system that owns it.",
            )
            raise Invalid(system, f"line {line.number} of {invoice.reference}", fields=(problem,))


async def _heading(catalogue: Catalogue, invoice: Invoice) -> Heading:
    client = catalogue.client
    company = await catalogue.company(invoice.legal_entity)
    base: Record = {
        "type": "out",
        "company": company.number,
        "currency": await catalogue.currency(invoice.currency),
        "party": client.record_id(invoice.customer, "customer"),
    }
    offered = await client.call(
        "account.invoice", "on_change", base, ["party"], context={"company": company.number}
    )
    for field, remedy in (
        ("invoice_address", "Give the customer an address."),
        ("account", "Set a receivable account on the customer or in the account configuration."),
    ):
        if not offered.get(field):
            raise _absent(client.system, invoice, field, remedy)
    values = {
        **base,
        "reference": invoice.reference,
        "invoice_date": invoice.issued_on,
        "accounting_date": None,
        "journal": await catalogue.revenue_journal(),
        **{k: offered.get(k) for k in ("invoice_address", "account", "payment_term")},
        "party_tax_identifier": offered.get("party_tax_identifier"),
    }
    if invoice.payment_terms:
        values["payment_term"] = await catalogue.payment_term(
            invoice.payment_terms, "Invoice.payment_terms"
        )
    if invoice.purchase_order:
        values["description"] = f"Purchase order {invoice.purchase_order}"
    return Heading(company, values)


def _absent(system: str, invoice: Invoice, field: str, remedy: str) -> Invalid:
    reason = f"customer {invoice.customer} has none to bill to"
    problem = FieldProblem("account.invoice", field, None, reason, remedy)
    return Invalid(system, f"invoice {invoice.reference} cannot be drafted", fields=(problem,))


async def _rule_taxes(catalogue: Catalogue, heading: Heading) -> list[int] | None:
    rules = catalogue.config.taxes
    if not rules:
        return None
    found = await catalogue.client.search_read(
        "party.address", [["id", "=", heading.values["invoice_address"]]], ["country.code"]
    )
    rule = rule_for(
        rules,
        heading.company.country,
        first_country(found),
        registered=heading.values["party_tax_identifier"] is not None,
    )
    if rule is None:
        return None
    return [await catalogue.tax(name, heading.company.number) for name in rule.taxes]


async def _line_defaults(catalogue: Catalogue, heading: Heading, kind: LineKind) -> Record:
    values: Record = {
        "type": "line",
        "invoice_type": "out",
        "company": heading.company.number,
        "currency": heading.values["currency"],
        "party": heading.party,
        "product": await catalogue.product(kind),
        "quantity": 1.0,
    }
    offered: Record = await catalogue.client.call(
        "account.invoice.line",
        "on_change",
        values,
        ["product"],
        context={"company": heading.company.number},
    )
    return offered


async def _lines(
    catalogue: Catalogue,
    heading: Heading,
    line: InvoiceLine,
    offered: Record,
    taxes: Sequence[int] | None,
) -> list[Record]:
    charged = _offered_taxes(offered) if taxes is None else list(taxes)
    values: Record = {
        "type": "line",
        "company": heading.company.number,
        "currency": heading.values["currency"],
        "product": offered["product"],
        "account": offered["account"],
        "unit": offered["unit"],
        "description": line.description,
        "quantity": _quantity(line.quantity),
        "unit_price": line.unit_price.amount,
        "taxes": [["add", charged]] if charged else [],
    }
    if line.cost_centre:
        account = catalogue.client.record_id(line.cost_centre, "cost centre")
        root = await catalogue.analytic_root(account)
        values["analytic_accounts"] = wire.lines([{"root": root, "account": account}])
    return rounded_as_ours(line, values)


def rounded_as_ours(line: InvoiceLine, values: Record) -> list[Record]:
    """Tryton rounds half a cent to the even cent, we round it up: 7.5 x 99.99 is 749.92 there and
    749.93 here. On such a tie the price moves by one step of its last decimal so that Tryton's
    line comes out at ours; where a step is too coarse, a line of one cent follows.
    """
    price, ours = line.unit_price.amount, line.amount
    theirs = _half_even(line.quantity * price, ours.currency)
    if theirs == ours.amount or line.unit_price.times(line.quantity).rounded() != ours:
        return [values]
    for nudged in (price + PRICE_STEP, price - PRICE_STEP):
        if _half_even(line.quantity * nudged, ours.currency) == ours.amount:
            return [{**values, "unit_price": nudged}]
    cent = {"description": "Rounding", "quantity": 1.0, "unit_price": ours.amount - theirs}
    return [values, {**values, **cent}]


def _half_even(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_EVEN)


def _quantity(value: Decimal) -> float:
    """Quantities are binary floats in Tryton, rounded there to the unit's digits."""
    return float(value)


def _offered_taxes(offered: Record) -> list[int]:
    added: list[Any] = (offered.get("taxes") or {}).get("add", [])
    return [int(record["id"]) for _, record in added]
