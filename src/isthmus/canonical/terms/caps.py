"""Caps: amounts or hours that may not be exceeded, and what happens to the work beyond them."""

from decimal import Decimal
from enum import StrEnum

from isthmus.canonical.base import Value
from isthmus.kit.money import Money


class CapLevel(StrEnum):
    CONTRACT = "contract"
    CUSTOMER = "customer"
    PROJECT = "project"
    TASK = "task"
    PERSON = "person"


class CapPeriod(StrEnum):
    WHOLE = "whole"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class CapPolicy(StrEnum):
    BLOCK = "block"
    """Default: an entry that does not fit is held whole, and so is what comes after it (Dynamics
    365 Project Operations splits nothing; Certinia releases "in sequence while they fit")."""
    SPLIT = "split"
    """The part that fits is billed, the rest is held (OpenAir "adjust if capped")."""
    OVERFLOW = "overflow_nonbillable"
    """The part that fits is billed, the rest is worked for nothing."""
    WARN = "warn"
    """Everything is billed; somebody is told."""


class Cap(Value):
    """One limit, of money or of hours (given both, the tighter one binds).

    `of` names the customer, project, task or person; absent: each one has the limit for itself.
    `alert_at` are the percentages of which somebody is told when they are reached.
    """

    level: CapLevel = CapLevel.CONTRACT
    amount: Money | None = None
    hours: Decimal | None = None
    period: CapPeriod = CapPeriod.WHOLE
    policy: CapPolicy = CapPolicy.BLOCK
    includes_expenses: bool = False
    of: str | None = None
    alert_at: tuple[int, ...] = (75, 90, 100)
