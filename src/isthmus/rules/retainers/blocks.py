"""A prepaid block of hours: invoiced when it is ordered, used until it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from isthmus.canonical.terms import HourBlock, Overrun
from isthmus.rules.charge import Billing, Charge, Held, priced
from isthmus.rules.problems import Problem
from isthmus.rules.retainers.account import PrepaidAccount, buy, draw
from isthmus.rules.rounding import share


@dataclass(frozen=True, slots=True)
class BlockOrder:
    account: PrepaidAccount[Decimal]
    charge: Charge


@dataclass(frozen=True, slots=True)
class BlockUse:
    """`over`: hours worked that the account did not cover."""

    account: PrepaidAccount[Decimal]
    covered: Decimal
    over: Decimal
    billing: Billing


def order_block(terms: HourBlock, account: PrepaidAccount[Decimal], on: date) -> BlockOrder:
    """One block more on the account (`opened` for the first)."""
    expires_on = last_day(on, terms.expires_after_days)
    until = f", to be used by {expires_on}" if expires_on else ""
    charge = priced("Block of hours", terms.hours, terms.rate, f"ordered on {on}{until}")
    return BlockOrder(buy(account, on, terms.hours, expires_on, charge.why), charge)


def use_block(
    terms: HourBlock, account: PrepaidAccount[Decimal], on: date, hours: Decimal, why: str
) -> BlockUse:
    drawn = draw(account, on, hours, why)
    billing = _overrun(terms, drawn.short, on) if drawn.short else Billing()
    return BlockUse(drawn.account, drawn.covered, drawn.short, billing)


def last_day(bought_on: date, days: int | None) -> date | None:
    return None if days is None else bought_on + timedelta(days=days)


def _overrun(terms: HourBlock, over: Decimal, on: date) -> Billing:
    rate = terms.overage_rate or terms.rate
    why = f"{over} h until {on} that no block covers"
    if terms.overrun is Overrun.BILLED:
        return Billing((priced("Hours beyond the block", over, rate, why),))
    problem = Problem(
        "block_overrun",
        why,
        "pmo",
        "Have the client order another block, or agree to an overage rate, then replay.",
        "hours",
    )
    return Billing(held=(Held("Hours beyond the block", share(rate, over), problem),))
