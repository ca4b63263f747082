"""Billing schedules: instalments that are the price, neither more nor less."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from isthmus.canonical.contract import Instalment
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.terms import PlannedInstalment
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, Held, lump
from isthmus.rules.problems import Problem
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import Remainder, split


@dataclass(frozen=True, slots=True)
class Due:
    """Charges by the number of their instalment, counted from 1; `held` can never come due."""

    charges: Mapping[int, Charge]
    held: tuple[Held, ...] = ()


def schedule(
    price: Money,
    planned: Sequence[PlannedInstalment],
    remainder: Remainder = Remainder.LAST,
) -> tuple[Instalment, ...] | Problem:
    """Instalments in money. Percents are of the price; the cents that they leave over go to the
    last of them, so that amounts agreed as such stay as they are.

    Dynamics 365 refuses a schedule that does not sum to its line, and so does this.
    """
    _same_currency(price, planned)
    fixed = Money.total((p.amount for p in planned if p.amount is not None), price.currency)
    percents = [p.percent for p in planned if p.percent is not None]
    percent = sum(percents, Decimal(0))
    if Fraction((price - fixed).amount) * 100 != Fraction(price.amount) * Fraction(percent):
        return _wrong_sum(price, fixed, percent)
    shares = iter(split(price - fixed, percents, remainder) if any(percents) else ())
    amounts = [_amount(part, shares, price.currency) for part in planned]
    return _payable(price, [_in_money(*pair) for pair in zip(planned, amounts, strict=True)])


def periodic(
    price: Money,
    days: Sequence[date],
    description: str = "Instalment",
    remainder: Remainder = Remainder.LAST,
) -> tuple[Instalment, ...] | Problem:
    """Equal parts, one for each day."""
    refuse_unless(
        bool(days), "days", "A price cannot be billed on no day.", "Give the days of the periods."
    )
    parts = split(price, [1] * len(days), remainder)
    return _payable(
        price,
        [
            Instalment(description=f"{description} {n} of {len(days)}", amount=part, due_on=day)
            for n, (day, part) in enumerate(zip(days, parts, strict=True), start=1)
        ],
    )


def instalments_due(
    instalments: Sequence[Instalment],
    day: date,
    accepted: Mapping[str, date],
    billed: Collection[int] = (),
) -> Due:
    """What comes due by a day and was not billed. `accepted`: milestone to day of acceptance."""
    charges: dict[int, Charge] = {}
    held: list[Held] = []
    for number, instalment in enumerate(instalments, start=1):
        if number in billed:
            continue
        if instalment.due_on is None and instalment.milestone is None:
            held.append(Held(instalment.description, instalment.amount, _undated(instalment)))
        elif why := _reason(instalment, day, accepted):
            charges[number] = lump(
                instalment.description, instalment.amount, why, _kind(instalment)
            )
    return Due(charges, tuple(held))


def respread(
    instalments: Sequence[Instalment],
    billed: Collection[int],
    change: Money,
    remainder: Remainder = Remainder.LAST,
) -> tuple[Instalment, ...] | Problem:
    """The schedule after a change order: billed instalments stay, the others share what is left of
    the new price in proportion to what they were.
    """
    numbered = list(enumerate(instalments, start=1))
    weights = [i.amount.amount if n not in billed else 0 for n, i in numbered]
    left = Money.total((i.amount for n, i in numbered if n not in billed), change.currency)
    if left + change < Money.zero(change.currency) or not left:
        return tuple(instalments) if not change else _too_late(left, change)
    shares = split(left + change, weights, remainder)
    changed = [
        i if n in billed else i.model_copy(update={"amount": part})
        for (n, i), part in zip(numbered, shares, strict=True)
    ]
    return _payable(left + change, changed)


def _same_currency(price: Money, planned: Sequence[PlannedInstalment]) -> None:
    others = sorted({p.amount.currency for p in planned if p.amount} - {price.currency})
    refuse_unless(
        not others,
        "instalments",
        f"The price is in {price.currency}, instalments are in {', '.join(others)}.",
        "Give every instalment in the currency of the contract.",
    )


def _amount(part: PlannedInstalment, shares: Iterator[Money], currency: str) -> Money:
    if part.amount is not None:
        return part.amount
    return next(shares, Money.zero(currency))


def _in_money(part: PlannedInstalment, amount: Money) -> Instalment:
    return Instalment(
        description=part.description,
        amount=amount,
        due_on=part.due_on,
        milestone=part.milestone,
    )


def _payable(price: Money, instalments: Sequence[Instalment]) -> tuple[Instalment, ...] | Problem:
    for instalment in instalments:
        amount = instalment.amount
        if amount != amount.rounded() or amount.amount * price.amount < 0:
            return Problem(
                "schedule_not_payable",
                f"instalment {instalment.description} of {price} would be {amount}",
                "finance",
                "Give amounts in whole minor units and none below zero, or fewer instalments.",
                "instalments",
            )
    return tuple(instalments)


def _reason(instalment: Instalment, day: date, accepted: Mapping[str, date]) -> str | None:
    if instalment.milestone is not None:
        on = accepted.get(instalment.milestone)
        fine = on is not None and on <= day
        return f"milestone {instalment.milestone} was accepted on {on}" if fine else None
    due_on = instalment.due_on
    return f"due on {due_on}" if due_on is not None and due_on <= day else None


def _kind(instalment: Instalment) -> LineKind:
    return LineKind.FEE if instalment.milestone is None else LineKind.MILESTONE


def _wrong_sum(price: Money, fixed: Money, percent: Decimal) -> Problem:
    return Problem(
        "schedule_sum",
        f"the instalments are {percent} % and {fixed} of {price}, which is not the whole of it",
        "finance",
        "Correct percents and amounts so that they sum to the price.",
        "instalments",
    )


def _undated(instalment: Instalment) -> Problem:
    return Problem(
        "instalment_undated",
        f"instalment {instalment.description} ({instalment.amount}) has no day and no milestone",
        "pmo",
        "Set the day on which it is due, or the milestone that makes it due, then replay.",
        "due_on",
    )


def _too_late(left: Money, change: Money) -> Problem:
    return Problem(
        "change_exceeds_schedule",
        f"a change of {change} cannot be spread over {left} that is still to be billed",
        "finance",
        "Add an instalment for the change, or credit what was billed too much, then replay.",
        "value_change",
    )
