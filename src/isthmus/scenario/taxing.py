"""Tax on the documents of a contract that says which."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from isthmus.kit.money import Money
from isthmus.rules.rounding import trimmed
from isthmus.rules.tax.assessment import taxed as assessed
from isthmus.rules.tax.conventions import TaxConventions
from isthmus.rules.tax.document import TaxableDocument, TaxableLine
from isthmus.rules.tax.levy import Tax
from isthmus.rules.tax.taxed import TaxedDocument
from isthmus.scenario.agreed import TaxPart
from isthmus.scenario.outcome import Trail


def taxed(terms: TaxPart | None, lines: Iterable[Money], currency: str) -> TaxedDocument | None:
    if terms is None:
        return None
    taxes = (Tax(terms.name, terms.percent),)
    on = tuple(TaxableLine(amount, taxes=taxes) for amount in lines)
    return assessed(TaxableDocument(currency, on), TaxConventions(terms.rounding))


def why(document: TaxedDocument | None) -> Trail:
    if document is None:
        return ()
    return tuple(
        f"{row.tax.name} {trimmed(row.tax.percent or Decimal(0))} % of {row.base} = {row.amount}, "
        f"rounded by {document.conventions.rounding}"
        for row in document.breakdown
    )
