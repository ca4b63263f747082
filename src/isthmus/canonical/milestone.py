"""Milestone: a result with a price. Delivered is not yet accepted, accepted is not yet billed."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, about
from isthmus.kit.money import Money


class MilestoneState(StrEnum):
    PLANNED = "planned"
    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    READY_TO_BILL = "ready_to_bill"
    INVOICED = "invoiced"
    CANCELLED = "cancelled"


class Milestone(CanonicalObject):
    kind: ClassVar[str] = "milestone"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("name", "project", "amount")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "state",
        initial=("planned",),
        transitions=(
            Transition("planned", "delivered", Role.PSA),
            Transition("planned", "accepted", Role.PSA),
            Transition("planned", "ready_to_bill", Role.PSA),
            Transition("delivered", "accepted", Role.PSA),
            Transition("delivered", "planned", Role.PSA),
            Transition("delivered", "ready_to_bill", Role.PSA),
            Transition("accepted", "ready_to_bill", Role.PSA),
            Transition("planned", "invoiced", Role.ERP),
            Transition("delivered", "invoiced", Role.ERP),
            Transition("accepted", "invoiced", Role.ERP),
            Transition("ready_to_bill", "invoiced", Role.ERP),
            Transition("invoiced", "ready_to_bill", Role.ERP),
            Transition("invoiced", "accepted", Role.PSA),
            Transition("planned", "cancelled", Role.PSA),
            Transition("delivered", "cancelled", Role.PSA),
        ),
    )

    name: Annotated[str, about("What is delivered", Role.PSA, seeded_by=Role.CRM)]
    project: Annotated[str, about("Project it belongs to", Role.PSA, ref="project")]
    amount: Annotated[Money, about("Price, before tax", Role.CRM)]
    due_on: Annotated[date | None, about("Target day", Role.PSA, seeded_by=Role.CRM)] = None
    delivered_on: Annotated[date | None, about("Day of completion", Role.PSA)] = None
    accepted_on: Annotated[date | None, about("Day of the client's signature", Role.PSA)] = None
    objected_on: Annotated[date | None, about("Day of the client's objection", Role.PSA)] = None
    requires_acceptance: Annotated[bool, about("Client signs it off", Role.CRM)] = True
    billing_hold: Annotated[bool, about("Kept from being billed", Role.PSA)] = False
    state: Annotated[MilestoneState, about("Where it stands", Role.PSA)] = MilestoneState.PLANNED
    invoice_number: Annotated[str | None, about("Invoice that billed it", Role.ERP)] = None
    approved_amount: Annotated[
        Money | None, about("What finance agreed to bill after its review", Role.ISTHMUS)
    ] = None
    earned_on: Annotated[
        date | None, about("Day from which it counts as accepted and is earned", Role.ISTHMUS)
    ] = None
