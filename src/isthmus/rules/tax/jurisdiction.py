"""Which regime a sale falls under.

The two countries decide, for services between businesses: the place of supply is where the
customer is (Council Directive 2006/112/EC, articles 44 and 196).
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from babel.core import get_global

EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
_TAXED_AS = {"MC": "FR", "IM": "GB", "LI": "CH"}
"""Territories inside another country's VAT area (Directive 2006/112/EC, article 7; the customs
treaty of Liechtenstein with Switzerland)."""


class TaxTreatment(StrEnum):
    DOMESTIC = "domestic"
    US_SALES_TAX = "us_sales_tax"
    """State and city decide; the ledger's nexus settings know."""
    EU_REVERSE_CHARGE = "eu_reverse_charge"
    EU_CONSUMER = "eu_consumer"
    """No registration: the seller's own VAT is charged."""
    EXPORT = "export"


def is_country(code: str | None) -> bool:
    return code is not None and code not in ("EU", "UN", "ZZ") and code in _territories()


def taxed_as(country: str) -> str:
    """The country whose VAT applies there: FR for Monaco."""
    return _TAXED_AS.get(country, country)


def jurisdiction(
    legal_entity_country: str, customer_country: str, has_registration: bool
) -> TaxTreatment:
    seller = taxed_as(legal_entity_country)
    buyer = taxed_as(customer_country)
    if seller == buyer:
        return TaxTreatment.US_SALES_TAX if seller == "US" else TaxTreatment.DOMESTIC
    if seller in EU and buyer in EU:
        registered = TaxTreatment.EU_REVERSE_CHARGE
        return registered if has_registration else TaxTreatment.EU_CONSUMER
    return TaxTreatment.EXPORT


def needs_registration(treatment: TaxTreatment) -> bool:
    """A reverse-charge invoice must quote the customer's number (article 226, point 4)."""
    return treatment is TaxTreatment.EU_REVERSE_CHARGE


@lru_cache
def _territories() -> frozenset[str]:
    return frozenset(get_global("territory_currencies"))
