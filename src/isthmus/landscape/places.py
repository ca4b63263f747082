"""Every place that personal data goes to, in which region, and whose data is kept from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from isthmus.canonical.base import Role

if TYPE_CHECKING:
    from isthmus.landscape.model import Landscape


@dataclass(frozen=True)
class Place:
    """`gets` and `kept_from` are codes of companies; data of the second is masked on its way."""

    place: str
    region: str | None
    gets: tuple[str, ...]
    kept_from: tuple[str, ...] = ()


def places_of(landscape: Landscape) -> list[Place]:
    return [*_kept(landscape), *_told(landscape)]


def _kept(landscape: Landscape) -> Iterator[Place]:
    codes = tuple(landscape.firm.legal_entities)
    yield Place("Isthmus's own database", landscape.residency.isthmus, codes)
    for role in Role:
        for binding in landscape.roles.of(role):
            region = landscape.region_of(binding.connection)
            served = tuple(code for code in codes if binding.serves(code))
            yield Place(f"{role.value}: {binding.connection}", region, served)
    yield Place("telemetry", landscape.residency.telemetry, ())


def _told(landscape: Landscape) -> Iterator[Place]:
    """Desks and alert channels are told of nobody."""
    for name, destination in landscape.destinations.items():
        yield _place(landscape, f"destination {name}", destination.region)


def _place(landscape: Landscape, name: str, region: str | None) -> Place:
    away = landscape.kept_from(region)
    gets = tuple(code for code in landscape.firm.legal_entities if code not in away)
    return Place(name, region, gets, tuple(sorted(away)))
