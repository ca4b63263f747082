"""Every price of a firm, indexed once: by scope, by what it is for, by currency, by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from isthmus.canonical import Assignment, RateCard, Resource
from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money
from isthmus.rules.rating.explaining import (
    disagreement,
    missing,
    nothing_here,
    other_currency,
    unpriced,
    wanted,
)
from isthmus.rules.rating.query import RateQuery
from isthmus.rules.rating.result import Rated, Tried, Unrated
from isthmus.rules.rating.scopes import (
    COST_SCOPES,
    DEFAULT_SCOPES,
    LIST_SCOPES,
    Dimension,
    Scope,
    Shape,
    dimensions_of,
    narrowness,
    scope_of,
)
from isthmus.rules.rating.timeline import Match, Overlap, Price, Timeline

Key = tuple[str | None, ...]
Placed = tuple[Scope, Mapping[Dimension, str], Price]
"""A price, the scope it belongs to and what it is for, in the order of `PRIORITY`."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The prices of one scope: per shape, narrowest first, by key and then by currency."""

    scope: Scope
    shapes: tuple[tuple[Shape, Mapping[Key, Mapping[str, Timeline]]], ...]

    def at(self, query: RateQuery) -> Iterator[Mapping[str, Timeline]]:
        """What is there for the query in any currency, narrowest first."""
        for shape, keys in self.shapes:
            if found := keys.get(tuple([getattr(query, dimension) for dimension in shape])):
                yield found


MOST_ANSWERS = 100_000
"""Remembered by one book."""


@dataclass(frozen=True, slots=True, eq=False)
class RateBook:
    """The first scope in order with a price for the day decides; in it the narrowest price does.

    The day is the day of work, never that of approval or invoice. A price in another currency is
    not a price: nothing is converted.
    """

    scopes: tuple[Scope, ...]
    overlap: Overlap
    _shelves: tuple[Shelf, ...]
    _asked: Callable[[RateQuery], Any]
    """What of a query the prices look at, and what an answer is worded with."""
    _answers: dict[Any, Rated | Unrated] = field(default_factory=dict, repr=False)

    @classmethod
    def _of(cls, prices: Iterable[Placed], scopes: tuple[Scope, ...], overlap: Overlap) -> RateBook:
        shelves = _shelved(prices, scopes, overlap)
        told = {d for shelf in shelves for shape, _ in shelf.shapes for d in shape}
        asked = attrgetter("currency", "worked_on", "role", *sorted(told - {"role"}))
        return cls(scopes, overlap, shelves, asked)

    @classmethod
    def build(
        cls,
        cards: Iterable[RateCard],
        assignments: Iterable[Assignment] = (),
        scopes: tuple[Scope, ...] = DEFAULT_SCOPES,
        overlap: Overlap = Overlap.REFUSE,
    ) -> RateBook:
        """What clients pay. Assignments count only where the scopes name theirs."""
        prices = (*bill_prices(cards), *_assignment_prices(assignments))
        return cls._of(prices, scopes, overlap)

    @classmethod
    def of_costs(
        cls,
        cards: Iterable[RateCard],
        resources: Iterable[Resource] = (),
        scopes: tuple[Scope, ...] = COST_SCOPES,
        overlap: Overlap = Overlap.REFUSE,
    ) -> RateBook:
        """What an hour costs the firm. Ask in the currency of the company that employs the person.

        A dated cost of the person goes before the person's record, which has no dates.
        """
        prices = (*_card_costs(cards), *_recorded_costs(resources))
        return cls._of(prices, scopes, overlap)

    def resolve(self, query: RateQuery) -> Rated | Unrated:
        """Work that no price can tell apart has one answer; a rate of one entry is its own."""
        if query.override is not None:
            return self._resolve(query, self._shelves)
        alike = self._asked(query)
        found = self._answers.get(alike)
        if found is None:
            if len(self._answers) >= MOST_ANSWERS:
                self._answers.clear()
            found = self._answers[alike] = self._resolve(query, self._shelves)
        return found

    def standard(self, query: RateQuery) -> Rated | Unrated:
        """The firm's own price of the same work, which realisation compares the billed one with."""
        return self._resolve(query, [s for s in self._shelves if s.scope in LIST_SCOPES])

    def timelines(self, query: RateQuery) -> tuple[Timeline, ...]:
        """Every price over time that the query can meet, in the order in which they decide."""
        return tuple(
            timeline
            for shelf in self._shelves
            if shelf.shapes
            for found in shelf.at(query)
            if (timeline := found.get(query.currency))
        )

    def _resolve(self, query: RateQuery, shelves: Iterable[Shelf]) -> Rated | Unrated:
        sought = wanted(query)
        trail: list[Tried] = []
        misses: list[Price] = []
        empty: list[str] = []
        for shelf in shelves:
            overriding = shelf.scope is Scope.ENTRY_OVERRIDE and query.override is not None
            if not shelf.shapes and not overriding:
                empty.append(shelf.scope.label)
                continue
            if empty:
                trail.append(Tried(", ".join(empty), sought, "none"))
                empty.clear()
            found = _look(shelf, query, sought, trail, misses)
            if found is not None:
                return found
        if empty:
            trail.append(Tried(", ".join(empty), sought, "none"))
        return unpriced(query, misses, tuple(trail))


def bill_prices(cards: Iterable[RateCard]) -> Iterator[Placed]:
    for card in _once(cards):
        yield _placed(card, card.bill_rate, card.unit)


def _card_costs(cards: Iterable[RateCard]) -> Iterator[Placed]:
    """Per hour, whatever the unit of the card's price."""
    for card in _once(cards):
        if card.cost_rate is not None:
            yield _placed(card, card.cost_rate, RateUnit.HOUR)


def _once(cards: Iterable[RateCard]) -> Iterable[RateCard]:
    """A card that is delivered twice is one card."""
    return {card.id: card for card in cards}.values()


def _placed(card: RateCard, rate: Money, unit: RateUnit) -> Placed:
    price = Price(card.id, card.number, rate, card.effective_from, card.effective_to, unit)
    return scope_of(card), dimensions_of(card), price


def _recorded_costs(resources: Iterable[Resource]) -> Iterator[Placed]:
    for person in {person.id: person for person in resources}.values():
        if person.cost_rate is not None:
            price = Price(person.id, "the person's cost", person.cost_rate, None, None)
            yield Scope.PERSON_RECORD, {"resource": person.id}, price


def _assignment_prices(assignments: Iterable[Assignment]) -> Iterator[Placed]:
    for held in {held.id: held for held in assignments}.values():
        if held.bill_rate is not None:
            label = "the assignment's rate"
            price = Price(held.id, label, held.bill_rate, held.starts_on, held.ends_on)
            yield Scope.PERSON_ON_ASSIGNMENT, {"assignment": held.id}, price


_Shapes = dict[Shape, dict[Key, dict[str, list[Price]]]]


def _shelved(
    prices: Iterable[Placed], scopes: tuple[Scope, ...], overlap: Overlap
) -> tuple[Shelf, ...]:
    by_scope: dict[Scope, _Shapes] = {scope: {} for scope in scopes}
    for scope, dimensions, price in prices:
        if scope in by_scope:
            shape = tuple(dimensions)
            keys = by_scope[scope].setdefault(shape, defaultdict(dict))
            currencies = keys[tuple(dimensions.values())]
            currencies.setdefault(price.rate.currency, []).append(price)
    return tuple(_shelf(scope, shapes, overlap) for scope, shapes in by_scope.items())


def _shelf(scope: Scope, shapes: _Shapes, overlap: Overlap) -> Shelf:
    def over_time(currencies: dict[str, list[Price]]) -> dict[str, Timeline]:
        return {c: Timeline.of(scope, prices, overlap) for c, prices in currencies.items()}

    ordered = sorted(shapes, key=narrowness, reverse=True)
    return Shelf(
        scope,
        tuple(
            (shape, {key: over_time(found) for key, found in shapes[shape].items()})
            for shape in ordered
        ),
    )


def _look(
    shelf: Shelf, query: RateQuery, sought: str, trail: list[Tried], misses: list[Price]
) -> Rated | Unrated | None:
    if shelf.scope is Scope.ENTRY_OVERRIDE:
        return _overridden(query, sought, trail)
    here = list(shelf.at(query))
    prices: list[Price] = []
    for timelines in here:
        if timeline := timelines.get(query.currency):
            if match := timeline.on(query.worked_on.toordinal()):
                return _decided(match, query, sought, trail)
            prices.extend(timeline.prices)
    misses.extend(prices)
    others = {currency for timelines in here for currency in timelines}
    lacks = missing(query, [shape for shape, _ in shelf.shapes])
    trail.append(Tried(shelf.scope.label, sought, nothing_here(query, prices, others, lacks)))
    return None


def _decided(match: Match, query: RateQuery, sought: str, trail: list[Tried]) -> Rated | Unrated:
    steps = (*trail, Tried(match.scope.label, sought, match.shown))
    if len(match.prices) > 1:
        return Unrated("rate_ambiguous", disagreement(match, query), steps)
    [price] = match.prices
    return Rated(
        rate=price.rate,
        source_id=price.source_id,
        source_label=price.label,
        scope=match.scope.label,
        effective_from=price.starts_on,
        trail=steps,
        unit=price.unit,
    )


def _overridden(query: RateQuery, sought: str, trail: list[Tried]) -> Rated | Unrated | None:
    agreed = query.override
    if agreed is None:
        return None
    label = f"the rate agreed for the entry ({agreed.reason or 'no reason on record'})"
    if agreed.rate.currency != query.currency:
        return Unrated("rate_currency", other_currency(query, agreed), tuple(trail))
    price = Price(agreed.entry, label, agreed.rate, None, None, agreed.unit)
    return _decided(Match.of(Scope.ENTRY_OVERRIDE, (price,)), query, sought, trail)
