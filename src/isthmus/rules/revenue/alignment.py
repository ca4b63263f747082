"""From revenue to date to what is still to be booked, and our figures against the ledger's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from isthmus.kit.money import Money, step_of
from isthmus.rules.journal import Account, Entry, Line, entry
from isthmus.rules.revenue.position import Movement, Unbilled, roll_forward


@dataclass(frozen=True, slots=True)
class Difference:
    period: str
    ours: Money
    theirs: Money

    @property
    def amount(self) -> Money:
        """Positive: the ledger recognised too little."""
        return self.ours - self.theirs


def differences(
    ours: Mapping[str, Money], theirs: Mapping[str, Money], currency: str
) -> tuple[Difference, ...]:
    """Periods in which the two are more than one minor unit apart; absent is zero.

    One minor unit is what another rounding of the same schedule may move between two periods.
    """
    zero = Money.zero(currency)
    both = [
        Difference(period, ours.get(period, zero), theirs.get(period, zero))
        for period in dict.fromkeys([*ours, *theirs])
    ]
    return tuple(d for d in both if abs(d.amount.amount) > step_of(currency))


def entry_due(
    on: date,
    currency: str,
    movements: Iterable[Movement],
    posted: Iterable[Line],
    unbilled: Unbilled = Unbilled.CONTRACT_ASSET,
) -> Entry:
    """What the books still lack on a day: the balances that the roll-forward leaves, less what was
    posted for the contract before. Empty when nothing moved.

    The ledger's own invoices debit the receivable. Their lines are to credit the contract
    liability (deferred revenue), not revenue, and are the other side of that debit: so the
    receivable is left out here and the contract liability takes back what invoices put there.
    """
    rolled = roll_forward(currency, (m for m in movements if m.on <= on), unbilled)
    balances: dict[Account, Money] = {}
    for line in (line for each in rolled.entries for line in each.lines):
        account = line.account
        if account is Account.RECEIVABLE:
            account = Account.CONTRACT_LIABILITY
        _add(balances, account, line.amount)
    for line in posted:
        _add(balances, line.account, -line.amount)
    return entry(on, (Line(account, amount) for account, amount in balances.items()))


def _add(balances: dict[Account, Money], account: Account, amount: Money) -> None:
    balances[account] = balances.get(account, Money.zero(amount.currency)) + amount
