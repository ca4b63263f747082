"""Rating: the price of an hour on the day it was worked, and why it is that price.

The order of scopes is data (`Scope`); the first scope with a price for the day decides. The work
date decides, never the approval or invoice date. A missing price is a fact to hold, never zero
(D365 bills zero on failure: articles psa/FAQ-zero-price-time-sales-actuals). A price in another
currency is not a price: nothing is converted.

Assignment rates are off by default. Certinia copies the rate card's suggestion into the
assignment when the assignment is made (help: SettingUpRateCards), so after a re-pricing the
assignment still carries the old suggestion, and reading it as an agreement would undo the new
card for every running project.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from isthmus.canonical import Assignment, Project, RateCard, Resource, TimeEntry
from isthmus.kit.money import Money

Dimension = Literal["assignment", "customer", "role"]


@dataclass(frozen=True, slots=True)
class Scope:
    """A place to look. A price belongs to the scope whose dimensions are exactly its own."""

    name: str
    dimensions: tuple[Dimension, ...]


ASSIGNMENT = Scope("assignment", ("assignment",))
CLIENT_CARD = Scope("client rate card", ("customer", "role"))
COMPANY_CARD = Scope("company rate card", ("role",))
DEFAULT_SCOPES = (ASSIGNMENT, CLIENT_CARD, COMPANY_CARD)


@dataclass(frozen=True, slots=True)
class RateQuery:
    customer: str
    project: str
    resource: str
    assignment: str | None
    role: str | None
    currency: str
    worked_on: date


def query_for(
    entry: TimeEntry,
    project: Project,
    assignment: Assignment | None = None,
    resource: Resource | None = None,
) -> RateQuery:
    """The entry's own role prices it, else its assignment's, else the person's."""
    role = entry.role or (assignment and assignment.role) or (resource and resource.role)
    return RateQuery(
        customer=project.customer,
        project=entry.project,
        resource=entry.resource,
        assignment=entry.assignment,
        role=role or None,
        currency=project.currency,
        worked_on=entry.worked_on,
    )


@dataclass(frozen=True, slots=True)
class Tried:
    scope: str
    looked_for: str
    found: str


@dataclass(frozen=True, slots=True)
class Rated:
    rate: Money
    source_id: str
    source_label: str
    scope: str
    effective_from: date | None
    trail: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class Unrated:
    code: Literal["rate_missing", "rate_outdated", "rate_ambiguous"]
    reason: str
    trail: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class _Price:
    source_id: str
    label: str
    rate: Money
    starts_on: date | None
    ends_on: date | None

    def applies_on(self, day: date) -> bool:
        return (self.starts_on is None or self.starts_on <= day) and (
            self.ends_on is None or day <= self.ends_on
        )

    def span(self) -> str:
        return f"{self.starts_on or 'any day'} to {self.ends_on or 'until revoked'}"


_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RateBook:
    """Every price, indexed once per batch by scope, dimensions and currency."""

    scopes: tuple[Scope, ...]
    _prices: dict[tuple[str, _Key], dict[str, list[_Price]]]

    @classmethod
    def build(
        cls,
        cards: Iterable[RateCard],
        assignments: Iterable[Assignment] = (),
        scopes: tuple[Scope, ...] = DEFAULT_SCOPES,
        *,
        use_assignment_rates: bool = False,
    ) -> RateBook:
        if not use_assignment_rates:
            scopes = tuple(s for s in scopes if "assignment" not in s.dimensions)
        book = cls(scopes, {})
        by_dimensions = {frozenset(s.dimensions): s for s in scopes}
        for dimensions, price in (*_card_prices(cards), *_assignment_prices(assignments)):
            if scope := by_dimensions.get(frozenset(dimensions)):
                key = tuple(dimensions[d] for d in scope.dimensions)
                currencies = book._prices.setdefault((scope.name, key), {})
                currencies.setdefault(price.rate.currency, []).append(price)
        return book

    def resolve(self, query: RateQuery) -> Rated | Unrated:
        trail: list[Tried] = []
        misses: list[_Price] = []
        for scope in self.scopes:
            found = self._look(scope, query, trail, misses)
            if found is not None:
                return found
        return _unrated(query, misses, tuple(trail))

    def _look(
        self, scope: Scope, query: RateQuery, trail: list[Tried], misses: list[_Price]
    ) -> Rated | Unrated | None:
        looked_for = f"{query.role or 'no role'} in {query.currency} on {query.worked_on}"
        prices = self._at(scope, query)
        hits = [p for p in prices if p.applies_on(query.worked_on)]
        if not hits:
            misses.extend(prices)
            trail.append(Tried(scope.name, looked_for, self._nothing(scope, query, prices)))
            return None
        found = " and ".join(f"{p.label} at {p.rate}" for p in hits)
        steps = (*trail, Tried(scope.name, looked_for, found))
        if len(hits) > 1:
            return Unrated("rate_ambiguous", _overlap(scope, query, hits), steps)
        [price] = hits
        return Rated(price.rate, price.source_id, price.label, scope.name, price.starts_on, steps)

    def _currencies(self, scope: Scope, query: RateQuery) -> dict[str, list[_Price]]:
        key = tuple(getattr(query, dimension) for dimension in scope.dimensions)
        return self._prices.get((scope.name, key), {})

    def _at(self, scope: Scope, query: RateQuery) -> list[_Price]:
        return self._currencies(scope, query).get(query.currency, [])

    def _nothing(self, scope: Scope, query: RateQuery, prices: list[_Price]) -> str:
        if prices:
            return "none on that day: " + ", ".join(f"{p.label} ({p.span()})" for p in prices)
        if others := sorted(self._currencies(scope, query)):
            return f"none in {query.currency}; priced in {', '.join(others)} only"
        missing = [d for d in scope.dimensions if getattr(query, d) is None]
        return f"the entry has no {missing[0]}" if missing else "none"


_Entry = tuple[dict[Dimension, str], _Price]


def _card_prices(cards: Iterable[RateCard]) -> Iterator[_Entry]:
    """In an order of their own, so that the order of arrival never shows in a result."""
    unique = {card.id: card for card in cards}.values()
    for card in sorted(unique, key=lambda c: (c.effective_from, c.number, c.id)):
        dimensions: dict[Dimension, str] = {}
        if card.role is not None:
            dimensions["role"] = card.role
        if card.customer is not None:
            dimensions["customer"] = card.customer
        yield (
            dimensions,
            _Price(card.id, card.number, card.bill_rate, card.effective_from, card.effective_to),
        )


def _assignment_prices(assignments: Iterable[Assignment]) -> Iterator[_Entry]:
    for assignment in {a.id: a for a in assignments}.values():
        if assignment.bill_rate is not None:
            yield (
                {"assignment": assignment.id},
                _Price(
                    assignment.id,
                    "the assignment's rate",
                    assignment.bill_rate,
                    assignment.starts_on,
                    assignment.ends_on,
                ),
            )


def _overlap(scope: Scope, query: RateQuery, hits: list[_Price]) -> str:
    labels = " and ".join(p.label for p in hits)
    return (
        f"{labels} of the {scope.name} both price {query.role} in {query.currency} "
        f"on {query.worked_on}; end one of them before the other starts"
    )


def _unrated(query: RateQuery, misses: list[_Price], trail: tuple[Tried, ...]) -> Unrated:
    wanted = f"{query.role or 'work without a role'} in {query.currency} on {query.worked_on}"
    past = [p for p in misses if p.ends_on is not None and p.ends_on < query.worked_on]
    if past:
        last = max(past, key=lambda p: (p.ends_on or date.min, p.label))
        reason = f"no rate for {wanted}: {last.label} ended on {last.ends_on}"
        return Unrated("rate_outdated", reason, trail)
    if misses:
        first = min(misses, key=lambda p: (p.starts_on or date.min, p.label))
        reason = f"no rate for {wanted}: {first.label} starts on {first.starts_on}"
        return Unrated("rate_outdated", reason, trail)
    looked = "; ".join(f"{t.scope}: {t.found}" for t in trail)
    return Unrated("rate_missing", f"no rate for {wanted} ({looked})", trail)
