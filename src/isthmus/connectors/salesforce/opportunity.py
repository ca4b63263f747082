"""Opportunity <- Opportunity with its line items; the state of the hand-over is written back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from isthmus.canonical import Opportunity
from isthmus.canonical.opportunity import BillingModel, OpportunityLine, Stage
from isthmus.connect import Capability, FieldProblem, Outgoing, Refused
from isthmus.connect.mapping import Translated, lookup
from isthmus.kit.money import Money
from isthmus.platforms.salesforce import Child, SObject

LINE_FIELDS = (
    "Description", "Quantity", "UnitPrice", "ServiceDate", "SortOrder", "Product2.Name",
    "Reprices_Role__c",
)  # fmt: skip

NO_CURRENCY = FieldProblem(
    "Opportunity",
    "CurrencyIsoCode",
    None,
    "empty, so the lines' prices mean nothing",
    "Set the deal's currency.",
)


class Opportunities(SObject):
    model = Opportunity
    package = "isthmus.connectors.salesforce"
    mapping_name = "opportunity"
    capability = Capability(
        reads=True, writes=True, pushes=True, finds_by=("customer", "name"), batch=200
    )
    extra = ("IsClosed", "IsWon", "CurrencyIsoCode")
    children = (Child("OpportunityLineItem", "OpportunityId", LINE_FIELDS),)

    def translate(self, record: Mapping[str, Any]) -> Translated:
        base = super().translate(record)
        hourly = base.attributes.get("billing_model") in (None, BillingModel.T_AND_M)
        rows = sorted(record["OpportunityLineItem"], key=_order)
        problems = tuple(p for row in rows for p in _incomplete(row))
        if rows and not record["CurrencyIsoCode"]:
            problems = (*problems, NO_CURRENCY)
        attributes = {**base.attributes, "stage": stage(record)}
        if not problems:
            currency = record["CurrencyIsoCode"]
            attributes["lines"] = tuple(_line(row, currency, hourly) for row in rows)
        return Translated(attributes, (*base.problems, *problems))

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        if outgoing.external_id is None:
            raise Refused(self.system, "an opportunity is made in the CRM, not by us")
        return super().record(outgoing)


def stage(record: Mapping[str, Any]) -> Stage:
    """By the two flags behind the stage: its label is each org's own."""
    if not record["IsClosed"]:
        return Stage.OPEN
    return Stage.CLOSED_WON if record["IsWon"] else Stage.CLOSED_LOST


def _order(row: Mapping[str, Any]) -> tuple[int, str]:
    return (int(row.get("SortOrder") or 0), row["Id"])


def _incomplete(row: Mapping[str, Any]) -> list[FieldProblem]:
    return [
        FieldProblem(
            "OpportunityLineItem", field, None, f"empty on line {row['Id']}", "Fill it in."
        )
        for field in ("Quantity", "UnitPrice")
        if row.get(field) is None
    ]


def _line(row: Mapping[str, Any], currency: str, hourly: bool) -> OpportunityLine:
    product = lookup(row, "Product2.Name")
    return OpportunityLine(
        description=row.get("Description") or product or row["Id"],
        role=product if hourly else None,
        quantity=Decimal(row["Quantity"]),
        unit_price=Money.of(row["UnitPrice"], currency),
        due_on=row.get("ServiceDate"),
        reprices=bool(row.get("Reprices_Role__c")),
    )
