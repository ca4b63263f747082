"""An amount in a foreign currency, carried in the books at a rate, and settled at another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.fx import converted
from isthmus.rules.journal import Account, Entry, Line, entry
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import Number, share


@dataclass(frozen=True, slots=True)
class Carried:
    """An amount in its own currency and what the books carry it at."""

    foreign: Money
    carried: Money

    @classmethod
    def at(cls, foreign: Money, rate: Number, currency: str) -> Carried:
        return cls(foreign, converted(foreign, rate, currency))

    def part(self, foreign: Money) -> Carried:
        """All of it takes what is carried whole, so no cent is left behind."""
        if foreign == self.foreign:
            return self
        ratio = Fraction(foreign.amount) / Fraction(self.foreign.amount)
        return Carried(foreign, share(self.carried, ratio))

    def less(self, part: Carried) -> Carried:
        return Carried(self.foreign - part.foreign, self.carried - part.carried)


@dataclass(frozen=True, slots=True)
class Paid:
    """`gain` is negative for a loss; `left` is the receivable afterwards."""

    cash: Money
    gain: Money
    left: Carried
    entry: Entry


def pay(receivable: Carried, amount: Money, on: date, rate: Number) -> Paid:
    """Cash at the rate of the payment; the receivable leaves at the rate of the invoice (IAS
    21.28). `rate` is in units of the books for one unit paid.
    """
    refuse_unless(
        Money.zero(amount.currency) < amount <= receivable.foreign,
        "amount",
        f"{amount} is paid on an invoice of which {receivable.foreign} is open.",
        "Book what exceeds the invoice as an advance of the client.",
    )
    closed = receivable.part(amount)
    cash = converted(amount, rate, receivable.carried.currency)
    gain = cash - closed.carried
    posted = entry(
        on,
        [
            Line(Account.CASH, cash),
            Line(Account.RECEIVABLE, -closed.carried),
            Line(Account.FX_GAIN, -gain),
        ],
    )
    return Paid(cash, gain, receivable.less(closed), posted)
