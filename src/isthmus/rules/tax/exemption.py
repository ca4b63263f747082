"""Exemption certificates: a client is not taxed while one of theirs is good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.tax.category import TaxCategory
from isthmus.rules.tax.levy import Tax


@dataclass(frozen=True, slots=True)
class Certificate:
    """`taxes` are the names it exempts from; none named: all. Both days are included."""

    number: str
    valid_from: date = date.min
    valid_to: date = date.max
    taxes: frozenset[str] = frozenset()

    def covers(self, tax: Tax) -> bool:
        return not self.taxes or tax.name in self.taxes


@dataclass(frozen=True, slots=True)
class Exempted:
    """The tax to charge. A warning stops nothing: the client is taxed, and somebody should ask."""

    tax: Tax
    certificate: Certificate | None = None
    warning: Problem | None = None


def exempted(tax: Tax, certificates: Iterable[Certificate], on: date) -> Exempted:
    """`on` is the day of supply or of the invoice, as the jurisdiction has it."""
    known = [certificate for certificate in certificates if certificate.covers(tax)]
    for certificate in known:
        if certificate.valid_from <= on <= certificate.valid_to:
            return Exempted(_without(tax, certificate), certificate)
    ended = [certificate for certificate in known if certificate.valid_to < on]
    if ended:
        last = max(ended, key=lambda certificate: certificate.valid_to)
        return Exempted(tax, warning=_warning("expired", last, f"ended on {last.valid_to}", on))
    if known:
        first = min(known, key=lambda certificate: certificate.valid_from)
        begins = f"begins on {first.valid_from}"
        return Exempted(tax, warning=_warning("not_yet_valid", first, begins, on))
    return Exempted(tax)


def _without(tax: Tax, certificate: Certificate) -> Tax:
    refuse_unless(
        not tax.inclusive,
        "tax",
        f"{tax.name} is contained in the price, which an exempt client does not owe whole.",
        "Give the price before tax for a client with an exemption certificate.",
    )
    return replace(
        tax,
        percent=Decimal(0),
        per_unit=None,
        category=TaxCategory.EXEMPT,
        reason=f"Exemption certificate {certificate.number}",
    )


def _warning(what: str, certificate: Certificate, when: str, on: date) -> Problem:
    return Problem(
        f"exemption_{what}",
        f"exemption certificate {certificate.number} {when}, so the invoice of {on} is taxed",
        "finance",
        "Ask the client for a certificate that is good on that day; credit the tax if one comes.",
    )
