"""Contract asset, contract liability, receivable: rolled forward with an entry per movement.

A contract shows one net position (IFRS 15.105, ASC 606-10-45-1): more earned than invoiced is an
asset, less is a liability. Invoices that the customer owes are receivables beside it (15.108).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from itertools import accumulate

from isthmus.kit.money import Money
from isthmus.rules.journal import Account, Entry, Line, entry


class Unbilled(StrEnum):
    """What revenue before its invoice is called."""

    CONTRACT_ASSET = "contract_asset"
    """Default: the right still depends on more than time (IFRS 15.107)."""
    RECEIVABLE = "unbilled_receivable"
    """Only time has to pass, as with hours under a right to invoice (15.108)."""


class Right(StrEnum):
    """Whether the customer owes an invoice when it falls due (IFRS 15 Example 38)."""

    UNCONDITIONAL = "unconditional"
    CANCELLABLE = "cancellable"
    """The invoice is no receivable; what the customer pays is a contract liability."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Something that happened to a contract on a day. Absent amounts are zero.

    `refundable` is the part of what was billed that is expected to go back. A negative `billed`
    is a credit memo, a negative `received` cash paid out; money that goes back after an invoice
    needs both.
    """

    on: date
    earned: Money | None = None
    billed: Money | None = None
    received: Money | None = None
    refundable: Money | None = None
    right: Right = Right.UNCONDITIONAL
    recorded_on: date | None = None


@dataclass(frozen=True, slots=True)
class Balances:
    on: date
    position: Money
    """Positive: an asset. Negative: a liability."""
    receivable: Money
    refund_liability: Money
    advances: Money
    """Cash beyond what was invoiced; in the position. The next invoice is paid from it."""

    @property
    def unbilled(self) -> Money:
        return max(self.position, Money.zero(self.position.currency))

    @property
    def contract_liability(self) -> Money:
        return max(-self.position, Money.zero(self.position.currency))


@dataclass(frozen=True, slots=True)
class RollForward:
    balances: tuple[Balances, ...]
    """After each movement, by effective date."""
    entries: tuple[Entry, ...]
    late: tuple[Movement, ...] = field(default=())
    """Recorded after a movement with a later effective date: told, never re-ordered away."""

    def at(self, day: date) -> Balances | None:
        known = [balances for balances in self.balances if balances.on <= day]
        return known[-1] if known else None


def roll_forward(
    currency: str,
    movements: Iterable[Movement],
    unbilled: Unbilled = Unbilled.CONTRACT_ASSET,
) -> RollForward:
    """The order of arrival changes nothing: effective dates decide."""
    ordered = sorted(movements, key=lambda m: (m.on, m.recorded_on or m.on))
    zero = Money.zero(currency)
    before = Balances(date.min, zero, zero, zero, zero)
    balances: list[Balances] = []
    entries: list[Entry] = []
    for movement in ordered:
        after = _after(before, movement)
        posted = entry(movement.on, _lines(before, after, movement, Account(unbilled.value)))
        if posted.lines:
            entries.append(posted)
        balances.append(after)
        before = after
    return RollForward(tuple(balances), tuple(entries), tuple(_late(ordered)))


def _after(before: Balances, movement: Movement) -> Balances:
    zero = Money.zero(before.position.currency)
    billed = _billed(movement, zero)
    refundable = movement.refundable or zero
    owed = before.receivable - before.advances + billed - (movement.received or zero)
    advances = max(-owed, zero)
    earned = (movement.earned or zero) - (billed - refundable)
    return Balances(
        movement.on,
        before.position + earned - (advances - before.advances),
        max(owed, zero),
        before.refund_liability + refundable,
        advances,
    )


def _billed(movement: Movement, zero: Money) -> Money:
    return zero if movement.right is Right.CANCELLABLE else movement.billed or zero


def _lines(before: Balances, after: Balances, movement: Movement, asset: Account) -> Iterator[Line]:
    zero = Money.zero(after.position.currency)
    yield Line(Account.CASH, movement.received or zero)
    yield Line(Account.RECEIVABLE, after.receivable - before.receivable)
    yield Line(asset, after.unbilled - before.unbilled)
    yield Line(Account.CONTRACT_LIABILITY, before.contract_liability - after.contract_liability)
    yield Line(Account.REFUND_LIABILITY, before.refund_liability - after.refund_liability)
    yield Line(Account.REVENUE, -(movement.earned or zero))


def _late(ordered: list[Movement]) -> Iterator[Movement]:
    """By effective date: those that someone recorded after a later one."""
    earliest = list(accumulate((m.recorded_on or m.on for m in reversed(ordered)), min))[::-1]
    for movement, recorded in zip(ordered, earliest[1:], strict=False):
        if recorded < (movement.recorded_on or movement.on):
            yield movement
