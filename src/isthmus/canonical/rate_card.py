"""Rate card: one version of one price, for a role, in a scope, between two dates.

Products that publish whole cards yield one of these per line; Certinia keeps one row per price.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Role, about
from isthmus.kit.money import Money


class RateUnit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    ENTRY = "entry"
    """A flat price per entry, whatever its hours."""


class RateCard(CanonicalObject):
    """A dimension that is absent is a wildcard: a card without any is the company's default."""

    kind: ClassVar[str] = "rate_card"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("bill_rate", "effective_from")

    number: Annotated[str, about("Number that people quote", Role.PSA)]
    role: Annotated[str | None, about("Role priced; absent: every role", Role.PSA)] = None
    resource: Annotated[
        str | None, about("Person priced; absent: everybody", Role.PSA, ref="resource")
    ] = None
    project: Annotated[
        str | None, about("Project it is agreed for; absent: any", Role.PSA, ref="project")
    ] = None
    task: Annotated[
        str | None, about("Task it is agreed for; absent: any", Role.PSA, ref="task")
    ] = None
    practice: Annotated[str | None, about("Practice it holds in; absent: any", Role.PSA)] = None
    region: Annotated[str | None, about("Region it holds in; absent: any", Role.PSA)] = None
    customer: Annotated[
        str | None,
        about("Client it is agreed with; absent: every client", Role.PSA, ref="customer"),
    ] = None
    bill_rate: Annotated[Money, about("Price of a unit of work", Role.PSA, unit="per unit")]
    unit: Annotated[RateUnit, about("What the price is for", Role.PSA)] = RateUnit.HOUR
    cost_rate: Annotated[
        Money | None, about("Average cost of an hour", Role.PSA, unit="per hour")
    ] = None
    effective_from: Annotated[date, about("First day it applies", Role.PSA)]
    effective_to: Annotated[
        date | None, about("Last day it applies; absent: until revoked", Role.PSA)
    ] = None

    def applies_on(self, day: date) -> bool:
        return self.effective_from <= day and (
            self.effective_to is None or day <= self.effective_to
        )
