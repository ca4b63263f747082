"""Project: where work is planned, logged and measured. The PSA owns its structure."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, about
from isthmus.canonical.opportunity import BillingModel


class ProjectStatus(StrEnum):
    PLANNED = "planned"
    ACTIVE = "active"
    ON_HOLD = "on_hold"
    CLOSED = "closed"


class Project(CanonicalObject):
    kind: ClassVar[str] = "project"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("name", "customer", "currency")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("planned", "active"),
        transitions=(
            Transition("planned", "active", Role.PSA),
            Transition("active", "on_hold", Role.PSA),
            Transition("on_hold", "active", Role.PSA),
            Transition("active", "closed", Role.PSA),
            Transition("on_hold", "closed", Role.PSA),
            Transition("planned", "closed", Role.PSA),
            Transition("closed", "active", Role.PSA),
        ),
    )

    name: Annotated[str, about("Name in the PSA", Role.PSA, seeded_by=Role.CRM)]
    customer: Annotated[str, about("Client", Role.CRM, ref="customer")]
    opportunity: Annotated[str | None, about("Deal it delivers", Role.CRM, ref="opportunity")] = (
        None
    )
    contract: Annotated[
        str | None, about("Terms it is billed under", Role.ISTHMUS, ref="contract")
    ] = None
    template: Annotated[str | None, about("Template it was made from", Role.CRM)] = None
    legal_entity: Annotated[str | None, about("Code of our contracting company", Role.CRM)] = None
    billing_model: Annotated[BillingModel | None, about("How it is billed", Role.CRM)] = None
    currency: Annotated[str, about("ISO 4217 code", Role.CRM)]
    status: Annotated[ProjectStatus, about("Planned, under way or over", Role.PSA)] = (
        ProjectStatus.PLANNED
    )
    starts_on: Annotated[date | None, about("Planned first day", Role.PSA)] = None
    ends_on: Annotated[date | None, about("Planned last day", Role.PSA)] = None
    is_billable: Annotated[bool, about("Whether time on it may be billed", Role.PSA)] = True
    accepts_time: Annotated[bool, about("Open for time entry", Role.PSA)] = True
    accepts_expenses: Annotated[bool, about("Open for expense entry", Role.PSA)] = True
    profit_centre: Annotated[
        str | None, about("Code of the profit centre that earns it", Role.PSA)
    ] = None


class Phase(CanonicalObject):
    """A stretch of a project. Time outside its dates does not belong to it."""

    kind: ClassVar[str] = "phase"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("name", "project")

    name: Annotated[str, about("Name in the PSA", Role.PSA)]
    project: Annotated[str, about("Project it is part of", Role.PSA, ref="project")]
    starts_on: Annotated[date | None, about("First day", Role.PSA)] = None
    ends_on: Annotated[date | None, about("Last day; after it the phase is closed", Role.PSA)] = (
        None
    )

    def is_open_on(self, day: date) -> bool:
        return (self.starts_on is None or self.starts_on <= day) and (
            self.ends_on is None or day <= self.ends_on
        )
