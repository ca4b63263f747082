"""Contracts in a currency that is not the company's own. Rates are passed in, with their dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from isthmus.kit.money import Money
from isthmus.rules.exchange_difference import Carried
from isthmus.rules.fx import converted
from isthmus.rules.journal import Account, Entry, Line, entry
from isthmus.rules.refusal import Unusable
from isthmus.rules.rounding import movements


class ContractAssetRate(StrEnum):
    """Whether unbilled work moves with the rate (IAS 21.16; a judgement)."""

    MONETARY = "monetary"
    """Default: it is a right to a number of currency units, so it is re-measured (IAS 21.23)."""
    HISTORICAL = "historical"
    """Kept at the rate of recognition until it is invoiced."""


@dataclass(frozen=True, slots=True)
class Advance:
    amount: Money
    rate: Decimal
    """Of the day it was received."""


def earned_from_advances(
    advances: Sequence[Advance], earned: Iterable[Money], currency: str
) -> tuple[Money, ...]:
    """An advance is not re-measured: it becomes revenue at the rate of its receipt (IFRIC 22.8).

    Of several advances the oldest is earned first; IFRIC 22.9 gives each its own rate and leaves
    the order open.
    """
    to_date: list[Money] = []
    running: Money | None = None
    for amount in earned:
        running = amount if running is None else running + amount
        to_date.append(_drawn(advances, running, currency))
    return movements(to_date)


def _drawn(advances: Sequence[Advance], earned: Money, currency: str) -> Money:
    """A used-up advance gives what it was booked at, so no cent stays in the liability."""
    left, value = earned, Money.zero(currency)
    for advance in advances:
        used = min(left, advance.amount)
        value += converted(used, advance.rate, currency)
        left -= used
    if left:
        raise Unusable(
            "earned",
            f"{earned} is earned, {left} more than was advanced.",
            "Book the part beyond the advances as unbilled, at the rate of the day.",
        )
    return value


@dataclass(frozen=True, slots=True)
class Remeasured:
    asset: Carried
    gain: Money
    entry: Entry


def remeasure(
    asset: Carried,
    on: date,
    rate: Decimal,
    treatment: ContractAssetRate = ContractAssetRate.MONETARY,
) -> Remeasured:
    currency = asset.carried.currency
    historical = treatment is ContractAssetRate.HISTORICAL
    worth = asset.carried if historical else converted(asset.foreign, rate, currency)
    gain = worth - asset.carried
    posted = entry(on, [Line(Account.CONTRACT_ASSET, gain), Line(Account.FX_GAIN, -gain)])
    return Remeasured(Carried(asset.foreign, worth), gain, posted)


def recognise(foreign: Money, on: date, rate: Decimal, currency: str) -> tuple[Carried, Entry]:
    asset = Carried.at(foreign, rate, currency)
    lines = [Line(Account.CONTRACT_ASSET, asset.carried), Line(Account.REVENUE, -asset.carried)]
    return asset, entry(on, lines)


def invoiced(asset: Carried, on: date, rate: Decimal) -> Remeasured:
    """The receivable starts at the rate of the invoice; the difference is a gain or a loss."""
    worth = converted(asset.foreign, rate, asset.carried.currency)
    gain = worth - asset.carried
    posted = entry(on, _invoice_lines(asset, worth, gain))
    return Remeasured(Carried(asset.foreign, worth), gain, posted)


def _invoice_lines(asset: Carried, worth: Money, gain: Money) -> Iterator[Line]:
    yield Line(Account.RECEIVABLE, worth)
    yield Line(Account.CONTRACT_ASSET, -asset.carried)
    yield Line(Account.FX_GAIN, -gain)
