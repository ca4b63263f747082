"""Resource demand: a role that a project needs and that staffing has to fill."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, about
from isthmus.kit.money import Money


class DemandStatus(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    CANCELLED = "cancelled"


class ResourceDemand(CanonicalObject):
    kind: ClassVar[str] = "resource_demand"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("project", "role")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("open",),
        transitions=(
            Transition("open", "assigned", Role.PSA),
            Transition("open", "cancelled", Role.PSA),
        ),
    )

    name: Annotated[str, about("What is asked for", Role.CRM)]
    project: Annotated[str, about("Where", Role.PSA, ref="project")]
    role: Annotated[str, about("Role needed", Role.CRM)]
    hours: Annotated[Decimal, about("Effort sold", Role.CRM, unit="hours")]
    starts_on: Annotated[date, about("First day", Role.CRM)]
    ends_on: Annotated[date | None, about("Last day", Role.CRM)] = None
    bill_rate: Annotated[Money | None, about("Rate sold", Role.CRM, unit="per hour")] = None
    status: Annotated[DemandStatus, about("Open or filled", Role.PSA)] = DemandStatus.OPEN
