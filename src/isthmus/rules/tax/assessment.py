"""A document with its taxes: rounded as the conventions say, adding up however it is read.

Lines, taxes and totals tie out in every convention: the taxes of the lines are those of the
document, and what a price contained is net and tax again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate, cycle

from isthmus.canonical.terms import HalfCent
from isthmus.kit.money import Money, step_of
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import movements, nearest
from isthmus.rules.tax.conventions import EN_16931, TaxBase, TaxConventions, TaxRounding
from isthmus.rules.tax.document import Part, TaxableDocument, TaxableLine
from isthmus.rules.tax.levy import Tax, levied, net_of
from isthmus.rules.tax.taxed import TaxedDocument, TaxedPart, TaxShare

Key = tuple[object, ...]
Shares = dict[tuple[int, int], Money]
"""By part of the document and place of the tax on it."""


@dataclass(frozen=True, slots=True)
class _Levy:
    """One tax on one line, allowance or charge, not yet rounded."""

    part: int
    place: int
    tax: Tax
    exact: Fraction
    on_top: Fraction
    """Of an inclusive tax, what the price does not contain."""
    bears: Key
    """The taxes of the line and whether it is a credit."""


def taxed(document: TaxableDocument, conventions: TaxConventions = EN_16931) -> TaxedDocument:
    """Raises Unusable on a price that its own taxes eat up and on mixed currencies."""
    amounts = [_amount(part, document.currency, conventions) for part in document.parts]
    levies = [
        tuple(_levies(number, part, amount, conventions))
        for number, (part, amount) in enumerate(zip(document.parts, amounts, strict=True))
    ]
    shares = _rounded((levy for of_part in levies for levy in of_part), document, conventions)
    parts = tuple(
        _part(part, amount, of_part, shares, conventions)
        for part, amount, of_part in zip(document.parts, amounts, levies, strict=True)
    )
    count = len(document.lines)
    return TaxedDocument(document, conventions, parts[:count], parts[count:])


def line_amount(line: TaxableLine, conventions: TaxConventions = EN_16931) -> Money:
    """Quantity times price, with allowance and charge, rounded once (BT-131)."""
    return _amount(line, line.price.currency, conventions)


def _amount(part: Part, currency: str, conventions: TaxConventions) -> Money:
    refuse_unless(
        part.currency == currency,
        "currency",
        f"An amount in {part.currency} stands on a document in {currency}.",
        "Convert it first; a document has one currency.",
    )
    step = _step(currency, conventions)
    return Money.of(nearest(part.exact, step, conventions.half), currency)


def _step(currency: str, conventions: TaxConventions) -> Decimal:
    return conventions.step or step_of(currency)


def _total(parts: Iterable[Fraction]) -> Fraction:
    return sum(parts, Fraction(0))


def _levies(number: int, part: Part, amount: Money, conventions: TaxConventions) -> Iterator[_Levy]:
    rounded = conventions.base is TaxBase.ROUNDED_LINE
    price = Fraction(amount.amount) if rounded else part.exact
    bears = (part.taxes, price >= 0)
    net = net_of(price, part.units, part.taxes)
    for place, levy in enumerate(levied(net, part.units, part.taxes)):
        on_top = levy.amount - levy.contained if levy.tax.inclusive else Fraction(0)
        yield _Levy(number, place, levy.tax, levy.amount, on_top, bears)


_TOGETHER: dict[TaxRounding, Callable[[_Levy], Key]] = {
    TaxRounding.CATEGORY: lambda levy: (levy.tax,),
    TaxRounding.LINE: lambda levy: (levy.part, levy.place),
    TaxRounding.DOCUMENT: lambda levy: (),
    TaxRounding.LINE_SUM: lambda levy: (levy.part,),
    TaxRounding.SAME_TAXES: lambda levy: levy.bears,
}


def _rounded(
    levies: Iterable[_Levy], document: TaxableDocument, conventions: TaxConventions
) -> Shares:
    groups: dict[Key, dict[Tax, list[_Levy]]] = {}
    for levy in levies:
        # What is withheld is no part of the total, so it never makes up for what is.
        key = (levy.tax.withheld, *_TOGETHER[conventions.rounding](levy))
        group = groups.setdefault(key, {})
        group.setdefault(levy.tax, []).append(levy)
    step = _step(document.currency, conventions)
    found: Shares = {}
    for group in groups.values():
        exact = [_total(levy.exact for levy in members) for members in group.values()]
        amounts = _reconciled(exact, step, conventions)
        for members, amount in zip(group.values(), amounts, strict=True):
            shares = _over_lines(members, Money.of(amount, document.currency), conventions)
            found |= {(n.part, n.place): part for n, part in zip(members, shares, strict=True)}
    return found


def _reconciled(
    exact: Sequence[Fraction], step: Decimal, conventions: TaxConventions
) -> list[Decimal]:
    """The taxes of a group, each rounded, some then moved by a unit so that their sum is right."""
    amounts = [nearest(value, step, conventions.half) for value in exact]
    errors = [Fraction(now) - value for now, value in zip(amounts, exact, strict=True)]
    if conventions.rounding is TaxRounding.DOCUMENT:
        excess = sum(amounts, Decimal(0)) - nearest(_total(exact), step, conventions.half)
        order = sorted(range(len(exact)), key=lambda n: errors[n], reverse=excess > 0)
    else:
        # Half a unit of error is nobody's: a tax alone keeps its own rounding.
        excess = nearest(_total(errors), step, HalfCent.EVEN)
        order = [n for n in range(len(exact)) if amounts[n]] or list(range(len(exact)))
    for place in cycle(order):
        if not excess:
            break
        amounts[place] -= step.copy_sign(excess)
        excess -= step.copy_sign(excess)
    return amounts


def _over_lines(
    members: Sequence[_Levy], amount: Money, conventions: TaxConventions
) -> tuple[Money, ...]:
    """By running total, so that no line is a unit off and all of them make the amount."""
    step = _step(amount.currency, conventions)
    to_date = [
        Money.of(nearest(value, step, conventions.half), amount.currency)
        for value in accumulate(levy.exact for levy in members)
    ]
    return movements([*to_date[:-1], amount])


def _part(
    part: Part,
    amount: Money,
    levies: Sequence[_Levy],
    shares: Shares,
    conventions: TaxConventions,
) -> TaxedPart:
    amounts = [shares[levy.part, levy.place] for levy in levies]
    inclusive = [now for now, levy in zip(amounts, levies, strict=True) if levy.tax.inclusive]
    exact = _total(levy.on_top for levy in levies)
    on_top = nearest(exact, _step(amount.currency, conventions), conventions.half)
    contained = Money.total(inclusive, amount.currency) - Money.of(on_top, amount.currency)
    net = amount - contained
    return TaxedPart(part, amount, net, tuple(_shares(net, levies, amounts)))


def _shares(net: Money, levies: Sequence[_Levy], amounts: Sequence[Money]) -> Iterator[TaxShare]:
    """With the base as the document shows it: its own amounts, not what they were before rounding,
    so that a reader can add it up.
    """
    added = Money.zero(net.currency)
    for levy, amount in zip(levies, amounts, strict=True):
        base = net + added if levy.tax.affected_by_previous else net
        yield TaxShare(levy.tax, base, amount, levy.exact)
        if levy.tax.adds_to_base:
            added += amount
