"""Time entry: one person's hours on one day, with its approval and what it was rated at."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, about
from isthmus.kit.money import Money


class Approval(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"


class TimeEntry(CanonicalObject):
    kind: ClassVar[str] = "time_entry"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("resource", "project", "worked_on", "hours")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "approval",
        initial=("draft", "submitted", "approved"),
        transitions=(
            Transition("draft", "submitted", Role.PSA),
            Transition("submitted", "approved", Role.PSA),
            Transition("submitted", "rejected", Role.PSA),
            Transition("rejected", "submitted", Role.PSA),
            Transition("draft", "approved", Role.PSA),
            Transition("approved", "draft", Role.PSA),
            Transition("approved", "rejected", Role.PSA),
        ),
    )

    resource: Annotated[str, about("Who worked", Role.PSA, ref="resource")]
    project: Annotated[str, about("On what", Role.PSA, ref="project")]
    phase: Annotated[str | None, about("Phase of the project", Role.PSA, ref="phase")] = None
    assignment: Annotated[
        str | None, about("Under which assignment", Role.PSA, ref="assignment")
    ] = None
    task: Annotated[str | None, about("Task of the project", Role.PSA, ref="task")] = None
    role: Annotated[str | None, about("Role that prices the work", Role.PSA)] = None
    time_type: Annotated[
        str | None, about("Kind of time that has its own multiplier", Role.PSA)
    ] = None
    worked_on: Annotated[date, about("Day of the work", Role.PSA)]
    hours: Annotated[Decimal, about("Time worked", Role.PSA, unit="hours")]
    is_billable: Annotated[bool, about("Whether it may be billed", Role.PSA)] = True
    approval: Annotated[Approval, about("Where its approval stands", Role.PSA)] = Approval.DRAFT
    note: Annotated[str | None, about("What was done", Role.PSA, pii=True)] = None
    currency: Annotated[str, about("ISO 4217 code of its amounts", Role.PSA)]
    is_courtesy: Annotated[bool, about("Shown on the invoice, and not charged", Role.PSA)] = False
    agreed_rate: Annotated[
        Money | None,
        about("Rate agreed for this entry, whatever the cards say", Role.PSA, unit="per hour"),
    ] = None
    agreed_reason: Annotated[
        str | None, about("Why that rate was agreed, and by whom", Role.PSA)
    ] = None
    source_rate: Annotated[
        Money | None, about("Rate that the PSA stamped on it", Role.PSA, unit="per hour")
    ] = None
    bill_rate: Annotated[
        Money | None, about("Rate resolved from the rate card", Role.ISTHMUS, unit="per hour")
    ] = None
    billed_hours: Annotated[
        Decimal | None, about("Hours after the client's rules", Role.ISTHMUS, unit="hours")
    ] = None
    cost_centre: Annotated[str | None, about("Cost centre", Role.ISTHMUS, ref="cost_centre")] = None
    profit_centre: Annotated[
        str | None, about("Profit centre", Role.ISTHMUS, ref="profit_centre")
    ] = None
    legal_entity: Annotated[
        str | None, about("Our billing company", Role.ISTHMUS, ref="legal_entity")
    ] = None
    invoice_number: Annotated[str | None, about("Invoice that billed it", Role.ERP)] = None
    invoiced_on: Annotated[date | None, about("Date of that invoice", Role.ERP)] = None
