"""Assignment: who works on what, in which role, at which agreed rate."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Role, about
from isthmus.kit.money import Money


class Assignment(CanonicalObject):
    kind: ClassVar[str] = "assignment"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("project", "resource")

    project: Annotated[str, about("Where", Role.PSA, ref="project")]
    resource: Annotated[str, about("Who", Role.PSA, ref="resource")]
    role: Annotated[str | None, about("Role that prices the work", Role.PSA)] = None
    bill_rate: Annotated[Money | None, about("Agreed rate", Role.PSA, unit="per hour")] = None
    planned_hours: Annotated[Decimal | None, about("Planned effort", Role.PSA, unit="hours")] = None
    starts_on: Annotated[date | None, about("First day", Role.PSA)] = None
    ends_on: Annotated[date | None, about("Last day", Role.PSA)] = None
    is_billable: Annotated[bool, about("Whether the work may be billed", Role.PSA)] = True
    accepts_time: Annotated[bool, about("Open for time entry", Role.PSA)] = True
