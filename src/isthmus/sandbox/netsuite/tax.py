"""Tax per line in the manner of SuiteTax: from the seller's nexus and the buyer's place and number.

The rates are set by `tax_rates` in the settings; a country without a rate is not taxed. Real
accounts hold their own rules per nexus; this is the common case for services.
"""

from dataclasses import dataclass
from decimal import Decimal

from isthmus.sandbox.netsuite.books import Books, Row, lines, ref_id
from isthmus.sandbox.netsuite.settings import EU


@dataclass(frozen=True)
class Tax:
    """`code` is the item id of the sales tax item that appears on the invoice."""

    code: str
    rate: Decimal


def tax_for(books: Books, customer: Row, subsidiary_id: str) -> Tax:
    """The tax on a service: domestic rate, reverse charge within the EU, nothing outside it."""
    subsidiary = books.get("subsidiary", subsidiary_id)
    seller = ref_id(subsidiary, "country") or ""
    buyer, state = place_of(customer, seller)
    if buyer == seller:
        return _domestic(books, seller, state)
    if {buyer, seller} <= EU:
        if is_registered(customer, buyer):
            return Tax(f"RC-{buyer}", Decimal(0))
        return _domestic(books, seller, "")
    return Tax(f"EXPORT-{seller}", Decimal(0))


def _domestic(books: Books, country: str, state: str) -> Tax:
    rates = books.settings.tax_rates
    place = f"{country}-{state}" if f"{country}-{state}" in rates else country
    return Tax(f"S-{place}", Decimal(rates.get(place, "0")))


def place_of(customer: Row, default: str) -> tuple[str, str]:
    """Country and state of the default billing address, else of the first tax registration."""
    for entry in lines(customer, "addressBook"):
        address = entry.get("addressBookAddress")
        if entry.get("defaultBilling") and address:
            return ref_id(address, "country") or default, address.get("state", "")
    for registration in lines(customer, "taxRegistration"):
        country = ref_id(registration, "nexusCountry") or default
        return country, ref_id(registration, "nexusState") or ""
    return default, ""


def is_registered(customer: Row, country: str) -> bool:
    return any(
        ref_id(entry, "nexusCountry") == country and entry.get("taxRegistrationNumber")
        for entry in lines(customer, "taxRegistration")
    )


def tax_item(books: Books, tax: Tax) -> Row:
    """The sales tax item of this code and rate; the tax engine keeps one per code and rate."""
    for row in books.store.find("salesTaxItem", "itemId", tax.code):
        if row.get("rate") == tax.rate:
            return row
    row_id = books.new_id("salesTaxItem")
    return books.put("salesTaxItem", {"id": row_id, "itemId": tax.code, "rate": tax.rate})
