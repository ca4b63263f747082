"""What a person reads of a look-up: what was wanted, what was there, why it is no price."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from isthmus.rules.rating.query import Override, RateQuery
from isthmus.rules.rating.result import Tried, Unrated
from isthmus.rules.rating.scopes import Dimension, Shape
from isthmus.rules.rating.timeline import Match, Price


def wanted(query: RateQuery) -> str:
    return f"{query.role or 'no role'} in {query.currency} on {query.worked_on}"


def missing(query: RateQuery, shapes: Sequence[Shape]) -> Dimension | None:
    """What the entry would have to say before any price of the scope could fit it."""
    gaps = [[d for d in shape if getattr(query, d) is None] for shape in shapes]
    return gaps[-1][0] if gaps and all(gaps) else None


def nothing_here(
    query: RateQuery, prices: Sequence[Price], currencies: Collection[str], lacks: Dimension | None
) -> str:
    if prices:
        return "none on that day: " + ", ".join(f"{p.label} ({p.span()})" for p in prices)
    if currencies:
        return f"none in {query.currency}; priced in {', '.join(sorted(currencies))} only"
    return f"the entry has no {lacks}" if lacks else "none"


def disagreement(match: Match, query: RateQuery) -> str:
    names = " and ".join(price.label for price in match.prices)
    all_of_them = "both" if len(match.prices) == 2 else "all"
    return (
        f"{names} of the {match.scope.label} {all_of_them} price {query.role or 'work'} in "
        f"{query.currency} on {query.worked_on}; end one of them before the other starts"
    )


def other_currency(query: RateQuery, agreed: Override) -> str:
    return (
        f"{agreed.rate} is agreed for the entry of {query.worked_on}, "
        f"but its project is billed in {query.currency}, and nothing is converted"
    )


def unpriced(query: RateQuery, misses: Sequence[Price], trail: tuple[Tried, ...]) -> Unrated:
    sought = f"{query.role or 'work without a role'} in {query.currency} on {query.worked_on}"
    day = query.worked_on.toordinal()
    past = [price for price in misses if price.last < day]
    if past:
        last = max(past, key=lambda price: (price.last, price.label))
        reason = f"no rate for {sought}: {last.label} ended on {last.ends_on}"
        return Unrated("rate_outdated", reason, trail)
    if misses:
        first = min(misses, key=lambda price: (price.first, price.label))
        reason = f"no rate for {sought}: {first.label} starts on {first.starts_on}"
        return Unrated("rate_outdated", reason, trail)
    told = "; ".join(f"{tried.scope}: {tried.found}" for tried in trail if tried.found != "none")
    looked = told or f"nothing in {', '.join(tried.scope for tried in trail)}"
    return Unrated("rate_missing", f"no rate for {sought} ({looked})", trail)
