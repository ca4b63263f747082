"""A part of the price paid at the start and deducted from the final invoice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from isthmus.canonical.invoice import LineKind
from isthmus.kit.money import Money
from isthmus.rules.charge import ONE, Charge, lump, priced, total
from isthmus.rules.rounding import percent_of


@dataclass(frozen=True, slots=True)
class Deduction:
    """`left`: paid in advance and not used up by the invoice, so still owed to the client."""

    charges: tuple[Charge, ...]
    left: Money


def advance_charge(price: Money, percent: Decimal, description: str = "Advance payment") -> Charge:
    return lump(description, percent_of(price, percent), f"{percent} % of {price} in advance")


def deduct_advances(
    currency: str, invoice: Iterable[Charge], advances: Sequence[Charge]
) -> Deduction:
    """A line of quantity -1 for each advance billed, oldest first, as Tryton's
    sale_advance_payment does. Never more than the invoice has to pay for: an invoice below zero
    would be a refund, which somebody must decide.
    """
    to_pay = max(total(invoice, currency), Money.zero(currency))
    charges: list[Charge] = []
    for advance in advances:
        used = min(advance.amount, to_pay)
        to_pay = to_pay - used
        if used:
            charges.append(_deducted(advance, used))
    return Deduction(tuple(charges), total(advances, currency) + total(charges, currency))


def _deducted(advance: Charge, used: Money) -> Charge:
    why = f"{used} of {advance.amount} billed in advance"
    return priced(advance.description, -ONE, used, why, LineKind.ADJUSTMENT)
