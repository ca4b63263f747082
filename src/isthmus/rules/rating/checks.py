"""What is wrong with a price list, found before any hour is rated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import pairwise

from isthmus.canonical import RateCard
from isthmus.rules.problems import Problem
from isthmus.rules.rating.book import bill_prices
from isthmus.rules.rating.scopes import DEFAULT_SCOPES, Dimension, Scope
from isthmus.rules.rating.timeline import Overlap, Price, Timeline

_DAY = timedelta(days=1)
_Thing = tuple[Scope, tuple[tuple[Dimension, str], ...], str]
"""What a price is for: scope, dimensions, currency."""


def check_book(
    cards: Iterable[RateCard],
    scopes: tuple[Scope, ...] = DEFAULT_SCOPES,
    overlap: Overlap = Overlap.REFUSE,
) -> tuple[Problem, ...]:
    """Every overlap, every gap between dated prices, every card that no entry can meet.

    The same for the cards in any order. Codes: `rate_overlap` (one per pair), `rate_gap`,
    `rate_unreachable`. Days before the first price and after the last are no gap: whether work
    was done then, nobody knows before it is rated.
    """
    things: dict[_Thing, list[Price]] = defaultdict(list)
    for scope, dimensions, price in bill_prices(cards):
        things[scope, tuple(dimensions.items()), price.rate.currency].append(price)
    found: list[Problem] = []
    for thing in sorted(things):
        found += _of_thing(thing, things[thing], scopes, overlap)
    return tuple(found)


def _of_thing(
    thing: _Thing, prices: list[Price], scopes: tuple[Scope, ...], overlap: Overlap
) -> Iterator[Problem]:
    scope = thing[0]
    timeline = Timeline.of(scope, prices, overlap)
    if scope not in scopes:
        yield from (_not_asked(scope, price) for price in timeline.prices)
        return
    yield from _backwards(timeline)
    yield from _overlaps(thing, timeline, overlap)
    yield from _gaps(thing, timeline)


def _not_asked(scope: Scope, price: Price) -> Problem:
    return Problem(
        "rate_unreachable",
        f"{price.label} is of the scope {scope.value}, which the order of scopes leaves out",
        "finance",
        f"Add {scope.value} to rate_scopes, or end {price.label} in the PSA.",
    )


def _backwards(timeline: Timeline) -> Iterator[Problem]:
    for price in timeline.prices:
        if price.last < price.first:
            yield Problem(
                "rate_unreachable",
                f"{price.label} ends on {price.ends_on}, before it starts on {price.starts_on}",
                "finance",
                f"Correct the dates of {price.label} in the PSA.",
                "effective_to",
            )


def _overlaps(thing: _Thing, timeline: Timeline, overlap: Overlap) -> Iterator[Problem]:
    valid = [price for price in timeline.prices if price.first <= price.last]
    for index, earlier in enumerate(valid):
        for later in valid[index + 1 :]:
            if later.first > earlier.last:
                break
            if overlap is Overlap.REFUSE or later.first == earlier.first:
                yield _overlap(thing, earlier, later)


def _overlap(thing: _Thing, earlier: Price, later: Price) -> Problem:
    last = min(earlier.last, later.last)
    until = f"to {date.fromordinal(last)}" if last < date.max.toordinal() else "on"
    if earlier.first < later.first:
        fix = f"End {earlier.label} on {date.fromordinal(later.first - 1)}, or withdraw one of them"
    else:
        fix = f"Withdraw {earlier.label} or {later.label}"
    return Problem(
        "rate_overlap",
        f"{earlier.label} and {later.label} of the {thing[0].label} both price {_what(thing)} "
        f"from {later.starts_on} {until}",
        "finance",
        f"{fix}, in the PSA.",
        "effective_to",
    )


def _gaps(thing: _Thing, timeline: Timeline) -> Iterator[Problem]:
    stretches = zip(pairwise(timeline.starts), timeline.cells[1:], strict=False)
    for (first, after), match in stretches:
        if match is None:
            before = next(p for p in timeline.prices if p.last == first - 1)
            behind = next(p for p in timeline.prices if p.first == after)
            yield Problem(
                "rate_gap",
                f"nothing in the {thing[0].label} prices {_what(thing)} from "
                f"{date.fromordinal(first)} to {date.fromordinal(after) - _DAY}: "
                f"{before.label} ends, and {behind.label} starts later",
                "finance",
                f"Extend {before.label} or start {behind.label} earlier, in the PSA, if work is "
                "to be billed on these days.",
                "effective_to",
            )


def _what(thing: _Thing) -> str:
    dimensions = dict(thing[1])
    anybody = "the same person" if "resource" in dimensions else "every role"
    return f"{dimensions.get('role', anybody)} in {thing[2]}"
