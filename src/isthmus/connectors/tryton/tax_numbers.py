"""Which kind of Tryton identifier a tax number is, by the customer's country."""

from __future__ import annotations

from stdnum import get_cc_module
from stdnum.exceptions import ValidationError

EU = frozenset({
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE", "IT", "LV",
    "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE",
})  # fmt: skip
NATIONAL = {
    "AU": "au_abn", "CA": "ca_bn", "CH": "ch_vat", "GB": "gb_vat", "IN": "in_gstin",
    "NO": "no_mva", "NZ": "nz_ird", "SG": "sg_uen", "US": "us_ein",
}  # fmt: skip


def identifier_type(country: str | None) -> str | None:
    """None is Tryton's own "other": stored, not checked, and not printed as the tax number."""
    if country in EU:
        return "eu_vat"
    return NATIONAL.get(country or "")


def as_entered(number: str, country: str | None) -> str:
    """An EU number starts with its country there; Greece writes EL."""
    prefix = "EL" if country == "GR" else country or ""
    if country in EU and not number[:2].isalpha():
        return prefix + number
    return number


def compact(kind: str | None, number: str) -> str:
    """The number without what people put between its digits, as Tryton's `code_compact` has it."""
    module = get_cc_module(*kind.split("_", 1)) if kind else None
    try:
        return str(module.compact(number)) if module else number
    except ValidationError:
        return number


def as_read(kind: str | None, stored: str) -> str:
    """Tryton stores numbers in their national print; VAT numbers are given back as invoices and
    tax registers write them, with the country in front.
    """
    match kind:
        case "eu_vat":
            return compact(kind, stored)
        case "gb_vat":
            return "GB" + compact(kind, stored)
        case _:
            return stored
