"""Which events a reader of the log wants."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from isthmus.events.catalogue import CATALOGUE


@dataclass(frozen=True)
class Filter:
    """`types` None: all of them."""

    types: Collection[str] | None = None
    subject: str | None = None


EVERYTHING = Filter()


class UnknownType(ValueError):
    """No event is called so."""


def types_matching(patterns: Iterable[str]) -> frozenset[str]:
    """Names such as `invoice.posted` and patterns such as `invoice.*`. Raises UnknownType where
    one of them means no event.
    """
    found: set[str] = set()
    for pattern in patterns:
        matching = {name for name in CATALOGUE if fnmatchcase(name, pattern)}
        if not matching:
            raise UnknownType(
                f"no event is called {pattern!r}; docs/reference/events.md lists them"
            )
        found |= matching
    return frozenset(found)
