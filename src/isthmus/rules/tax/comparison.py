"""Our figures against the ledger's: why they differ, in words a bookkeeper can act on.

The ledger is right by definition: it books and files. A difference is explained by computing the
document again as the ledger may have done, and told as unexplained if no way gives its figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from itertools import product

from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money, step_of
from isthmus.rules.rounding import nearest
from isthmus.rules.tax.assessment import taxed
from isthmus.rules.tax.conventions import TaxBase, TaxConventions, TaxRounding
from isthmus.rules.tax.taxed import TaxedDocument


class Cause(StrEnum):
    NET = "net"
    """The lines themselves differ, so the taxes must."""
    CONVENTION = "convention"
    MISSING_TAX = "missing_tax"
    EXTRA_TAX = "extra_tax"
    RATE = "rate"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Stated:
    """What the ledger says. `taxes`, by name, where it tells them apart."""

    net: Money
    tax: Money
    taxes: Mapping[str, Money] = field(default_factory=dict)

    @property
    def total(self) -> Money:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Explanation:
    cause: Cause
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`difference` is theirs less ours, of the totals."""

    difference: Money
    explanations: tuple[Explanation, ...]

    @property
    def agrees(self) -> bool:
        return not self.explanations


def compare(ours: TaxedDocument, theirs: Stated, tolerance: Money) -> Comparison:
    """Net, tax and each named tax must be within the tolerance, each by itself."""
    return Comparison(theirs.total - ours.total, tuple(_explained(ours, theirs, tolerance)))


def _explained(ours: TaxedDocument, theirs: Stated, tolerance: Money) -> Iterator[Explanation]:
    if _apart(theirs.net, ours.net, tolerance):
        text = f"The net is {theirs.net} there and {ours.net} here, before any tax."
        yield Explanation(Cause.NET, text)
        return
    if _same(ours, theirs, tolerance):
        return
    found = (
        _another_convention(ours, theirs, tolerance)
        or list(_by_name(ours, theirs, tolerance))
        or _left_out(ours, theirs, tolerance)
        or _another_rate(ours, theirs)
    )
    yield from found or [_unexplained(ours, theirs)]


def _apart(one: Money, other: Money, tolerance: Money) -> bool:
    return abs((one - other).amount) > tolerance.amount


def _by_tax(document: TaxedDocument) -> dict[str, Money]:
    found: dict[str, Money] = {}
    for row in document.breakdown:
        if not row.tax.withheld:
            known = found.get(row.tax.name, Money.zero(document.currency))
            found[row.tax.name] = known + row.amount
    return found


def _same(ours: TaxedDocument, theirs: Stated, tolerance: Money) -> bool:
    zero = Money.zero(ours.currency)
    named = _by_tax(ours)
    pairs = [(theirs.tax, ours.tax), (theirs.net, ours.net)]
    if theirs.taxes:
        names = named.keys() | theirs.taxes.keys()
        pairs += [(theirs.taxes.get(name, zero), named.get(name, zero)) for name in names]
    return not any(_apart(one, other, tolerance) for one, other in pairs)


_HOW = {
    TaxRounding.CATEGORY: "each tax once for the document",
    TaxRounding.LINE: "each tax of each line",
    TaxRounding.DOCUMENT: "the sum of all taxes once",
    TaxRounding.LINE_SUM: "the taxes of each line together",
    TaxRounding.SAME_TAXES: "the taxes of lines taxed alike together",
}
_ON = {
    TaxBase.ROUNDED_LINE: "of rounded line amounts",
    TaxBase.EXACT_LINE: "of unrounded line amounts",
}
_HALF = {
    HalfCent.UP: "half a unit up",
    HalfCent.EVEN: "half a unit to the even one",
}


def _another_convention(ours: TaxedDocument, theirs: Stated, tolerance: Money) -> list[Explanation]:
    """The one that differs least from ours and gives the ledger's figures."""
    own = ours.conventions
    ways = [
        replace(own, rounding=rounding, base=base, half=half)
        for rounding, base, half in product(TaxRounding, TaxBase, HalfCent)
    ]
    for way in sorted(ways, key=lambda way: len(_changed(own, way))):
        if _same(taxed(ours.document, way), theirs, tolerance):
            there, here = ", ".join(_changed(own, way)), ", ".join(_changed(way, own))
            text = (
                f"Rounding: the ledger rounds {there}, which gives its {theirs.tax}; we round "
                f"{here}, which gives {ours.tax}."
            )
            return [Explanation(Cause.CONVENTION, text)]
    return []


def _changed(own: TaxConventions, way: TaxConventions) -> list[str]:
    """What the other way does where it is not ours."""
    told = [
        (own.rounding, way.rounding, _HOW[way.rounding]),
        (own.base, way.base, _ON[way.base]),
        (own.half, way.half, _HALF[way.half]),
    ]
    return [text for one, other, text in told if one is not other]


def _by_name(ours: TaxedDocument, theirs: Stated, tolerance: Money) -> Iterator[Explanation]:
    if not theirs.taxes:
        return
    named = _by_tax(ours)
    zero = Money.zero(ours.currency)
    for name in sorted(named.keys() | theirs.taxes.keys()):
        here, there = named.get(name, zero), theirs.taxes.get(name, zero)
        if not _apart(here, there, tolerance):
            continue
        if name not in theirs.taxes:
            yield Explanation(Cause.MISSING_TAX, f"The ledger charges no {name}; we say {here}.")
        elif name not in named:
            yield Explanation(Cause.EXTRA_TAX, f"The ledger charges {name}, {there}; we do not.")
        else:
            yield _of_rate(ours, name, here, there)


def _of_rate(ours: TaxedDocument, name: str, here: Money, there: Money) -> Explanation:
    rows = [row for row in ours.breakdown if row.tax.name == name]
    base = Money.total((row.base for row in rows), ours.currency)
    text = f"{name} is {there} there and {here} here"
    percents = {row.tax.percent for row in rows}
    if not base or None in percents:
        return Explanation(Cause.UNEXPLAINED, f"{text}.")
    stated = " and ".join(f"{percent} %" for percent in percents)
    text += f", on {base}: about {_percent(there, base)} % instead of {stated}."
    return Explanation(Cause.RATE, text)


def _left_out(ours: TaxedDocument, theirs: Stated, tolerance: Money) -> list[Explanation]:
    """One of our taxes is the whole difference."""
    for name, amount in _by_tax(ours).items():
        if amount and not _apart(theirs.tax + amount, ours.tax, tolerance):
            text = f"The ledger's tax is {theirs.tax}: ours without {name}, {amount}."
            return [Explanation(Cause.MISSING_TAX, text)]
    return []


def _another_rate(ours: TaxedDocument, theirs: Stated) -> list[Explanation]:
    """Only where one percentage applies, so that there is one to be wrong."""
    rows = [row for row in ours.breakdown if not row.tax.withheld]
    if len(rows) != 1 or not rows[0].base or rows[0].tax.percent is None:
        return []
    return [_of_rate(ours, rows[0].tax.name, rows[0].amount, theirs.tax)]


def _percent(amount: Money, base: Money) -> str:
    exact = Fraction(amount.amount) / Fraction(base.amount) * 100
    return f"{nearest(exact, step_of('EUR')).normalize():f}"


def _unexplained(ours: TaxedDocument, theirs: Stated) -> Explanation:
    text = (
        f"The tax is {theirs.tax} there and {ours.tax} here; no rounding, missing tax or single "
        "rate that we know gives the ledger's figure. Compare the tax codes line by line."
    )
    return Explanation(Cause.UNEXPLAINED, text)
