"""Resource: a person who does billable work, employed by one of our legal entities."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, about
from isthmus.kit.money import Money


class WorkerStatus(StrEnum):
    ACTIVE = "active"
    ON_LEAVE = "on_leave"
    LEFT = "left"


class Resource(CanonicalObject):
    kind: ClassVar[str] = "resource"
    system_of_record: ClassVar[Role] = Role.HCM
    identifiers: ClassVar[tuple[str, ...]] = ("name", "employee_number")
    natural_key: ClassVar[tuple[str, ...]] = ("employee_number",)
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("active",),
        transitions=(
            Transition("active", "on_leave", Role.HCM),
            Transition("on_leave", "active", Role.HCM),
            Transition("active", "left", Role.HCM),
            Transition("on_leave", "left", Role.HCM),
            Transition("left", "active", Role.HCM),
        ),
    )

    name: Annotated[str, about("Full name", Role.HCM, seeded_by=Role.PSA, pii=True)]
    employee_number: Annotated[
        str | None, about("Number shared by all systems", Role.HCM, seeded_by=Role.PSA)
    ] = None
    email: Annotated[str | None, about("Work e-mail", Role.HCM, seeded_by=Role.PSA, pii=True)] = (
        None
    )
    role: Annotated[str | None, about("Role that prices the work", Role.PSA)] = None
    legal_entity: Annotated[
        str | None, about("Code of the employing company", Role.HCM, seeded_by=Role.PSA)
    ] = None
    cost_centre: Annotated[
        str | None, about("Code of the cost centre", Role.HCM, seeded_by=Role.PSA)
    ] = None
    skills: Annotated[tuple[str, ...], about("Skills used in staffing", Role.HCM)] = ()
    weekly_hours: Annotated[
        Decimal | None, about("Contracted working time", Role.HCM, unit="hours per week")
    ] = None
    cost_rate: Annotated[
        Money | None,
        about("Cost of an hour", Role.HCM, unit="per hour", seeded_by=Role.PSA, pii=True),
    ] = None
    status: Annotated[WorkerStatus, about("Working or gone", Role.HCM, seeded_by=Role.PSA)] = (
        WorkerStatus.ACTIVE
    )
