"""A fixed-fee contract that ends half way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from isthmus.canonical.contract import Instalment
from isthmus.canonical.terms import ProgressDecrease
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump
from isthmus.rules.fixed_fee.progress import Progress, bill_progress


@dataclass(frozen=True, slots=True)
class Cancellation:
    """The last invoice, or credit where its charges are below zero, and the instalments that
    will never be billed.
    """

    charges: tuple[Charge, ...]
    removed: tuple[Instalment, ...]


def cancel(
    work: Progress,
    instalments: Sequence[Instalment] = (),
    billed: Collection[int] = (),
    termination_fee: Money | None = None,
) -> Cancellation:
    """Work to date less what was billed, and the fee that the contract names.

    Billed ahead of the work, the difference goes back: a contract that lets the firm keep it says
    so in its termination fee. `billed` holds the numbers of instalments, counted from 1.
    """
    settled = bill_progress([work], ProgressDecrease.CREDIT).charges
    removed = tuple(i for n, i in enumerate(instalments, start=1) if n not in billed)
    return Cancellation(settled + _fee(termination_fee), removed)


def _fee(fee: Money | None) -> tuple[Charge, ...]:
    return (lump("Termination fee", fee, "agreed for ending early"),) if fee else ()
