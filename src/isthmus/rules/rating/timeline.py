"""The prices of one thing over time, cut into stretches of days in which nothing changes."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money
from isthmus.rules.rating.scopes import Scope


class Overlap(StrEnum):
    """What two prices for the same thing on the same day are."""

    REFUSE = "refuse"
    """Default: an error of configuration; the work is held until one of them ends (Siebel refuses
    overlapping price list items; D365 finds no price where two lists cover a day)."""
    LATEST_STARTS = "latest_starts"
    """A new price ends the one before it (D365, dateffective_price_overrides; Harvest takes a
    rate's end from the next one's start). Two that start on the same day are still an error."""


@dataclass(frozen=True, slots=True)
class Price:
    """Both days are in it; None is without limit."""

    source_id: str
    label: str
    rate: Money
    starts_on: date | None
    ends_on: date | None
    unit: RateUnit = RateUnit.HOUR

    @property
    def first(self) -> int:
        """Proleptic Gregorian ordinal of the first day."""
        return self.starts_on.toordinal() if self.starts_on else date.min.toordinal()

    @property
    def last(self) -> int:
        return self.ends_on.toordinal() if self.ends_on else date.max.toordinal()

    def span(self) -> str:
        return f"{self.starts_on or 'any day'} to {self.ends_on or 'until revoked'}"


@dataclass(frozen=True, slots=True)
class Match:
    """The prices of one stretch of days: one, or several that contradict each other."""

    scope: Scope
    prices: tuple[Price, ...]
    shown: str

    @classmethod
    def of(cls, scope: Scope, prices: tuple[Price, ...]) -> Match:
        """Said once for all the entries of its days."""
        return cls(
            scope, prices, " and ".join(f"{price.label} at {price.rate}" for price in prices)
        )


@dataclass(frozen=True, slots=True)
class Timeline:
    """`cells[i]` holds up to the day before `starts[i]`; the last one for ever."""

    prices: tuple[Price, ...]
    starts: tuple[int, ...]
    cells: tuple[Match | None, ...]

    @classmethod
    def of(cls, scope: Scope, prices: Iterable[Price], overlap: Overlap) -> Timeline:
        """In an order of its own, so that the order of arrival never shows in a result."""
        ordered = tuple(sorted(prices, key=lambda p: (p.first, p.label, p.source_id)))
        starts, cells = _cut(scope, ordered, overlap)
        return cls(ordered, starts, cells)

    def on(self, ordinal: int) -> Match | None:
        return self.cells[bisect_right(self.starts, ordinal)]


def in_force(active: list[Price], overlap: Overlap) -> list[Price]:
    if overlap is Overlap.REFUSE or len(active) < 2:
        return active
    latest = max(price.first for price in active)
    return [price for price in active if price.first == latest]


def _cut(
    scope: Scope, ordered: tuple[Price, ...], overlap: Overlap
) -> tuple[tuple[int, ...], tuple[Match | None, ...]]:
    starting: dict[int, list[Price]] = defaultdict(list)
    days = set()
    for price in ordered:
        if price.first <= price.last:
            starting[price.first].append(price)
            days |= {price.first, price.last + 1}
    starts = tuple(sorted(days))
    cells: list[Match | None] = [None]
    active: list[Price] = []
    for day in starts:
        active = [price for price in active if price.last >= day] + starting.get(day, [])
        holding = in_force(active, overlap)
        cells.append(Match.of(scope, tuple(holding)) if holding else None)
    return starts, tuple(cells)
