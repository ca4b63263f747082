"""Receivable move lines that pay an invoice, and our Payment. Read only.

Tryton has no record of a customer's payment as such: the button Pay, a bank statement and
`account.payment` all end in a move line that the invoice lists under its payment lines. So one
line is one payment here. A line may be attached long after it was booked, which writes only the
invoice; therefore the invoice's stamp counts too.
"""

from __future__ import annotations

from dataclasses import replace

from isthmus.canonical import Payment
from isthmus.canonical.payment import Application
from isthmus.connect.mapping import Translated
from isthmus.connectors.tryton.invoice import is_credit, taken_by
from isthmus.connectors.tryton.table import Table
from isthmus.connectors.tryton.wire import Domain, Record
from isthmus.kit.money import Money


class Payments(Table):
    model = Payment
    mapping_name = "payment"
    children = ("invoice_payment",)
    also = (
        "credit", "debit", "amount_second_currency", "second_currency.code", "currency.code",
        "invoice_payment.id", "move_origin",
    )  # fmt: skip

    async def domain(self) -> Domain:
        return [["invoice_payment.type", "=", "out"]]

    def wanted(self, record: Record) -> bool:
        """The line of a credit note pays an invoice too, and is no money."""
        return not is_credit(record, record["invoice_payment"]["id"])

    def translate(self, record: Record) -> Translated:
        found = super().translate(record)
        amount = _received(record)
        paid = record["invoice_payment"]["id"]
        application = Application(invoice=paid, ledger_invoice=paid, amount=amount)
        attributes = {"amount": amount, "applications": (application,)}
        return replace(found, attributes={**found.attributes, **attributes})


def _received(record: Record) -> Money:
    """In the currency that was paid."""
    code = (record["second_currency"] or record["currency"])["code"]
    return Money(amount=taken_by(record), currency=code)
