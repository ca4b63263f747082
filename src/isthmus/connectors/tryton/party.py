"""What a party's records say: its key, its tax number, where it is billed, how it is reached."""

from __future__ import annotations

from typing import Any

from isthmus.canonical.customer import Address, Contact, Customer
from isthmus.connectors.tryton import wire
from isthmus.connectors.tryton.tax_numbers import as_entered, as_read, compact, identifier_type
from isthmus.connectors.tryton.wire import Record

KEY = "isthmus:"
"""What our key starts with, on a party's identifier and in a project's comment."""


def is_key(identifier: Record) -> bool:
    return bool(identifier["code"].startswith(KEY))


def billed_at(addresses: list[Record]) -> Record | None:
    """The first address marked for invoices, else the first."""
    marked = [a for a in addresses if a["invoice"]]
    return next(iter(marked or addresses), None)


def address(found: Record) -> Address:
    return Address(
        street=found["street"] or None,
        city=found["city"],
        region=found["subdivision"]["code"] if found["subdivision"] else None,
        postal_code=found["postal_code"],
        country=found["country"]["code"] if found["country"] else None,
    )


def tax_number(record: Record) -> str | None:
    """Tryton's choice among the checked ones, else a number of no known kind."""
    if record["tax_identifier"]:
        chosen = record["tax_identifier"]
        return as_read(chosen["type"], chosen["code"])
    others = [i["code"] for i in record["identifiers"] if not i["type"] and not is_key(i)]
    return others[0] if others else None


def identifier(customer: Customer) -> list[Record]:
    if not customer.tax_registration:
        return []
    kind = identifier_type(customer.country)
    return [{"type": kind, "code": as_entered(customer.tax_registration, customer.country)}]


def tax_change(record: Record, customer: Customer) -> list[Any]:
    """Correct the number of the same kind in place, so that there is one of each kind."""
    for wanted in identifier(customer):
        same = [i for i in record["identifiers"] if i["type"] == wanted["type"] and not is_key(i)]
        if not same:
            return wire.lines([wanted])
        kind = wanted["type"]
        if compact(kind, same[0]["code"]) != compact(kind, wanted["code"]):
            return [["write", [int(same[0]["id"])], {"code": wanted["code"]}]]
    return []


def main_way(mechanisms: list[Record], kind: str) -> str | None:
    return next((m["value"] for m in mechanisms if m["type"] == kind and not m["name"]), None)


def contacts(mechanisms: list[Record]) -> tuple[Contact, ...]:
    """People are only names on e-mail addresses and telephone numbers."""
    people: dict[str, dict[str, str]] = {}
    for mechanism in mechanisms:
        if mechanism["name"] and mechanism["type"] in ("email", "phone"):
            people.setdefault(mechanism["name"], {}).setdefault(
                mechanism["type"], mechanism["value"]
            )
    return tuple(Contact(name=name, **ways) for name, ways in people.items())


def mechanisms(customer: Customer) -> list[Record]:
    ways: list[tuple[str, str | None, str | None]] = []
    ways += [("phone", customer.phone, None), ("website", customer.website, None)]
    for contact in customer.contacts:
        ways += [("email", contact.email, contact.name), ("phone", contact.phone, contact.name)]
    return [{"type": t, "value": v, "name": n} for t, v, n in ways if v]
