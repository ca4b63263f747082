"""Canonical objects of the firm, with the account's own ids in their references."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from isthmus.canonical import CanonicalObject, Customer, Invoice, Project, TimeEntry
from isthmus.connect import Outgoing, Watermark
from isthmus.connect.system import Change
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.kit.ids import new_id

from .conftest import Sandbox


def out(obj: CanonicalObject, **more: Any) -> Outgoing:
    return Outgoing(obj, f"key-{obj.id}", **more)


async def read(
    erp: NetSuite, model: type[CanonicalObject], since: Watermark | None = None
) -> tuple[list[Change], Watermark]:
    """Everything since a watermark, through JSON as the store keeps it."""
    changes: list[Change] = []
    watermark = since or Watermark()
    async for page in erp.changes(model, watermark):
        changes += page.changes
        watermark = page.watermark
    return changes, Watermark.from_json(watermark.to_json())


@dataclass
class Firm:
    nl: str
    us: str
    employee: str
    department: str
    profit_centre: str
    february: str

    @classmethod
    async def of(cls, sandbox: Sandbox) -> "Firm":
        return cls(
            await sandbox.id("subsidiary", "NL"),
            await sandbox.id("subsidiary", "US"),
            await sandbox.id("employee", "E-100"),
            await sandbox.id("department", "advisory"),
            await sandbox.id("classification", "banking"),
            await sandbox.id("accountingPeriod", "2026-02"),
        )

    def customer(self, **more: Any) -> Customer:
        return Customer.model_validate(
            {
                "id": new_id(),
                "name": "Client BV",
                "country": "NL",
                "currency": "EUR",
                "payment_terms": "Net 30",
                "tax_registration": "NL123456782B90",
                "legal_entity": self.nl,
                "billing_address": {
                    "street": "Kade 1",
                    "city": "Utrecht",
                    "postal_code": "3511",
                    "country": "NL",
                },
            }
            | more
        )

    def project(self, customer: str, **more: Any) -> Project:
        return Project.model_validate(
            {
                "id": new_id(),
                "name": "Review",
                "customer": customer,
                "currency": "EUR",
                "legal_entity": "NL",
                "starts_on": date(2026, 1, 5),
                "billing_model": "t_and_m",
            }
            | more
        )

    def time(self, project: str, day: int, **more: Any) -> TimeEntry:
        return TimeEntry.model_validate(
            {
                "id": new_id(),
                "resource": self.employee,
                "project": project,
                "worked_on": date(2026, 2, day),
                "hours": Decimal("7.40"),
                "billed_hours": Decimal("7.50"),
                "bill_rate": {"amount": "133.33", "currency": "EUR"},
                "approval": "approved",
                "currency": "EUR",
                "cost_centre": self.department,
                "profit_centre": self.profit_centre,
                "legal_entity": self.nl,
                "note": "Interviews",
            }
            | more
        )

    def invoice(self, customer: str, **more: Any) -> Invoice:
        currency = more.get("currency", "EUR")
        line = {
            "number": 1,
            "kind": "time",
            "description": "Review, 7.5 h",
            "quantity": Decimal("7.5"),
            "unit_price": {"amount": "133.33", "currency": currency},
            "amount": {"amount": "999.98", "currency": currency},
            "cost_centre": self.department,
            "profit_centre": self.profit_centre,
        }
        return Invoice.model_validate(
            {
                "id": new_id(),
                "reference": "run-1",
                "customer": customer,
                "legal_entity": self.nl,
                "currency": "EUR",
                "issued_on": date(2026, 2, 10),
                "period": self.february,
                "purchase_order": "PO-77",
                "payment_terms": "Net 30",
                "lines": [line],
            }
            | more
        )
