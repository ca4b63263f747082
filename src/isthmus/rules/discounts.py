"""Discounts before tax: on a line, on the document, by coupon, for a bundle.

No discount exceeds what it is taken from. A discount on the document is spread over its lines by
value, so that tax and project margins follow, and what rounding leaves goes to the largest
fractions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.revenue.allocation import Prices, Rounding, allocate
from isthmus.rules.rounding import Remainder, movements, share, split
from isthmus.rules.tax.assessment import line_amount
from isthmus.rules.tax.conventions import EN_16931, TaxConventions
from isthmus.rules.tax.document import Adjustment, TaxableDocument, allowance
from isthmus.rules.tax.levy import Tax


def line_discount(line: Money, percent: Decimal) -> Money:
    """Rounded by itself, because the line shows it."""
    refuse_unless(
        0 <= percent <= 100,
        "percent",
        f"A discount is from 0 to 100 percent, not {percent}.",
        "Write a surcharge as a charge of the line.",
    )
    return share(line, Fraction(percent) / 100)


def limited(discount: Money, total: Money) -> Money:
    """As much of a discount as there is to take it from; nothing of a credit."""
    zero = Money.zero(total.currency)
    refuse_unless(
        discount >= zero,
        "discount",
        f"A discount of {discount} would make the invoice dearer.",
        "Write it as a positive amount, or as a charge if it is one.",
    )
    return min(discount, max(total, zero))


def spread(discount: Money, lines: Sequence[Money]) -> tuple[Money, ...]:
    """The part of each line, as positive amounts; a credit on the invoice bears none."""
    zero = Money.zero(discount.currency)
    taken = limited(discount, Money.total(lines, discount.currency))
    if not taken:
        return tuple(zero for _ in lines)
    weights = [max(line, zero).amount for line in lines]
    return split(taken, weights, Remainder.LARGEST_FRACTION)


def document_discount(
    document: TaxableDocument,
    discount: Money,
    reason: str = "Discount",
    conventions: TaxConventions = EN_16931,
) -> tuple[Adjustment, ...]:
    """One allowance for each set of taxes that the lines bear, as EN 16931 asks (BG-20).

    Of prices that contain tax, the discount contains it too.
    """
    amounts = [line_amount(line, conventions) for line in document.lines]
    by_taxes: dict[tuple[Tax, ...], Money] = {}
    for line, part in zip(document.lines, spread(discount, amounts), strict=True):
        known = by_taxes.get(line.taxes, Money.zero(document.currency))
        by_taxes[line.taxes] = known + part
    return tuple(allowance(part, taxes, reason) for taxes, part in by_taxes.items() if part)


@dataclass(frozen=True, slots=True)
class Redeemed:
    """`net` are the lines afterwards; `used` and `left` go coupon by coupon."""

    net: tuple[Money, ...]
    used: tuple[Money, ...]
    left: tuple[Money, ...]


def redeem(coupons: Sequence[Money], lines: Sequence[Money], currency: str) -> Redeemed:
    """Coupons in turn, before tax, until nothing is left to pay."""
    total = Money.total(lines, currency)
    to_date = [
        limited(Money.total(coupons[: place + 1], currency), total) for place in range(len(coupons))
    ]
    used = movements(to_date)
    parts = spread(Money.total(used, currency), lines)
    net = tuple(line - part for line, part in zip(lines, parts, strict=True))
    left = tuple(coupon - taken for coupon, taken in zip(coupons, used, strict=True))
    return Redeemed(net, used, left)


def bundle_prices(
    discount: Money, prices: Prices, rounding: Rounding | None = None
) -> dict[str, Money]:
    """What each part of a bundle costs: the price together, by stand-alone prices, as revenue is
    allocated (`revenue.allocation`), so that invoice and books agree.
    """
    together = Money.total(prices.values(), discount.currency)
    return allocate(together - limited(discount, together), prices, rounding or Rounding())
