"""A taxed document, read by line, by tax or in total."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.fx import Rate
from isthmus.rules.rounding import nearest
from isthmus.rules.tax.conventions import TaxConventions
from isthmus.rules.tax.document import Part, TaxableDocument
from isthmus.rules.tax.levy import Tax


@dataclass(frozen=True, slots=True)
class TaxShare:
    """What a line bears of a tax. `exact` is the tax before any rounding."""

    tax: Tax
    base: Money
    amount: Money
    exact: Fraction


@dataclass(frozen=True, slots=True)
class TaxedPart:
    """A line, allowance or charge. `amount` is what was asked, taxes in the price included."""

    source: Part
    amount: Money
    net: Money
    taxes: tuple[TaxShare, ...]


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """One row of the tax breakdown (BG-23)."""

    tax: Tax
    base: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class AccountingTotals:
    """The document in the currency of the seller's books."""

    net: Money
    tax: Money
    total: Money


@dataclass(frozen=True, slots=True)
class TaxedDocument:
    document: TaxableDocument
    conventions: TaxConventions
    lines: tuple[TaxedPart, ...]
    adjustments: tuple[TaxedPart, ...] = ()

    @property
    def currency(self) -> str:
        return self.document.currency

    @property
    def lines_net(self) -> Money:
        """BT-106."""
        return self._total(line.net for line in self.lines)

    @property
    def net(self) -> Money:
        """After allowances and charges, before tax (BT-109)."""
        return self.lines_net + self._total(part.net for part in self.adjustments)

    @property
    def breakdown(self) -> tuple[TaxTotal, ...]:
        rows: dict[Tax, tuple[Money, Money]] = {}
        zero = Money.zero(self.currency)
        for share in (share for part in self._parts for share in part.taxes):
            base, amount = rows.get(share.tax, (zero, zero))
            rows[share.tax] = (base + share.base, amount + share.amount)
        return tuple(TaxTotal(tax, base, amount) for tax, (base, amount) in rows.items())

    @property
    def tax(self) -> Money:
        """BT-110, without what is withheld."""
        return self._total(row.amount for row in self.breakdown if not row.tax.withheld)

    @property
    def total(self) -> Money:
        """What the client owes (BT-112)."""
        return self.net + self.tax

    @property
    def withheld(self) -> Money:
        """Part of the total that the client pays to the tax office for us."""
        return self._total(row.amount for row in self.breakdown if row.tax.withheld)

    @property
    def due(self) -> Money:
        """Less what was prepaid (BT-115)."""
        return self.total - (self.document.prepaid or Money.zero(self.currency))

    def effective_percent(self, places: int = 5) -> Decimal:
        """The tax in percent of the net, for a document of several rates; 0 of nothing."""
        if not self.net:
            return Decimal(0)
        ratio = Fraction(self.tax.amount) / Fraction(self.net.amount)
        return nearest(ratio * 100, Decimal(1).scaleb(-places))

    def in_accounting_currency(self, rate: Rate) -> AccountingTotals:
        """At the rate of the day on which the tax falls due (Directive 2006/112/EC, articles 91
        and 230; BT-111). Total and tax are converted, and the net is what they leave.
        """
        tax, total = rate.of(self.tax), rate.of(self.total)
        return AccountingTotals(total - tax, tax, total)

    @property
    def _parts(self) -> tuple[TaxedPart, ...]:
        return self.lines + self.adjustments

    def _total(self, parts: Iterable[Money]) -> Money:
        return Money.total(parts, self.currency)
