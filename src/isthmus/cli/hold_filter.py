"""The options that choose holds: the same for a list and for an act on all that they find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from isthmus.rules.severity import Severity

if TYPE_CHECKING:
    from isthmus.holds.wish import Act, Wish
    from isthmus.store.queues import HoldFilter

Queue = Annotated[
    str | None, typer.Option("--queue", "--owner", help="finance, pmo or integration.")
]
Press = Annotated[Severity | None, typer.Option(help="How pressing.")]
Assignee = Annotated[str | None, typer.Option(help="Whose they are; `nobody`: not assigned.")]
Code = Annotated[str | None, typer.Option(help="What stopped them, such as rate_mismatch.")]
Client = Annotated[str | None, typer.Option(help="Name of the client.")]
State = Annotated[
    str | None, typer.Option(help="held, waiting_system, waiting_period, dead, replaying.")
]
FlowName = Annotated[str | None, typer.Option("--flow", help="Process that is stopped.")]
Overdue = Annotated[bool, typer.Option("--overdue", help="Past the time that the queue has.")]


def chosen(
    queue: str | None,
    severity: Severity | None,
    assignee: str | None,
    code: str | None,
    client: str | None,
    state: str | None,
    flow: str | None,
    overdue: bool,
) -> HoldFilter:
    from isthmus.store.queues import HoldFilter

    press = severity.value if severity else None
    return HoldFilter(queue, press, assignee, code, client, state, flow, overdue)


def wish(what: Act, chosen: HoldFilter, value: str, note: str, per_second: float | None) -> Wish:
    from decimal import Decimal

    from isthmus.holds.wish import Wish

    rate = None if per_second is None else Decimal(str(per_second))
    return Wish(what, chosen, value, note, rate)
