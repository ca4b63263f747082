"""Tax: numbers that exist only if their check digits do, and which regime a sale falls under.

The regime is decided by the two countries, for services between businesses: the place of supply
is where the customer is (Council Directive 2006/112/EC, articles 44 and 196). The rate is the
ledger's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Protocol, cast

from babel.core import get_global
from stdnum import get_cc_module
from stdnum.ch import uid as ch_uid
from stdnum.ch import vat as ch_vat
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError
from stdnum.jp import cn as jp_cn
from stdnum.no import mva as no_mva
from stdnum.no import orgnr as no_orgnr
from stdnum.us import ein as us_ein
from stdnum.za import tin as za_tin

from isthmus.rules.problems import Problem

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


class _Scheme(Protocol):
    def validate(self, number: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Registration:
    number: str
    scheme: str | None
    """Name of the check it passed; None where none is known for the country."""
    reason: str


def is_country(code: str | None) -> bool:
    return code is not None and code not in ("EU", "UN", "ZZ") and code in _territories()


def check_tax_registration(country: str, number: str) -> str | Problem:
    found = read_tax_registration(country, number)
    return found.number if isinstance(found, Registration) else found


def read_tax_registration(country: str, number: str) -> Registration | Problem:
    """The number as a register writes it, or what is wrong with it."""
    schemes = _schemes(_TAXED_AS.get(country, country))
    if not schemes:
        reason = f"no check is known for {country}; accepted as written"
        return Registration(number.strip(), None, reason)
    failures: list[str] = []
    for scheme in schemes:
        try:
            compact = scheme.validate(_prepared(country, number))
        except ValidationError as invalid:
            failures.append(str(invalid))
            continue
        name = getattr(scheme, "__name__", "").removeprefix("stdnum.")
        return Registration(_normal(country, compact), name, f"passed the check of {name}")
    return _invalid(country, number, failures[0])


def jurisdiction(
    legal_entity_country: str, customer_country: str, has_registration: bool
) -> TaxTreatment:
    seller = _TAXED_AS.get(legal_entity_country, legal_entity_country)
    buyer = _TAXED_AS.get(customer_country, customer_country)
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


@lru_cache
def _schemes(country: str) -> tuple[_Scheme, ...]:
    special: dict[str, tuple[object, ...]] = {
        "CH": (ch_vat, ch_uid),
        "JP": (jp_cn,),
        "NO": (no_mva, no_orgnr),
        "US": (us_ein,),
        "ZA": (za_tin,),
    }
    if country in EU:
        return (cast("_Scheme", eu_vat),)
    found = special.get(country) or (get_cc_module(country.lower(), "vat"),)
    return tuple(cast("_Scheme", scheme) for scheme in found if scheme is not None)


def _prepared(country: str, number: str) -> str:
    """With the country's own prefix in the EU; without Japan's "T" of qualified invoices."""
    text = number.strip().upper()
    if country == "JP":
        return text.removeprefix("T")
    taxed_as = _TAXED_AS.get(country, country)
    prefix = "EL" if taxed_as == "GR" else taxed_as
    if taxed_as not in EU or text.startswith(prefix):
        return text
    return prefix + text.removeprefix("GR") if prefix == "EL" else prefix + text


def _normal(country: str, compact: str) -> str:
    if _TAXED_AS.get(country, country) == "GB" and not compact.startswith("GB"):
        return "GB" + compact
    return compact


def _invalid(country: str, number: str, why: str) -> Problem:
    return Problem(
        "tax_registration_invalid",
        f"{number!r} is not a tax registration of {country}: {why.rstrip('.').lower()}",
        "finance",
        "Ask the client for the number, correct it on the account, then replay.",
        "tax_registration",
    )
