"""Volume tiers: the rate falls with the hours of the contract, also inside an entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from isthmus.canonical.terms import VolumeTier
from isthmus.rules.facts import Fact
from isthmus.rules.refusal import refuse_unless
from isthmus.rules.rounding import trimmed

_NONE = Decimal(0)


@dataclass(slots=True)
class Volume:
    """Hours of a contract by tier so far; invoiced hours are in it from the start.

    Hours that are held count too: to release them moves no other hour to another tier. Hours from
    days without tiers fill the first one, and what is too much for a tier the next.
    """

    hours: dict[int, Decimal] = field(default_factory=lambda: defaultdict(lambda: _NONE))

    def enter(self, fact: Fact) -> None:
        self.hours[fact.tier or 0] += fact.billed_hours

    def take(self, hours: Decimal, tiers: Sequence[VolumeTier]) -> Iterator[tuple[int, Decimal]]:
        """Tier by tier what hours fall into; a correction takes the last tier back first."""
        for place, room in self._rooms(hours, tiers):
            part = max(hours, -room) if hours < 0 else min(hours, room)
            hours -= part
            self.hours[place] += part
            if part:
                yield place, part

    def _rooms(self, hours: Decimal, tiers: Sequence[VolumeTier]) -> Iterator[tuple[int, Decimal]]:
        if hours < 0:
            used = [(place, self.hours[place]) for place in reversed(range(1, len(tiers)))]
            yield from (pair for pair in used if pair[1] > 0)
            yield 0, -hours
            return
        below = beyond = _NONE
        for place, tier in enumerate(tiers):
            if tier.up_to_hours is None:
                yield place, hours
                return
            room = tier.up_to_hours - below - self.hours[place] - beyond
            yield place, max(room, _NONE)
            below, beyond = tier.up_to_hours, max(-room, _NONE)


def in_tiers(fact: Fact, tiers: Sequence[VolumeTier], volume: Volume) -> Iterator[Fact]:
    """The parts of a fact that fall into each tier, at its rate."""
    if not tiers:
        volume.enter(fact)
        yield fact
        return
    check_tiers(tiers, fact.rate.currency)
    if not fact.quantity:
        yield fact.changed(rate=tiers[0].rate, tier=0)
        return
    rest = fact
    for place, hours in volume.take(fact.quantity, tiers):
        part, rest = rest.cut(hours)
        why = f"{trimmed(hours)} h in tier {place + 1}: {tiers[place].rate}"
        yield part.changed(why, rate=tiers[place].rate, tier=place)


def check_tiers(tiers: Sequence[VolumeTier], currency: str) -> None:
    """At least one; raises Unusable."""
    bounds = [tier.up_to_hours for tier in tiers[:-1]]
    known = [bound for bound in bounds if bound is not None]
    refuse_unless(
        tiers[-1].up_to_hours is None and len(known) == len(bounds) and _rises(known),
        "tiers",
        "Tiers go up to more hours each, and the last one has no limit.",
        "Put the tiers in order and leave the limit of the last one empty.",
    )
    refuse_unless(
        all(tier.rate.currency == currency for tier in tiers),
        "tiers",
        f"The contract is billed in {currency}, and a tier is not.",
        f"Give the rates of the tiers in {currency}.",
    )


def _rises(bounds: Sequence[Decimal]) -> bool:
    return all(low < high for low, high in zip((_NONE, *bounds), bounds, strict=False))
