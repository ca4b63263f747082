"""`party.party` and our Customer.

Our key stands twice on a party. Its code is derived from the canonical id: the only unique field
there is, so a create that was repeated fails instead of making a second party. An identifier
carries the canonical id itself: it can be searched, survives a change of the code, and moves to
the surviving party when two are merged.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any, ClassVar

from isthmus.canonical.customer import Address, Customer
from isthmus.connect.errors import Duplicate, Refused, Unavailable
from isthmus.connect.mapping import Translated
from isthmus.connect.system import Change, Outgoing, Receipt
from isthmus.connectors.tryton import party, wire
from isthmus.connectors.tryton.catalogue import Catalogue, first_country
from isthmus.connectors.tryton.client import ALL, TrytonClient
from isthmus.connectors.tryton.table import Overlays, Table, as_uuid
from isthmus.connectors.tryton.tax_numbers import compact
from isthmus.connectors.tryton.wire import Domain, Record

PARTY = "party.party"


def party_code(canonical_id: str) -> str:
    """50 bits as ten letters and digits that a person can read out over the telephone."""
    digest = hashlib.blake2b(canonical_id.encode(), digest_size=8).digest()
    return f"IS-{base64.b32encode(digest).decode()[:10]}"


class Customers(Table):
    model = Customer
    mapping_name = "customer"
    writes = True
    children = ("addresses", "identifiers", "contact_mechanisms")
    also = (
        "tax_identifier.type", "tax_identifier.code", "identifiers.type", "identifiers.code",
        "addresses.invoice", "addresses.street", "addresses.postal_code", "addresses.city",
        "addresses.country.code", "addresses.subdivision.code", "contact_mechanisms.type",
        "contact_mechanisms.value", "contact_mechanisms.name",
    )  # fmt: skip
    finds_by: ClassVar = {
        "name": "name",
        "tax_registration": "identifiers.code_compact",
        "account_number": "code",
    }

    def __init__(self, client: TrytonClient, overlays: Overlays, catalogue: Catalogue) -> None:
        super().__init__(client, overlays)
        self._catalogue = catalogue

    async def domain(self) -> Domain:
        """Parties are also our companies and employees; these are no customers."""
        ours: list[int] = []
        for model in ("company.company", "company.employee"):
            found = await self.client.search_read(model, [], ["party"], context=ALL)
            ours += [record["party"] for record in found]
        return [["id", "not in", ours]]

    def translate(self, record: Record) -> Translated:
        found = super().translate(record)
        address = party.billed_at(record["addresses"])
        mechanisms = record["contact_mechanisms"]
        attributes: dict[str, Any] = {
            "country": first_country([address] if address else []),
            "billing_address": party.address(address) if address else None,
            "tax_registration": party.tax_number(record),
            "phone": party.main_way(mechanisms, "phone"),
            "website": party.main_way(mechanisms, "website"),
            "contacts": party.contacts(mechanisms),
        }
        return replace(found, attributes={**found.attributes, **attributes})

    def sought(self, attribute: str, value: str) -> str:
        if attribute != "tax_registration":
            return value
        plain = "".join(c for c in value if c.isalnum())
        return compact("gb_vat", plain) if plain.startswith("GB") else plain

    def key_in(self, record: Record) -> str | None:
        keys = [i["code"].removeprefix(party.KEY) for i in record["identifiers"] if party.is_key(i)]
        return as_uuid(keys[0]) if keys else None

    async def put(self, outgoing: Outgoing) -> Receipt:
        customer = outgoing.obj
        if not isinstance(customer, Customer):
            raise TypeError(f"{customer.kind} is no customer")
        known = outgoing.external_id or await self._holder(customer.id)
        if known is not None:
            return await self._update(known, customer, outgoing.only)
        try:
            number = str(await self.client.create(PARTY, await self._new(customer)))
        except (Duplicate, Unavailable) as error:
            return await self._made_before(customer, error)
        return await self._receipt(number, created=True)

    async def _made_before(self, customer: Customer, error: Duplicate | Unavailable) -> Receipt:
        """The create collided with itself, or its answer was lost: look for our party."""
        if isinstance(error, Unavailable) and not error.outcome_unknown:
            raise error
        number = await self._holder(customer.id)
        if number is None:
            raise error
        return await self._receipt(number, created=isinstance(error, Unavailable))

    async def _holder(self, canonical_id: str) -> str | None:
        """The party with our key: the identifier first, for it outlives merges."""
        keyed = await self.client.search_read(
            "party.identifier", [["code", "=", party.KEY + canonical_id]], ["party"], context=ALL
        )
        if keyed:
            return str(keyed[0]["party"])
        coded = await self.client.search_read(
            PARTY,
            [["code", "=", party_code(canonical_id)]],
            ["id", "replaced_by", "identifiers.code"],
            context=ALL,
        )
        if not coded:
            return None
        number = str(coded[0]["replaced_by"] or coded[0]["id"])
        if any(party.is_key(i) for i in coded[0]["identifiers"]):
            raise Duplicate(
                self.client.system,
                f"party {number} has the code {party_code(canonical_id)} but is another customer; "
                "change its code in Tryton",
                existing_id=number,
            )
        return number

    async def _new(self, customer: Customer) -> Record:
        identifiers = [{"type": None, "code": party.KEY + customer.id}, *party.identifier(customer)]
        values: Record = {
            "name": customer.name,
            "code": party_code(customer.id),
            "identifiers": wire.lines(identifiers),
            "contact_mechanisms": wire.lines(party.mechanisms(customer)),
            "addresses": wire.lines([await self._address_values(customer)]),
        }
        if customer.payment_terms:
            values["customer_payment_term"] = await self._term(customer.payment_terms)
        return values

    async def _term(self, name: str) -> int:
        return await self._catalogue.payment_term(name, "Customer.payment_terms")

    async def _address_values(self, customer: Customer) -> Record:
        address = customer.billing_address or Address()
        country = address.country or customer.country
        values: Record = {
            "invoice": True,
            "street_unstructured": address.street,
            "postal_code": address.postal_code,
            "city": address.city,
        }
        if country:
            values["country"] = await self._catalogue.country(country, "Customer.country")
            if address.region:
                values["subdivision"] = await self._catalogue.subdivision(country, address.region)
        return values

    async def _update(
        self, external_id: str, customer: Customer, only: frozenset[str] | None
    ) -> Receipt:
        number = self.client.record_id(external_id, "customer")
        found = await self._records([["id", "=", number]])
        if not found:
            raise Refused(
                self.client.system,
                f"party {external_id} is gone; remove its cross-reference and replay",
            )
        record = found[0]
        wished = frozenset(type(customer).model_fields) if only is None else only
        values = await self._differences(record, customer, wished)
        if not any(party.is_key(i) for i in record["identifiers"]):
            key = {"type": None, "code": party.KEY + customer.id}
            values["identifiers"] = [*values.get("identifiers", []), *wire.lines([key])]
        if values:
            await self.client.write(PARTY, number, values)
        return await self._receipt(external_id, created=False)

    async def _differences(
        self, record: Record, customer: Customer, wished: frozenset[str]
    ) -> Record:
        """What to write so that the party says what the customer says, and nothing besides.

        An absent value is left as it is in the ledger: the CRM's silence erases nothing.
        """
        values: Record = {}
        if "name" in wished and record["name"] != customer.name:
            values["name"] = customer.name
        terms = record["customer_payment_term"]
        if "payment_terms" in wished and customer.payment_terms:
            term = await self._term(customer.payment_terms)
            if terms is None or terms["id"] != str(term):
                values["customer_payment_term"] = term
        if "tax_registration" in wished and (change := party.tax_change(record, customer)):
            values["identifiers"] = change
        located = customer.billing_address or customer.country
        if located and wished & {"billing_address", "country"}:
            values |= await self._address_change(record, customer)
        if wished & {"phone", "website", "contacts"}:
            known = {(m["type"], m["value"]) for m in record["contact_mechanisms"]}
            ways = party.mechanisms(customer)
            if missing := [m for m in ways if (m["type"], m["value"]) not in known]:
                values["contact_mechanisms"] = wire.lines(missing)
        return values

    async def _address_change(self, record: Record, customer: Customer) -> Record:
        current = party.billed_at(record["addresses"])
        values = await self._address_values(customer)
        if current is None:
            return {"addresses": wire.lines([values])}
        wanted = customer.billing_address or Address(country=customer.country)
        if all(v is None or v == getattr(party.address(current), k) for k, v in wanted):
            return {}
        given = {k: v for k, v in values.items() if v is not None}
        return {"addresses": [["write", [int(current["id"])], given]]}

    async def _receipt(self, external_id: str, *, created: bool) -> Receipt:
        change = await self.get(external_id)
        if not isinstance(change, Change):
            raise Unavailable(self.client.system, f"party {external_id} cannot be read back")
        return Receipt(external_id, created, change.attributes)
