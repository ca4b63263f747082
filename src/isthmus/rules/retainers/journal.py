"""Entries of an account paid in advance: a liability until it is drawn, lapses or goes back.

IFRS 15.106 and B44: an advance is a contract liability. Money that pays an invoice settles the
receivable of that invoice, whose revenue and tax were booked with it; hours are earned as they are
worked. What lapses is revenue then (B46: when further use is remote); a firm that estimates
breakage earlier uses `isthmus.rules.revenue.breakage`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from isthmus.kit.money import Money
from isthmus.rules.journal import Account, Entry, Line, entry
from isthmus.rules.retainers.account import Movement, MovementKind, PrepaidAccount
from isthmus.rules.rounding import share

_AGAINST = {
    MovementKind.BOUGHT: Account.RECEIVABLE,
    MovementKind.EXPIRED: Account.REVENUE,
    MovementKind.REFUNDED: Account.CASH,
}


def money_entries(account: PrepaidAccount[Money]) -> tuple[Entry, ...]:
    """One entry per movement."""
    values = ((m, m.amount) for m in account.movements)
    return tuple(_entries(values, Account.RECEIVABLE))


def hour_entries(
    account: PrepaidAccount[Decimal], prices: Mapping[int, Money]
) -> tuple[Entry, ...]:
    """Hours at what their lot cost. Rounding is of the running total of a lot, so that its price
    is earned to the cent when its hours are gone. `prices`: what was paid, by lot.
    """
    return tuple(_entries(_valued(account.movements, prices), Account.REVENUE))


def _valued(
    movements: Iterable[Movement[Decimal]], prices: Mapping[int, Money]
) -> Iterator[tuple[Movement[Decimal], Money]]:
    bought: dict[int, Decimal] = {}
    used: dict[int, Decimal] = {}
    for movement in movements:
        lot, price = movement.lot, prices[movement.lot]
        if movement.kind is MovementKind.BOUGHT:
            bought[lot], used[lot] = movement.amount, Decimal(0)
            yield movement, price
        else:
            before, used[lot] = used[lot], used[lot] + movement.amount
            yield (
                movement,
                _value(price, bought[lot], used[lot]) - _value(price, bought[lot], before),
            )


def _value(price: Money, bought: Decimal, used: Decimal) -> Money:
    return share(price, Fraction(used) / Fraction(bought))


def _entries(
    values: Iterable[tuple[Movement[Money] | Movement[Decimal], Money]], drawn: Account
) -> Iterator[Entry]:
    for movement, value in values:
        amount = value if movement.kind is MovementKind.BOUGHT else -value
        against = _AGAINST.get(movement.kind, drawn)
        lines = (Line(against, amount), Line(Account.CONTRACT_LIABILITY, -amount))
        yield entry(movement.on, lines)
