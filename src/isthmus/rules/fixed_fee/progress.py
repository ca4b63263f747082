"""Progress billing: the price of what is complete, less what earlier applications billed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from isthmus.canonical.terms import ProgressDecrease
from isthmus.kit.money import Money
from isthmus.rules.charge import Billing, Held, lump
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import percent_of


@dataclass(frozen=True, slots=True)
class Progress:
    """`billed` is net of what was credited."""

    description: str
    price: Money
    percent_complete: Decimal
    billed: Money

    @property
    def to_date(self) -> Money:
        refuse_unless(
            0 <= self.percent_complete <= 100,
            "percent_complete",
            f"{self.description} is {self.percent_complete} % complete.",
            "Give a percentage from 0 to 100; more work needs a change order.",
        )
        return percent_of(self.price, self.percent_complete)


def bill_progress(
    progress: Iterable[Progress],
    decrease: ProgressDecrease = ProgressDecrease.PROBLEM,
) -> Billing:
    """One charge for each part that moved. Rounding is of the amount to date, so that 100 % is the
    price whatever the steps were.
    """
    return sum((_billing(part, decrease) for part in progress), start=Billing())


def _billing(part: Progress, decrease: ProgressDecrease) -> Billing:
    new = part.to_date - part.billed
    if not new:
        return Billing()
    if new.amount * part.price.amount < 0 and decrease is ProgressDecrease.PROBLEM:
        return Billing(held=(Held(part.description, new, _fell(part)),))
    why = (
        f"{part.percent_complete} % of {part.price} is {part.to_date}, "
        f"of which {part.billed} was billed"
    )
    return Billing((lump(part.description, new, why),))


def _fell(part: Progress) -> Problem:
    return Problem(
        "progress_decreased",
        f"{part.description}: {part.percent_complete} % of {part.price} is {part.to_date}, less "
        f"than the {part.billed} that was billed",
        "pmo",
        "Correct the percentage, or agree to a credit with the client, then replay.",
        "percent_complete",
    )
