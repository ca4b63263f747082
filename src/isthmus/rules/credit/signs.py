"""Two documents that take an invoice back, and the sign of their amounts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from isthmus.canonical.invoice import InvoiceLine
from isthmus.rules.credit.memo import Credited
from isthmus.rules.tax_amount import Taxed


class Correction(StrEnum):
    """Codes of UNTDID 1001; the Peppol BIS Billing 3 examples print one correction as both."""

    CREDIT_NOTE = "381"
    """Default: amounts as on the invoice; the type of the document says that they are taken back.
    The canonical credit memo is one."""
    NEGATIVE_INVOICE = "384"
    """An invoice with quantities and amounts below zero. Prices stay above it (EN 16931, BR-27)."""


@dataclass(frozen=True, slots=True)
class Document:
    lines: tuple[InvoiceLine, ...]
    totals: Taxed


def document(credited: Credited, kind: Correction = Correction.CREDIT_NOTE) -> Document:
    if kind is Correction.CREDIT_NOTE:
        return Document(credited.memo.lines, credited.totals)
    lines = (
        line.model_copy(update={"quantity": -line.quantity, "amount": -line.amount})
        for line in credited.memo.lines
    )
    return Document(tuple(lines), -credited.totals)
