"""Revenue: the schedule by which a contract is earned, and each event that earns a part of it."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, Value, about
from isthmus.kit.money import Money


class RecognitionMethod(StrEnum):
    TIME_BASED = "time_based"
    COST_TO_COST = "cost_to_cost"
    MILESTONE = "milestone"
    RATABLE = "ratable"
    RIGHT_TO_INVOICE = "right_to_invoice"


class RevenueLine(Value):
    period: Annotated[str, about("Period earned in", Role.ERP, ref="accounting_period")]
    amount: Money


class RevenueEvent(CanonicalObject):
    """Something happened that earns revenue: a month passed, a milestone was accepted."""

    kind: ClassVar[str] = "revenue_event"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("contract", "occurred_on", "amount")

    contract: Annotated[str, about("Contract earned", Role.PSA, ref="contract")]
    occurred_on: Annotated[date, about("Day it happened", Role.PSA)]
    amount: Annotated[Money, about("Revenue earned", Role.PSA)]
    method: Annotated[RecognitionMethod, about("Why it is earned", Role.ERP)]
    cause: Annotated[str, about("What happened", Role.PSA)]


class ScheduleStatus(StrEnum):
    PLANNED = "planned"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"


class RevenueSchedule(CanonicalObject):
    kind: ClassVar[str] = "revenue_schedule"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("contract", "method", "currency")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("planned",),
        transitions=(
            Transition("planned", "in_progress", Role.ERP),
            Transition("in_progress", "complete", Role.ERP),
        ),
    )

    contract: Annotated[str, about("Contract earned", Role.ERP, ref="contract")]
    project: Annotated[
        str | None, about("Project it is for; absent: the whole contract", Role.ERP, ref="project")
    ] = None
    method: Annotated[RecognitionMethod, about("How it is earned", Role.ERP)]
    currency: Annotated[str, about("ISO 4217 code of every amount", Role.ERP)]
    lines: Annotated[tuple[RevenueLine, ...], about("Amount per period", Role.ERP)] = ()
    status: Annotated[ScheduleStatus, about("How far it is earned", Role.ERP)] = (
        ScheduleStatus.PLANNED
    )
