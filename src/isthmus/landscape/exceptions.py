"""Exception queues: who works on holds when, what presses, and how much may be replayed at once."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from isthmus.kit.duration import Duration, parse_duration
from isthmus.landscape.desks import Desk, DeskName
from isthmus.landscape.firm import Currency, Part, Timezone
from isthmus.landscape.keys import wrong
from isthmus.rules.business_time import BusinessHours
from isthmus.rules.resolutions import Resolution, Then, resolutions
from isthmus.rules.severity import Severity, SeverityRule

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_WEEKDAYS: tuple[str, ...] = get_args(Weekday)
_HOURS = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


def _minutes(text: str) -> tuple[int, int]:
    found = _HOURS.fullmatch(text)
    opens, closes = (0, 0)
    if found is not None:
        hour, minute, to_hour, to_minute = (int(part) for part in found.groups())
        opens, closes = hour * 60 + minute, to_hour * 60 + to_minute
    if not opens < closes <= 24 * 60:
        raise wrong(
            f"`{text}` is not a time from and until within one day",
            "Write the hours such as 09:00-17:30, or 00:00-24:00 for all day.",
        )
    return opens, closes


def _hours(text: str) -> str:
    _minutes(text)
    return text


def _some(days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    if not days:
        raise wrong("nobody would ever work on the queue", "Name its working days.")
    return days


class WorkingHours(Part):
    """When a queue is worked on; its clock stands still at other times."""

    timezone: Timezone | None = Field(
        default=None, description="IANA time zone of the hours; the firm's when left out."
    )
    weekdays: Annotated[tuple[Weekday, ...], AfterValidator(_some)] = Field(
        default=("monday", "tuesday", "wednesday", "thursday", "friday"),
        description="Working days.",
    )
    hours: Annotated[str, AfterValidator(_hours)] = Field(
        default="09:00-17:00",
        description="Opening and closing by the wall clock; `00:00-24:00` is all day.",
    )
    holidays: tuple[date, ...] = Field(default=(), description="Dates that are no working days.")

    def clock(self, firm_timezone: str) -> BusinessHours:
        opens, closes = _minutes(self.hours)
        days = frozenset(_WEEKDAYS.index(day) for day in self.weekdays)
        zone = self.timezone or firm_timezone
        return BusinessHours(zone, days, opens, closes, frozenset(self.holidays))


def _in_hours(length: timedelta) -> str:
    """Working time has no days of 24 hours."""
    return f"{length / timedelta(hours=1):g}h"


class ResolveWithin(Part):
    """Business time from the opening of a hold until it is overdue, by its severity."""

    critical: Duration = Field(default=parse_duration("4h"), description="For critical holds.")
    high: Duration = Field(default=parse_duration("8h"), description="For high ones.")
    normal: Duration = Field(default=parse_duration("24h"), description="For normal ones.")
    low: Duration = Field(default=parse_duration("40h"), description="For low ones.")

    @model_validator(mode="after")
    def _in_order(self) -> ResolveWithin:
        steps = [(s.value, self.of(s)) for s in reversed(Severity)]
        for (more, shorter), (less, longer) in pairwise(steps):
            if shorter > longer:
                raise wrong(
                    f"{more} holds have {_in_hours(shorter)} and {less} ones {_in_hours(longer)}",
                    f"Give {less} holds at least as long as {more} ones.",
                )
        return self

    def of(self, severity: Severity) -> Duration:
        match severity:
            case Severity.CRITICAL:
                return self.critical
            case Severity.HIGH:
                return self.high
            case Severity.NORMAL:
                return self.normal
            case Severity.LOW:
                return self.low


class Queue(Part):
    working: WorkingHours = Field(
        default=WorkingHours(), description="When its people work on holds."
    )
    resolve_within: ResolveWithin = Field(
        default=ResolveWithin(), description="How long a hold may stay open, in working time."
    )


class Queues(Part):
    """One for each owner of holds."""

    finance: Queue = Field(default=Queue(), description="Billing and accounting.")
    pmo: Queue = Field(default=Queue(), description="Deals, projects and approvals.")
    integration: Queue = Field(default=Queue(), description="Systems and their connections.")

    def of(self, owner: str) -> Queue:
        """The queue of a hold's owner; integration's for an owner that has none."""
        match owner:
            case "finance":
                return self.finance
            case "pmo":
                return self.pmo
            case _:
                return self.integration


Amounts = dict[
    Currency,
    Annotated[Decimal, Field(gt=0), PlainSerializer(str, return_type=str, when_used="json")],
]


class Pressing(Part):
    """From which blocked amount a hold is high or critical, for each currency that is billed in."""

    critical_from: Amounts = Field(
        default={}, description="Currency to the amount from which a hold is critical."
    )
    high_from: Amounts = Field(
        default={}, description="Currency to the amount from which a hold is high."
    )
    deadline_within: Duration = Field(
        default=parse_duration("16h"),
        description="Working time before the next billing day from which a hold that blocks money "
        "is one step more severe.",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Pressing:
        for currency, critical in self.critical_from.items():
            high = self.high_from.get(currency)
            if high is not None and high > critical:
                raise wrong(
                    f"a hold is high from {high} {currency} and critical from {critical} already",
                    "Write an amount in high_from that is not above the one in critical_from.",
                )
        return self

    @cached_property
    def rule(self) -> SeverityRule:
        return SeverityRule(self.critical_from, self.high_from, self.deadline_within)


class BulkLimits(Part):
    """What one person may set going by a filter."""

    approve_above: int = Field(
        default=50,
        ge=0,
        description="A replay or resolution of more holds than this waits until a second person "
        "approves it.",
    )
    per_second: Annotated[Decimal, Field(gt=0, le=1000)] = Field(
        default=Decimal(5), description="Holds that are set going in a second, unless asked for "
        "otherwise.",
    )  # fmt: skip


class Exceptions(Part):
    queues: Queues = Field(default=Queues(), description="Working hours and time limits of owners.")
    severity: Pressing = Field(default=Pressing(), description="What makes a hold pressing.")
    bulk: BulkLimits = Field(default=BulkLimits(), description="Acts on many holds at once.")
    resolutions: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Then] = Field(
        default={},
        description="The firm's own resolution codes, and whether work then goes on (`replay`) or "
        "is given up (`skip`).",
    )
    desks: dict[DeskName, Desk] = Field(
        default={},
        description="Service desks and channels that are told of holds, by a name you choose.",
    )

    @property
    def codes(self) -> dict[str, Resolution]:
        """Every resolution code that may be given."""
        return dict(resolutions(self.resolutions))
