"""Rate card: one version of one price, for a role, in a scope, between two dates.

Products that publish whole cards yield one of these per line; Certinia keeps one row per price.
"""

from datetime import date
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Role, about
from isthmus.kit.money import Money


class RateCard(CanonicalObject):
    kind: ClassVar[str] = "rate_card"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("role", "bill_rate", "effective_from")

    number: Annotated[str, about("Number that people quote", Role.PSA)]
    role: Annotated[str, about("Role priced", Role.PSA)]
    customer: Annotated[
        str | None,
        about("Client it is agreed with; absent: every client", Role.PSA, ref="customer"),
    ] = None
    bill_rate: Annotated[Money, about("Price of an hour", Role.PSA, unit="per hour")]
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
