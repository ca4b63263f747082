"""Rating in bulk: columns of whole numbers instead of objects, with the same result to the cent.

Amounts are whole minor units and hours whole millionths of an hour, so every sum is exact. What
`RateBook.resolve`, `pricing.whole` and `capped.within_caps` say of an entry, this says too;
reasons and trails are not made for each entry, `BatchRater.explain` makes them for one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import floor

from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.terms import RoundingGrain, TimeRounding
from isthmus.kit.money import Money, minor_units
from isthmus.rules.rating.book import RateBook
from isthmus.rules.rating.columns import HOUR, Entries, HeldCode, RatedColumns, in_parts
from isthmus.rules.rating.query import Override, RateQuery
from isthmus.rules.rating.result import Rated, Unrated
from isthmus.rules.rating.timeline import Match, Price, Timeline
from isthmus.rules.refusal import Unusable, refuse_unless
from isthmus.rules.time.rounding import rounded_hours


@dataclass(frozen=True, slots=True)
class WorkKind:
    """What entries that are priced alike have in common: everything but day, hours and id."""

    query: RateQuery
    contract: str | None
    rounding: TimeRounding | None

    @classmethod
    def of(
        cls, query: RateQuery, contract: str | None = None, rounding: TimeRounding | None = None
    ) -> WorkKind:
        """The day and the override of the query are those of one entry, and left out."""
        return cls(query.on(date.min), contract, rounding)

    def on(self, ordinal: int, override: Override | None = None) -> RateQuery:
        return self.query.on(date.fromordinal(ordinal), override)


@dataclass(frozen=True, slots=True)
class Allowance:
    """A contract's not-to-exceed amount and what other work has used of it."""

    cap: Money
    consumed: Money


@dataclass(slots=True)
class _Room:
    """What is left of an allowance; `stopped` once an entry did not fit."""

    currency: str
    left: int
    stopped: bool = False
    last: tuple[int, str] = (0, "")


@dataclass(frozen=True, slots=True)
class _Cell:
    """What a stretch of days says, ready for multiplication.

    `twice` and `divisor` are double the price of a part of an hour in minor units, as a reduced
    fraction: adding `half` before dividing rounds half up. `flat` is a price for any hours.
    """

    code: HeldCode | None
    price: Price | None = None
    twice: int = 0
    divisor: int = 1
    half: int = 0
    flat: int | None = None


class _Billed(dict[int, int]):
    """Billed hours by worked hours under one rounding, worked out once each."""

    def __init__(self, rounding: TimeRounding | None) -> None:
        super().__init__()
        self.rounding = rounding

    def __missing__(self, worked: int) -> int:
        billed = rounded_hours(Decimal(worked).scaleb(-6), self.rounding)
        self[worked] = found = in_parts(billed)
        return found


_Lane = tuple[Sequence[int], Sequence[_Cell], _Billed, _Room | None]


class BatchRater:
    """Rates chunk after chunk; caps go on from one chunk to the next."""

    def __init__(self, book: RateBook, allowances: Mapping[str, Allowance] | None = None) -> None:
        """`allowances` are by contract; a contract without one has no cap."""
        self._book = book
        self._rooms = {id: _room(allowance) for id, allowance in (allowances or {}).items()}
        self._numbers: dict[WorkKind, int] = {}
        self._works: list[WorkKind] = []
        self._lanes: list[_Lane] = []
        self._merged: dict[tuple[int, ...], tuple[Sequence[int], Sequence[_Cell]]] = {}
        self._increments: dict[TimeRounding | None, _Billed] = {}

    def enter(self, work: WorkKind) -> int:
        """The number that stands for the work in `Entries.works`."""
        number = self._numbers.get(work)
        if number is None:
            lane = self._lane(work)
            number = self._numbers[work] = len(self._works)
            self._works.append(work)
            self._lanes.append(lane)
        return number

    def explain(self, work: int, day: int, override: Override | None = None) -> Rated | Unrated:
        """The rate of one entry with its trail, or the reason why there is none."""
        return self._book.resolve(self._works[work].on(day, override))

    def left(self, contract: str) -> Money:
        """What is left of a contract's allowance, whole minor units only."""
        room = self._rooms[contract]
        return Money.of(Decimal(room.left).scaleb(-minor_units(room.currency)), room.currency)

    def rate(self, entries: Entries) -> RatedColumns:
        """Work under a cap must come by day and then by id, through all chunks: the cap is spent
        on the earliest work. Raises `Unusable` where it does not.
        """
        # One loop without calls: a call per entry would cost as much as the arithmetic does.
        amounts: list[int | None] = []
        hours: list[int] = []
        prices: list[Price | None] = []
        held: dict[int, HeldCode] = {}
        lanes, overrides = self._lanes, entries.overrides
        columns = zip(entries.works, entries.days, entries.hours, strict=True)
        for place, (work, day, worked) in enumerate(columns):
            starts, cells, increments, room = lanes[work]
            cell = cells[bisect_right(starts, day)]
            if place in overrides:
                cell = self._overridden(work, day, overrides[place])
            billed = increments[worked]
            hours.append(billed)
            prices.append(cell.price)
            if cell.code is not None:
                held[place] = cell.code
                amounts.append(None)
                continue
            if cell.flat is not None:
                amount = cell.flat if billed >= 0 else -cell.flat
            elif (doubled := cell.twice * billed) >= 0:
                amount = (doubled + cell.half) // cell.divisor
            else:
                amount = -((cell.half - doubled) // cell.divisor)
            if room is not None and not _fits(room, billed, amount, day, entries.ids[place]):
                held[place] = "cap_exceeded"
                amounts.append(None)
                continue
            amounts.append(amount)
        return RatedColumns(amounts, hours, prices, held)

    def _overridden(self, work: int, day: int, override: Override) -> _Cell:
        found = self.explain(work, day, override)
        if isinstance(found, Unrated):
            return _Cell(found.code)
        price = Price(
            found.source_id, found.source_label, found.rate, found.effective_from, None, found.unit
        )
        return _priced(price)

    def _lane(self, work: WorkKind) -> _Lane:
        timelines = self._book.timelines(work.query)
        known = tuple(id(timeline) for timeline in timelines)
        if known not in self._merged:
            self._merged[known] = _merge(timelines)
        starts, cells = self._merged[known]
        room = self._rooms.get(work.contract or "")
        refuse_unless(
            room is None or room.currency == work.query.currency,
            "cap",
            f"The cap of contract {work.contract} is not in {work.query.currency}, "
            "the currency of its work.",
            "Set the cap in the currency of the contract.",
        )
        rounding = work.rounding
        refuse_unless(
            rounding is None or rounding.grain is RoundingGrain.ENTRY,
            "rounding",
            f"Hours of contract {work.contract} are rounded by {rounding and rounding.grain}, and "
            "a batch sees one entry at a time.",
            "Rate them with `isthmus.rules.time.pricing`.",
        )
        increments = self._increments.setdefault(rounding, _Billed(rounding))
        return starts, cells, increments, room


def _fits(room: _Room, billed: int, amount: int, day: int, id: str) -> bool:
    """Takes the amount from what is left. The first that does not fit stops those after it; a
    correction below zero is never held, and gives room.
    """
    if (day, id) < room.last:
        raise Unusable(
            "entries",
            f"Entry {id} of {date.fromordinal(day)} comes after {room.last[1]} of "
            f"{date.fromordinal(room.last[0])}, and a cap is spent on the earliest work.",
            "Sort the entries by day of work and id.",
        )
    room.last = day, id
    if billed >= 0 and amount >= 0 and (room.stopped or amount > room.left):
        room.stopped = True
        return False
    room.left -= amount
    return True


def _room(allowance: Allowance) -> _Room:
    """Parts of a minor unit that are left fit no amount, so they are not counted."""
    left = allowance.cap - allowance.consumed
    exact = Fraction(left.amount) * 10 ** minor_units(left.currency)
    return _Room(left.currency, floor(exact))


def _merge(timelines: Sequence[Timeline]) -> tuple[Sequence[int], Sequence[_Cell]]:
    """One line of stretches, in each the cell of the first timeline that has one."""
    days = sorted({start for timeline in timelines for start in timeline.starts})
    gap = _Cell("rate_outdated" if timelines else "rate_missing")
    cells = [gap]
    for day in days:
        match = next((found for timeline in timelines if (found := timeline.on(day))), None)
        cells.append(_cell(match) if match else gap)
    return days, cells


def _cell(match: Match) -> _Cell:
    if len(match.prices) > 1:
        return _Cell("rate_ambiguous")
    return _priced(match.prices[0])


def _priced(price: Price) -> _Cell:
    """Exact for a rate of any fineness: the price of a part is a fraction, not a rounded number."""
    if price.unit is RateUnit.DAY:
        return _Cell("rate_unit", price)
    units = 10 ** minor_units(price.rate.currency)
    if price.unit is RateUnit.ENTRY:
        return _Cell(None, price, flat=int(price.rate.rounded().amount * units))
    part = Fraction(price.rate.amount) * units / HOUR
    return _Cell(None, price, 2 * part.numerator, 2 * part.denominator, part.denominator)
