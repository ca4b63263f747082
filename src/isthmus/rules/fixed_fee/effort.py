"""Billing on effort: a task is billed when it is done, at its hours or its price, once.

Tryton calls it "On Effort" (project_invoice): what a task was estimated at, not what it took.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from isthmus.kit.money import Money
from isthmus.rules.charge import Charge, lump, priced
from isthmus.rules.refusal import refuse_unless


@dataclass(frozen=True, slots=True)
class EffortTask:
    """`hours` at `rate`, or a `price`; a task with neither bills nothing."""

    name: str
    done: bool
    hours: Decimal | None = None
    rate: Money | None = None
    price: Money | None = None
    billed: bool = False

    def __post_init__(self) -> None:
        refuse_unless(
            self.price is None or self.hours is None,
            "price",
            f"{self.name} has a price and hours, so its amount is not known.",
            "Give the price of the task, or its hours and their rate.",
        )


def bill_effort(tasks: Iterable[EffortTask]) -> tuple[Charge, ...]:
    """What is done and was not billed."""
    return tuple(_charges(task for task in tasks if task.done and not task.billed))


def _charges(tasks: Iterable[EffortTask]) -> Iterator[Charge]:
    for task in tasks:
        if task.price is not None:
            yield lump(task.name, task.price, f"{task.name} is done at a price of {task.price}")
        elif task.hours and task.rate is not None:
            why = f"{task.name} is done: {task.hours} h at {task.rate}"
            yield priced(task.name, task.hours, task.rate, why)
