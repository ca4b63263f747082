"""Which taxes an invoice bears, by the landscape's rules."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.connectors.tryton.config import TaxRule
from isthmus.connectors.tryton.tax_numbers import EU


def rule_for(
    rules: Sequence[TaxRule], company: str | None, customer: str | None, *, registered: bool
) -> TaxRule | None:
    """None: no rule fits, so the product's own customer taxes apply."""
    for rule in rules:
        if (
            _covers(rule.company, company)
            and _covers(rule.customer, customer)
            and rule.registered in (None, registered)
        ):
            return rule
    return None


def _covers(countries: tuple[str, ...], country: str | None) -> bool:
    return not countries or country in countries or ("EU" in countries and country in EU)
