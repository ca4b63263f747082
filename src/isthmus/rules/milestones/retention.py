"""Retention: a part of each invoice withheld by the client until final acceptance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import RetentionTax
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump, total
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import percent_of


@dataclass(frozen=True, slots=True)
class Retained:
    """One invoice. `taxable` is what tax is computed on, `balance` what is withheld after it."""

    charges: tuple[Charge, ...]
    taxable: Money
    balance: Money

    @property
    def net(self) -> Money:
        return total(self.charges, self.balance.currency)


def withhold(
    applications: Iterable[Charge],
    percent: Decimal,
    held_before: Money,
    tax: RetentionTax = RetentionTax.WHEN_INVOICED,
) -> tuple[Retained, ...]:
    """One invoice for each certified application: its price and the part kept back. A credit
    gives back its part of what was kept.
    """
    refuse_unless(
        0 <= percent <= 100,
        "retention_percent",
        f"A retention of {percent} % is no part of an invoice.",
        "Give a percentage from 0 to 100.",
    )
    balance, found = held_before, []
    for work in applications:
        kept = percent_of(work.amount, percent)
        balance = balance + kept
        taxable = work.amount - kept if tax is RetentionTax.WHEN_INVOICED else work.amount
        found.append(Retained((work, *_kept(work, kept, percent)), taxable, balance))
    return tuple(found)


def release(
    balance: Money,
    percent: Decimal = Decimal(100),
    tax: RetentionTax = RetentionTax.WHEN_INVOICED,
) -> Retained:
    """All of what is withheld, on final acceptance; or a percent of it, where a contract releases
    half on completion and half when defects are made good.
    """
    refuse_unless(
        0 < percent <= 100,
        "percent",
        f"{percent} % of what is withheld cannot be released.",
        "Release a percentage up to 100.",
    )
    due = percent_of(balance, percent)
    why = f"{percent} % of {balance} withheld"
    charges = (lump("Retention release", due, why, LineKind.ADJUSTMENT),) if due else ()
    taxable = due if tax is RetentionTax.WHEN_INVOICED else Money.zero(balance.currency)
    return Retained(charges, taxable, balance - due)


def _kept(work: Charge, kept: Money, percent: Decimal) -> tuple[Charge, ...]:
    why = f"{percent} % of {work.amount} until final acceptance"
    return (lump(f"Retention {percent} %", -kept, why, LineKind.ADJUSTMENT),) if kept else ()
