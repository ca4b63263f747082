"""Customer <- Account with its Contacts; billing facts of the ledger are written back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.canonical import Customer
from isthmus.canonical.customer import Address, Contact
from isthmus.connect import Capability, FieldProblem, Outgoing
from isthmus.connect.mapping import Translated
from isthmus.connectors.salesforce.wire import country_code, country_name
from isthmus.platforms.salesforce import Child, SObject

ADDRESS = {
    "street": "BillingStreet",
    "city": "BillingCity",
    "region": "BillingState",
    "postal_code": "BillingPostalCode",
    "country": "BillingCountry",
}


class Accounts(SObject):
    model = Customer
    package = "isthmus.connectors.salesforce"
    mapping_name = "customer"
    capability = Capability(
        reads=True, writes=True, pushes=True, finds_by=("tax_registration", "name"), batch=200
    )
    extra = tuple(ADDRESS.values())
    children = (Child("Contact", "AccountId", ("Name", "Email", "Phone", "Title")),)

    def translate(self, record: Mapping[str, Any]) -> Translated:
        base = super().translate(record)
        address = {part: record.get(field) for part, field in ADDRESS.items()}
        problems = base.problems
        written = address["country"]
        if written:
            address["country"] = country_code(written)
            if address["country"] is None:
                problems = (*problems, _unknown_country(written))
        attributes = {
            **base.attributes,
            "billing_address": Address(**address) if any(address.values()) else None,
            "contacts": tuple(_contact(row) for row in record["Contact"]),
        }
        if not written or address["country"]:
            attributes["country"] = address["country"]
        return Translated(attributes, problems)

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        record, customer, only = super().record(outgoing), outgoing.obj, outgoing.only
        assert isinstance(customer, Customer)
        if customer.billing_address and (only is None or "billing_address" in only):
            parts = customer.billing_address.model_dump(exclude_none=True)
            record.update({ADDRESS[part]: value for part, value in parts.items()})
        if customer.country and (only is None or "country" in only):
            record["BillingCountry"] = customer.country
        if "BillingCountry" in record:
            record["BillingCountry"] = country_name(record["BillingCountry"])
        return record


def _contact(row: Mapping[str, Any]) -> Contact:
    return Contact(
        name=row["Name"], email=row.get("Email"), phone=row.get("Phone"), title=row.get("Title")
    )


def _unknown_country(written: str) -> FieldProblem:
    return FieldProblem(
        "Account",
        "BillingCountry",
        written,
        "neither an ISO 3166 code nor the English name of a country",
        "Write it as a two-letter code or an English name.",
    )
