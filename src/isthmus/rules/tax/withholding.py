"""Tax withheld by the client: the invoice is owed whole, part of it arrives as a certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.kit.money import Money
from isthmus.rules.journal import Account, Entry, Line, entry
from isthmus.rules.tax.taxed import TaxedDocument


@dataclass(frozen=True, slots=True)
class ExpectedSettlement:
    """What closes the receivable. The certificate is worth its amount in our own tax return."""

    cash: Money
    certificate: Money

    def entry(self, on: date) -> Entry:
        return entry(
            on,
            [
                Line(Account.CASH, self.cash),
                Line(Account.WITHHOLDING_TAX, self.certificate),
                Line(Account.RECEIVABLE, -(self.cash + self.certificate)),
            ],
        )


def expected_settlement(invoice: TaxedDocument) -> ExpectedSettlement:
    return ExpectedSettlement(invoice.due - invoice.withheld, invoice.withheld)
