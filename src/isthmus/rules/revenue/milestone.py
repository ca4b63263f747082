"""Revenue at a point in time: the day on which control of a deliverable passes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from isthmus.kit.money import Money


class Acceptance(StrEnum):
    """What the customer's acceptance means (IFRS 15 B83-B86, ASC 606-10-55-85 to 88)."""

    OBJECTIVE = "objective"
    """A formality: that the specification is met can be shown on delivery."""
    SUBJECTIVE = "subjective"
    """Default where the contract does not say: the customer may find it wanting."""


@dataclass(frozen=True, slots=True)
class Deliverable:
    name: str
    price: Money
    delivered_on: date | None = None
    accepted_on: date | None = None
    acceptance: Acceptance = Acceptance.SUBJECTIVE

    @property
    def earned_on(self) -> date | None:
        objective = self.acceptance is Acceptance.OBJECTIVE
        return self.delivered_on or self.accepted_on if objective else self.accepted_on


@dataclass(frozen=True, slots=True)
class Earned:
    on: date
    amount: Money
    why: str


def earned_by(deliverables: Iterable[Deliverable], day: date) -> tuple[Earned, ...]:
    """What has been earned by a day, oldest first."""
    found = [
        Earned(d.earned_on, d.price, d.name)
        for d in deliverables
        if d.earned_on is not None and d.earned_on <= day
    ]
    return tuple(sorted(found, key=lambda earned: (earned.on, earned.why)))
