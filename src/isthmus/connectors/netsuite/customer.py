"""NetSuite `customer`: the CRM's name and address in, number, terms and holds back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from isthmus.canonical import Customer
from isthmus.canonical.customer import Address, CustomerStatus
from isthmus.connect import Capability, Change, Outgoing, Receipt
from isthmus.connect.errors import Duplicate
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import FOUND, Desk, Reading
from isthmus.connectors.netsuite.tax_numbers import TaxNumbers, numbers_of
from isthmus.connectors.netsuite.writing import known_record, missing, store, wanted

RECORD = "customer"
SUBLIST = "taxregistration"


class Customers(Reading):
    model = Customer
    table = "customer"
    mapping_name = "customer"
    also = ("isinactive", "creditholdoverride")
    capability = Capability(
        reads=True, writes=True, finds_by=("tax_registration", "name", "account_number")
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._tax = TaxNumbers(desk.client, desk.zone)

    completed = frozenset({SUBLIST})

    @property
    def _tax_in_sublist(self) -> bool:
        return self.mapping.attributes["tax_registration"].field.split(".")[0] == SUBLIST

    def criterion(self, attribute: str, value: str) -> str:
        """Names are the same in any case; numbers are compared as they are."""
        if attribute == "name":
            field = self.expression(self.mapping.attributes["name"].field)
            return f"UPPER({field}) = {wire.literal(value.upper())}"
        return super().criterion(attribute, value)

    async def find(self, criteria: Mapping[str, str]) -> Sequence[Change]:
        number = criteria.get("tax_registration")
        if number is None or not self._tax_in_sublist:
            return await super().find(criteria)
        listed = ", ".join((await self._tax.ids(number))[:FOUND])
        rest = {k: v for k, v in criteria.items() if k != "tax_registration"}
        self.check_criteria(rest)
        tests = [f"id IN ({listed})", *(self.criterion(k, v) for k, v in rest.items())]
        return await self.where(" AND ".join(tests), limit=FOUND) if listed else []

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["currency"] = {"symbol": await self.lists.currencies.name(row.get("currency"))}
            row["terms"] = {"name": await self.lists.terms.name(row.get("terms"))}
        if self._tax_in_sublist:
            held = await self._tax.of_all(rows)
            for row, numbers in zip(rows, held, strict=True):
                row[SUBLIST] = {"number": numbers[0] if numbers else None}

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        if wire.flag(row.get("isinactive")):
            return {"status": CustomerStatus.INACTIVE}
        held = str(row.get("creditholdoverride") or "").upper() == "ON"
        return {"status": CustomerStatus.ON_HOLD if held else CustomerStatus.ACTIVE}

    async def put(self, outgoing: Outgoing) -> Receipt:
        customer: Customer = outgoing.obj  # type: ignore[assignment] # dispatched by model
        known = await known_record(self.desk, RECORD, outgoing)
        body = await self._body(outgoing, customer, known)
        replace: tuple[str, ...] = ()
        if known is None:
            body |= self._opening(customer)
        elif wanted(outgoing, "billing_address", "tax_registration"):
            sublists = await self._sublists(outgoing, customer, str(known["id"]))
            body |= sublists
            replace = ("addressBook",) if "addressBook" in sublists else ()
        try:
            internal_id = await store(self.desk, RECORD, outgoing, body, known, replace=replace)
        except Duplicate as duplicate:
            raise await self._named(duplicate, customer) from duplicate
        now = await self.get(internal_id)
        return Receipt(internal_id, known is None, dict(now.attributes) if now else {})

    async def _body(
        self, outgoing: Outgoing, customer: Customer, known: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if wanted(outgoing, "name"):
            body["companyName"] = customer.name
        if wanted(outgoing, "parent"):
            body["parent"] = wire.ref(customer.parent)
        if wanted(outgoing, "currency") and customer.currency:
            body["currency"] = wire.ref(
                await self.lists.currencies.id(customer.currency, RECORD, "currency")
            )
        if wanted(outgoing, "payment_terms") and customer.payment_terms:
            body["terms"] = wire.ref(
                await self.lists.terms.id(customer.payment_terms, RECORD, "terms")
            )
        if known is None:
            body["subsidiary"] = wire.ref(self._subsidiary(customer))
        return body

    def _subsidiary(self, customer: Customer) -> str:
        """Only for a new customer: NetSuite does not move one to another company."""
        if customer.legal_entity is None:
            raise missing(
                self.desk,
                RECORD,
                "subsidiary",
                "a customer belongs to a subsidiary and legal_entity is empty",
                "Set the contracting company on the deal.",
            )
        return customer.legal_entity

    def _opening(self, customer: Customer) -> dict[str, Any]:
        """What the ERP owns after the first write: the tax number comes from the CRM once."""
        opening: dict[str, Any] = {"isPerson": False}
        if customer.billing_address is not None:
            opening["addressBook"] = {"items": [_address_line(customer, customer.billing_address)]}
        if customer.tax_registration is not None:
            opening["taxRegistration"] = {"items": [_tax_line(customer)]}
        return opening

    async def _sublists(
        self, outgoing: Outgoing, customer: Customer, internal_id: str
    ) -> dict[str, Any]:
        """The billing address where it differs, and a tax number where the ERP has none."""
        record = await self.client.record(RECORD, internal_id, expandSubResources="true") or {}
        changed: dict[str, Any] = {}
        if wanted(outgoing, "billing_address") and customer.billing_address is not None:
            lines = (record.get("addressBook") or {}).get("items") or []
            merged = _merged(lines, _address_line(customer, customer.billing_address))
            if merged is not None:
                changed["addressBook"] = {"items": merged}
        unnumbered = customer.tax_registration is not None and not numbers_of(record)
        if wanted(outgoing, "tax_registration") and unnumbered:
            changed["taxRegistration"] = {"items": [_tax_line(customer)]}
        return changed

    async def _named(self, duplicate: Duplicate, customer: Customer) -> Duplicate:
        """NetSuite says that the name is taken, not by whom."""
        same = await self.find({"name": customer.name})
        return Duplicate(
            duplicate.system,
            duplicate.message,
            code=duplicate.code,
            existing_id=same[0].external_id if len(same) == 1 else None,
        )


ADDRESS = ("addr1", "city", "state", "zip")


def _address_line(customer: Customer, address: Address) -> dict[str, Any]:
    country = address.country or customer.country
    parts = {
        "addressee": customer.name,
        "addr1": address.street,
        "city": address.city,
        "state": address.region,
        "zip": address.postal_code,
        "country": wire.ref(country),
    }
    return {"defaultBilling": True, "addressBookAddress": wire.without_nulls(parts)}


def _tax_line(customer: Customer) -> dict[str, Any]:
    address = customer.billing_address
    country = customer.country or (address.country if address else None)
    return wire.without_nulls(
        {
            "nexusCountry": wire.ref(country),
            "taxRegistrationNumber": customer.tax_registration,
        }
    )


def _merged(lines: list[dict[str, Any]], billing: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The address book with our billing address in it; None when it is there already.

    Addresses that people added in NetSuite (shipping, branches) stay.
    """
    others = []
    for line in lines:
        if not wire.flag(line.get("defaultBilling")):
            others.append(_bare(line))
        elif _same_address(line, billing):
            return None
    return [billing, *others]


def _same_address(line: Mapping[str, Any], wanted_line: Mapping[str, Any]) -> bool:
    now, then = line.get("addressBookAddress") or {}, wanted_line["addressBookAddress"]
    same = all((now.get(f) or None) == then.get(f) for f in ADDRESS)
    return same and wire.id_of(now.get("country")) == wire.id_of(then.get("country"))


def _bare(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line as it may be sent back: without links and ids of its own."""
    address = line.get("addressBookAddress") or {}
    kept = {f: address.get(f) for f in ("addressee", *ADDRESS)}
    kept["country"] = wire.ref(wire.id_of(address.get("country")))
    return {
        "defaultBilling": False,
        "defaultShipping": wire.flag(line.get("defaultShipping")),
        "addressBookAddress": wire.without_nulls(kept),
    }
