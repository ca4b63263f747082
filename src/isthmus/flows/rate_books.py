"""The rate books of connections, built again only when a card has changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from isthmus.canonical import Assignment, RateCard
from isthmus.events.links import Links
from isthmus.landscape import Policies
from isthmus.rules.rating import RateBook, Scope
from isthmus.store.database import Transaction

_Built = dict[str, tuple[Any, RateBook]]
_BUILT: WeakKeyDictionary[Links, _Built] = WeakKeyDictionary()
"""By connection: what the cards were when its book was built, and the book."""


async def rate_books(
    tx: Transaction,
    links: Links,
    connections: Iterable[str],
    assignments: Collection[Assignment],
    policies: Policies,
) -> dict[str, RateBook]:
    """Where assignments have prices, a book is good for their entries only."""
    if Scope.PERSON_ON_ASSIGNMENT in policies.rate_scopes:
        cards = await tx.records.list(RateCard)
        return {c: await _book(tx, links, c, cards, assignments, policies) for c in connections}
    built = _BUILT.setdefault(links, {})
    stamp = await tx.records.stamp(RateCard)
    return {c: await _current(tx, links, c, stamp, built, policies) for c in connections}


async def _current(
    tx: Transaction,
    links: Links,
    connection: str,
    stamp: tuple[int, int],
    built: _Built,
    policies: Policies,
) -> RateBook:
    linked = await tx.xref.count(RateCard.kind, links.of(connection).space)
    now = (stamp, linked, policies.rate_scopes, policies.rate_overlap)
    before, book = built.get(connection, (None, None))
    if book is None or before != now:
        cards = await tx.records.list(RateCard)
        book = await _book(tx, links, connection, cards, (), policies)
        built[connection] = (now, book)
    return book


async def _book(
    tx: Transaction,
    links: Links,
    connection: str,
    cards: Collection[RateCard],
    assignments: Iterable[Assignment],
    policies: Policies,
) -> RateBook:
    """Of the cards that the connection has: one PSA's price is none for another one's hours."""
    space = links.of(connection).space
    theirs = await tx.xref.external_many(RateCard.kind, space, [card.id for card in cards])
    own = (card for card in cards if card.id in theirs)
    return RateBook.build(own, assignments, policies.rate_scopes, policies.rate_overlap)
