"""Milestones that deliver a percent of an order line (Odoo: "Based on Milestones")."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from isthmus.canonical.invoice import LineKind
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump, priced
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share


@dataclass(frozen=True, slots=True)
class OrderLine:
    name: str
    quantity: Decimal
    unit_price: Money


@dataclass(frozen=True, slots=True)
class Delivered:
    """`to_date` and `quantity` count every milestone reached so far, `charge` the last one."""

    quantity: Decimal
    to_date: Money
    charge: Charge


def deliver(line: OrderLine, reached: Decimal, percent: Decimal) -> Delivered:
    """One milestone more on a line of which `reached` percent was delivered before."""
    refuse_unless(
        reached >= 0 and percent >= 0 and reached + percent <= 100,
        "percent",
        f"Milestones deliver {reached} % and {percent} % of {line.name}.",
        "Give milestones of a line that total 100 % at most.",
    )
    before, after = _quantity(line, reached), _quantity(line, reached + percent)
    to_date = share(line.unit_price, after)
    new = to_date - share(line.unit_price, before)
    return Delivered(after, to_date, _charge(line, after - before, new, percent))


def _quantity(line: OrderLine, percent: Decimal) -> Decimal:
    return line.quantity * percent / 100


def _charge(line: OrderLine, quantity: Decimal, amount: Money, percent: Decimal) -> Charge:
    """As a quantity where that gives the amount; a cent between two milestones makes it a lump."""
    why = f"{percent} % of {line.quantity} at {line.unit_price}"
    if share(line.unit_price, quantity) == amount:
        return priced(line.name, quantity, line.unit_price, why, LineKind.MILESTONE)
    return lump(line.name, amount, why, LineKind.MILESTONE)
