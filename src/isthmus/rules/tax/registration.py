"""Tax registrations: numbers that exist only if their check digits do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, cast

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
from isthmus.rules.tax.jurisdiction import EU, taxed_as


class _Scheme(Protocol):
    def validate(self, number: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Registration:
    number: str
    scheme: str | None
    """Name of the check it passed; None where none is known for the country."""
    reason: str


def check_tax_registration(country: str, number: str) -> str | Problem:
    found = read_tax_registration(country, number)
    return found.number if isinstance(found, Registration) else found


def read_tax_registration(country: str, number: str) -> Registration | Problem:
    """The number as a register writes it, or what is wrong with it."""
    schemes = _schemes(taxed_as(country))
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
    area = taxed_as(country)
    prefix = "EL" if area == "GR" else area
    if area not in EU or text.startswith(prefix):
        return text
    return prefix + text.removeprefix("GR") if prefix == "EL" else prefix + text


def _normal(country: str, compact: str) -> str:
    if taxed_as(country) == "GB" and not compact.startswith("GB"):
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
