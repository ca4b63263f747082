"""Objects to write, and what a bookkeeper does in Tryton by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tests.tryton_server.server import TrytonServer

from isthmus.canonical import Customer, Invoice
from isthmus.canonical.customer import Address
from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.connect import Outgoing
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money


class World:
    def __init__(self, server: TrytonServer) -> None:
        self.server = server
        self.ids = server.ids
        self.rpc = server.rpc()
        self.today = datetime.now(UTC).date()

    def customer(self, **changed: Any) -> Customer:
        values: dict[str, Any] = {
            "id": new_id(),
            "name": "Northwind Traders BV",
            "country": "BE",
            "billing_address": Address(
                street="2 Quay Street", city="Antwerp", postal_code="2000", country="BE"
            ),
            "payment_terms": "Net 30",
            **changed,
        }
        return Customer(**values)

    def line(self, number: int, **changed: Any) -> InvoiceLine:
        values: dict[str, Any] = {
            "number": number,
            "kind": LineKind.TIME,
            "description": "Consulting",
            "quantity": Decimal("7.5"),
            "unit_price": Money.of("150.00", "EUR"),
            **changed,
        }
        amount = values["unit_price"].times(values["quantity"]).rounded()
        return InvoiceLine(**{"amount": amount, **values})

    def invoice(self, customer: str, **changed: Any) -> Invoice:
        key = new_id()
        values: dict[str, Any] = {
            "id": key,
            "reference": key,
            "customer": customer,
            "legal_entity": str(self.ids["company"]),
            "currency": "EUR",
            "issued_on": self.today,
            "lines": (self.line(1),),
            **changed,
        }
        return Invoice(**values)

    def pay(self, invoice: str, amount: Decimal, on: date) -> None:
        """The wizard behind the button Pay; a part needs its second form."""
        number, company = int(invoice), self.ids["company"]
        due = self.rpc.read(
            "account.invoice", number, "amount_to_pay", "lines_to_pay", "party", "currency",
            "account",
        )  # fmt: skip
        common = {"amount": amount, "currency": due["currency"], "company": company}
        start = {
            **common, "payee": due["party"], "payees": [due["party"]],
            "invoice_account": due["account"], "payment_method": self.ids["payment_method"],
            "date": on, "description": "bank",
        }  # fmt: skip
        steps: list[tuple[str, dict[str, Any]]] = [("choice", {"start": start})]
        if amount < due["amount_to_pay"]:
            lines = due["lines_to_pay"]
            ask = {
                **common, "type": "partial", "invoice": number, "lines_to_pay": lines,
                "lines": lines, "payment_lines": [],
            }  # fmt: skip
            steps.append(("pay", {"ask": ask}))
        self.rpc.wizard(
            "account.invoice.pay", steps,
            active_model="account.invoice", active_id=number, active_ids=[number],
        )  # fmt: skip


def outgoing(obj: Any, **more: Any) -> Outgoing:
    return Outgoing(obj, idempotency_key=obj.id, **more)
