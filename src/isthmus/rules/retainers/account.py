"""An account of something paid for in advance: money, or hours. It is only ever added to.

What is bought is a lot; what is drawn, expires or is refunded comes out of named lots, so that a
statement shows whose hours were used and a journal at which price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from typing import Generic, TypeVar

from isthmus.canonical.terms import DrawOrder
from isthmus.kit.money import Money
from isthmus.rules.refusal import refuse_unless

Amount = TypeVar("Amount", Money, Decimal)
Part = TypeVar("Part")


class MovementKind(StrEnum):
    BOUGHT = "bought"
    DRAWN = "drawn"
    EXPIRED = "expired"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class Movement(Generic[Amount]):
    """`amount` is positive whatever the kind; `lot` is counted from 1, 0 is the opening balance."""

    on: date
    kind: MovementKind
    amount: Amount
    lot: int
    why: str

    @property
    def signed(self) -> Amount:
        return self.amount if self.kind is MovementKind.BOUGHT else -self.amount


@dataclass(frozen=True, slots=True)
class Lot(Generic[Amount]):
    """`expires_on` is the last day on which it can be used."""

    number: int
    bought_on: date
    left: Amount
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class StatementLine(Generic[Amount]):
    movement: Movement[Amount]
    balance: Amount


@dataclass(frozen=True, slots=True)
class PrepaidAccount(Generic[Amount]):
    opening: Amount
    lots: tuple[Lot[Amount], ...]
    movements: tuple[Movement[Amount], ...] = ()
    order: DrawOrder = DrawOrder.EXPIRING_FIRST

    @property
    def balance(self) -> Amount:
        return _total((lot.left for lot in self.lots), self.opening)

    def total(self, kind: MovementKind) -> Amount:
        return _total((m.amount for m in self.movements if m.kind is kind), self.opening)

    def statement(self) -> tuple[StatementLine[Amount], ...]:
        """The balance after every movement, worked out from the opening balance alone."""
        balance, lines = self.opening, []
        for movement in self.movements:
            balance = balance + movement.signed
            lines.append(StatementLine(movement, balance))
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class Drawn(Generic[Amount]):
    """`covered` came out of the account, `short` did not fit."""

    account: PrepaidAccount[Amount]
    covered: Amount
    short: Amount


def opened(
    on: date, opening: Amount, order: DrawOrder = DrawOrder.EXPIRING_FIRST
) -> PrepaidAccount[Amount]:
    """An account with what was in it before, zero for a new one. The opening does not expire."""
    _not_below_zero("opening", opening)
    return PrepaidAccount(opening, (Lot(0, on, opening),), (), order)


def buy(
    account: PrepaidAccount[Amount], on: date, amount: Amount, expires_on: date | None, why: str
) -> PrepaidAccount[Amount]:
    _not_below_zero("amount", amount)
    before = expire_due(account, on)
    number = before.lots[-1].number + 1
    lots = _added(before.lots, Lot(number, on, amount - amount, expires_on))
    bought = Movement(on, MovementKind.BOUGHT, amount, number, why)
    return _moved(replace(before, lots=lots), bought)


def draw(account: PrepaidAccount[Amount], on: date, wanted: Amount, why: str) -> Drawn[Amount]:
    """As much as there is, lot by lot in the account's order; what has lapsed by then expires."""
    return _take(expire_due(account, on), on, wanted, MovementKind.DRAWN, why)


def refund(account: PrepaidAccount[Amount], on: date, wanted: Amount, why: str) -> Drawn[Amount]:
    """As `draw`, paid back instead of used."""
    return _take(expire_due(account, on), on, wanted, MovementKind.REFUNDED, why)


def expire(
    account: PrepaidAccount[Amount], on: date, lot: int, amount: Amount, why: str
) -> PrepaidAccount[Amount]:
    """What is left of a lot, or a part of it, lapses without being used."""
    if not amount:
        return account
    return _moved(account, Movement(on, MovementKind.EXPIRED, amount, lot, why))


def expire_due(account: PrepaidAccount[Amount], on: date) -> PrepaidAccount[Amount]:
    """Every lot whose last day is over lapses, on the day after it."""
    for lot in sorted(account.lots, key=_expiring):
        if lot.expires_on is not None and lot.expires_on < on:
            why = f"bought on {lot.bought_on}, to be used by {lot.expires_on}"
            lapsed_on = lot.expires_on + timedelta(days=1)
            account = expire(account, lapsed_on, lot.number, lot.left, why)
    return account


def _take(
    account: PrepaidAccount[Amount], on: date, wanted: Amount, kind: MovementKind, why: str
) -> Drawn[Amount]:
    _not_below_zero("amount", wanted)
    short = wanted
    for lot in sorted(account.lots, key=_ORDERS[account.order]):
        used = min(lot.left, short)
        if used:
            account = _moved(account, Movement(on, kind, used, lot.number, why))
            short = short - used
    return Drawn(account, wanted - short, short)


def _moved(account: PrepaidAccount[Amount], movement: Movement[Amount]) -> PrepaidAccount[Amount]:
    earlier = account.movements[-1].on if account.movements else account.lots[0].bought_on
    refuse_unless(
        earlier <= movement.on,
        "on",
        f"A movement of {movement.on} comes after one of {earlier}; a statement is only added to.",
        "Post it on the day it became known.",
    )
    lots = tuple(
        replace(lot, left=lot.left + movement.signed) if lot.number == movement.lot else lot
        for lot in account.lots
    )
    return replace(account, lots=lots, movements=_added(account.movements, movement))


def _added(earlier: tuple[Part, ...], part: Part) -> tuple[Part, ...]:
    return (*earlier, part)


def _total(amounts: Iterable[Amount], like: Amount) -> Amount:
    return reduce(lambda one, other: one + other, amounts, like - like)


def _not_below_zero(field: str, amount: Amount) -> None:
    refuse_unless(
        amount - amount <= amount,
        field,
        f"{amount} is below zero.",
        "Take back a purchase by a refund, and a draw by a credit memo and a new purchase.",
    )


def _expiring(lot: Lot[Amount]) -> tuple[date, int]:
    return lot.expires_on or date.max, lot.number


def _oldest(lot: Lot[Amount]) -> tuple[date, int]:
    return lot.bought_on, lot.number


def _newest(lot: Lot[Amount]) -> tuple[date, int]:
    return date.fromordinal(date.max.toordinal() - lot.bought_on.toordinal()), -lot.number


_ORDERS: dict[DrawOrder, Callable[..., tuple[date, int]]] = {
    DrawOrder.EXPIRING_FIRST: _expiring,
    DrawOrder.OLDEST_FIRST: _oldest,
    DrawOrder.CURRENT_FIRST: _newest,
}
