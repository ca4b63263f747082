"""NetSuite `customerPayment`, with the invoices that it pays.

A receipt's total may carry the ledger's sign; received money is positive here.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from isthmus.canonical import Payment
from isthmus.canonical.payment import Application
from isthmus.connectors.netsuite.reading import Reading
from isthmus.connectors.netsuite.transactions import LINES_PER_PAGE, applications
from isthmus.kit.money import Money


class Payments(Reading):
    model = Payment
    table = "transaction"
    mapping_name = "payment"
    condition = "type = 'CustPymt'"
    dates = frozenset({"trandate"})
    page = LINES_PER_PAGE

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        applied = await applications(self.client, rows)
        for row in rows:
            row["currency"] = {"symbol": await self.lists.currencies.name(row.get("currency"))}
            row["foreigntotal"] = str(row.get("foreigntotal") or "0").removeprefix("-")
            row["applied"] = [
                {"invoice": str(a["previousdoc"]), "amount": str(a["amount"])}
                for a in applied[str(row["id"])]
            ]

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        currency = row["currency"]["symbol"]
        if currency is None:
            return {}
        return {
            "applications": tuple(
                Application(
                    invoice=a["invoice"],
                    ledger_invoice=a["invoice"],
                    amount=Money(amount=abs(Decimal(a["amount"])), currency=currency),
                )
                for a in row["applied"]
            )
        }
