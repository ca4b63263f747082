"""An evergreen deposit: drawn for work, and topped up when it falls below a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from isthmus.canonical.terms import Deposit
from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump
from isthmus.rules.retainers.account import PrepaidAccount, buy, draw


@dataclass(frozen=True, slots=True)
class DepositDraw:
    """`balance` is after the draw and before the replenishment, `account` after both."""

    account: PrepaidAccount[Money]
    drawn: Money
    due: Money
    balance: Money
    replenishment: Charge | None


def draw_deposit(
    terms: Deposit, account: PrepaidAccount[Money], on: date, amount: Money, why: str
) -> DepositDraw:
    """Exactly at the threshold nothing is asked for. The replenishment counts when it is invoiced,
    as the first deposit does; what exceeds the deposit is due at once and not part of it.
    """
    drawn = draw(account, on, amount, why)
    balance = drawn.account.balance
    charge = _replenishment(terms, balance)
    after = drawn.account
    if charge is not None:
        after = buy(after, on, charge.amount, None, charge.why)
    return DepositDraw(after, drawn.covered, drawn.short, balance, charge)


def _replenishment(terms: Deposit, balance: Money) -> Charge | None:
    if terms.threshold <= balance:
        return None
    why = f"{balance} is below {terms.threshold}"
    return lump("Replenishment of the deposit", terms.amount - balance, why)
