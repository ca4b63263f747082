"""A retainer of hours: a fee per period, hours that roll over, and the hours beyond them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from isthmus.canonical.terms import HourRetainer
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump, priced, total
from isthmus.rules.retainers.account import (
    MovementKind,
    PrepaidAccount,
    buy,
    draw,
    expire,
    opened,
)

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Used:
    """Hours worked in one period of the retainer; both days are in it."""

    starts_on: date
    ends_on: date
    hours: Decimal


@dataclass(frozen=True, slots=True)
class RetainerPeriod:
    """Hours that came in, covered the work, and are left for the next period."""

    used: Used
    rollover_in: Decimal
    covered: Decimal
    from_rollover: Decimal
    expired: Decimal
    rollover_out: Decimal
    overage_hours: Decimal
    charges: tuple[Charge, ...]

    @property
    def invoice(self) -> Money:
        return total(self.charges, self.charges[0].amount.currency)


@dataclass(frozen=True, slots=True)
class RetainerHours:
    """`prices`: what was paid for the hours of each lot, for the journal."""

    periods: tuple[RetainerPeriod, ...]
    account: PrepaidAccount[Decimal]
    prices: dict[int, Money]


def bill_hours(terms: HourRetainer, used: Iterable[Used]) -> RetainerHours:
    """Period by period, oldest first. Hours left at the end of a period roll over up to
    `rollover_max` and lapse after `rollover_periods` more; with none they lapse at once.
    """
    periods: list[RetainerPeriod] = []
    account: PrepaidAccount[Decimal] | None = None
    for number, period in enumerate(used, start=1):
        before = account or opened(period.starts_on, ZERO, terms.draw)
        account, billed = _bill(terms, before, period, number)
        periods.append(billed)
    if account is None:
        account = opened(date.min, ZERO, terms.draw)
    return RetainerHours(
        tuple(periods), account, dict.fromkeys(range(1, len(periods) + 1), terms.fee)
    )


def _bill(
    terms: HourRetainer, before: PrepaidAccount[Decimal], used: Used, number: int
) -> tuple[PrepaidAccount[Decimal], RetainerPeriod]:
    why = f"included from {used.starts_on} to {used.ends_on}"
    bought = buy(before, used.starts_on, terms.included_hours, None, why)
    drawn = draw(bought, used.ends_on, used.hours, f"worked until {used.ends_on}")
    new = drawn.account.movements[len(bought.movements) :]
    after = _rolled_over(terms, drawn.account, used.ends_on, number)
    return after, RetainerPeriod(
        used,
        rollover_in=before.balance,
        covered=drawn.covered,
        from_rollover=sum((m.amount for m in new if m.lot != number), ZERO),
        expired=after.total(MovementKind.EXPIRED) - before.total(MovementKind.EXPIRED),
        rollover_out=after.balance,
        overage_hours=drawn.short,
        charges=(_fee(terms, used), *_overage(terms, used, drawn.short)),
    )


def _rolled_over(
    terms: HourRetainer, account: PrepaidAccount[Decimal], on: date, number: int
) -> PrepaidAccount[Decimal]:
    for lot in account.lots:
        may_stay = lot.left
        if lot.number <= number - terms.rollover_periods:
            may_stay = ZERO
        elif lot.number == number and terms.rollover_max is not None:
            may_stay = min(lot.left, terms.rollover_max)
        account = expire(account, on, lot.number, lot.left - may_stay, "beyond the roll-over")
    return account


def _fee(terms: HourRetainer, used: Used) -> Charge:
    name = f"Retainer {used.starts_on} to {used.ends_on}"
    return lump(name, terms.fee, f"{terms.included_hours} h included")


def _overage(terms: HourRetainer, used: Used, hours: Decimal) -> tuple[Charge, ...]:
    if not hours:
        return ()
    why = f"{used.hours} h worked, {used.hours - hours} h covered"
    name = f"Hours beyond the retainer {used.starts_on} to {used.ends_on}"
    return (priced(name, hours, terms.overage_rate, why),)
