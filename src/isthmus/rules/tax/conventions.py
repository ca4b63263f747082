"""What ledgers do differently with the same taxes on the same lines."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from isthmus.canonical.terms import HalfCent


class TaxRounding(StrEnum):
    """What is added up exactly before it is rounded."""

    CATEGORY = "category"
    """Default: each tax over the whole document (EN 16931 BR-CO-17: the base of a category times
    its rate, rounded; Odoo "round globally")."""
    LINE = "line"
    """Each tax of each line (Odoo "round per line")."""
    DOCUMENT = "document"
    """All taxes of the document as one sum. The taxes whose rounding strayed furthest give way,
    so that they add up to it."""
    LINE_SUM = "line_sum"
    """As Tryton 8.0 "line": each tax of a line is rounded, and where the errors of the line come
    to more than half a unit its first taxes give way."""
    SAME_TAXES = "same_taxes"
    """As Tryton 8.0 "document": so for all lines of one sign that bear the same taxes."""


class TaxBase(StrEnum):
    """What a line is taxed on."""

    ROUNDED_LINE = "rounded_line"
    """Default: the amount on the invoice (EN 16931 BR-S-8: the sum of line net amounts)."""
    EXACT_LINE = "exact_line"
    """Quantity times price before rounding (Tryton 8.0: 21 % of 749.925 is 157.48, where 749.93
    would give 157.49)."""


@dataclass(frozen=True, slots=True)
class TaxConventions:
    rounding: TaxRounding = TaxRounding.CATEGORY
    base: TaxBase = TaxBase.ROUNDED_LINE
    half: HalfCent = HalfCent.UP
    step: Decimal | None = None
    """Coarser than the currency's minor unit, for all amounts of the document."""


EN_16931 = TaxConventions()
