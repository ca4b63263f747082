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
from isthmus.sandbox.tryton import pay


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
        pay(self.rpc, self.ids, int(invoice), amount, on)


def outgoing(obj: Any, **more: Any) -> Outgoing:
    return Outgoing(obj, idempotency_key=obj.id, **more)
