"""Task: an element of a project's work-breakdown structure."""

from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, about


class TaskStatus(StrEnum):
    PLANNED = "planned"
    STARTED = "started"
    BLOCKED = "blocked"
    COMPLETE = "complete"


class Task(CanonicalObject):
    kind: ClassVar[str] = "task"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("name", "project")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("planned", "started"),
        transitions=(
            Transition("planned", "started", Role.PSA),
            Transition("started", "blocked", Role.PSA),
            Transition("blocked", "started", Role.PSA),
            Transition("started", "complete", Role.PSA),
            Transition("planned", "complete", Role.PSA),
            Transition("complete", "started", Role.PSA),
        ),
    )

    name: Annotated[str, about("Name in the PSA", Role.PSA)]
    project: Annotated[str, about("Project it belongs to", Role.PSA, ref="project")]
    parent: Annotated[str | None, about("Task above it", Role.PSA, ref="task")] = None
    wbs_element: Annotated[str | None, about("Work-breakdown element in the ledger", Role.ERP)] = (
        None
    )
    status: Annotated[TaskStatus, about("Planned, under way or done", Role.PSA)] = (
        TaskStatus.PLANNED
    )
    accepts_time: Annotated[bool, about("Open for time entry", Role.PSA)] = True
