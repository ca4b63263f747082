"""Charges: what a rule bills, to the cent and explained, before it is a line of an invoice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import share

ONE = Decimal(1)


@dataclass(frozen=True, slots=True)
class Charge:
    """`quantity` x `unit_price` rounded is `amount`, as a ledger will compute it; net of tax.

    A negative amount is a deduction or a credit. `why` says how the amount came about, in words
    that can be read to the client.
    """

    description: str
    quantity: Decimal
    unit_price: Money
    amount: Money
    why: str
    kind: LineKind = LineKind.FEE

    def __post_init__(self) -> None:
        refuse_unless(
            self.amount == self.amount.rounded(),
            "amount",
            f"{self.description}: {self.amount} has parts of a minor unit, and an invoice cannot "
            "ask for them.",
            "Correct the amount where it was agreed; rounding here would change the price sold.",
        )
        refuse_unless(
            share(self.unit_price, self.quantity) == self.amount,
            "unit_price",
            f"{self.description}: {self.quantity} x {self.unit_price} is not {self.amount}.",
            "Bill the amount as one unit.",
        )

    def as_line(
        self,
        number: int = 1,
        *,
        project: str | None = None,
        cost_centre: str | None = None,
        profit_centre: str | None = None,
    ) -> InvoiceLine:
        return InvoiceLine(
            number=number,
            kind=self.kind,
            description=self.description,
            quantity=self.quantity,
            unit_price=self.unit_price,
            amount=self.amount,
            project=project,
            cost_centre=cost_centre,
            profit_centre=profit_centre,
        )


@dataclass(frozen=True, slots=True)
class Held:
    """An amount that would be billed if it were not for the problem."""

    description: str
    amount: Money
    problem: Problem


@dataclass(frozen=True, slots=True)
class Billing:
    charges: tuple[Charge, ...] = ()
    held: tuple[Held, ...] = ()

    def __add__(self, other: Billing) -> Billing:
        return Billing(self.charges + other.charges, self.held + other.held)


def lump(description: str, amount: Money, why: str, kind: LineKind = LineKind.FEE) -> Charge:
    """One unit at the amount."""
    return Charge(description, ONE, amount, amount, why, kind)


def priced(
    description: str,
    quantity: Decimal,
    unit_price: Money,
    why: str,
    kind: LineKind = LineKind.FEE,
) -> Charge:
    amount = share(unit_price, quantity)
    return Charge(description, quantity, unit_price, amount, why, kind)


def total(charges: Iterable[Charge], currency: str) -> Money:
    return Money.total((charge.amount for charge in charges), currency)
