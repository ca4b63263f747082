"""What is promised of flows, and who is told when a promise is being broken."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, SecretStr, WithJsonSchema

from isthmus.kit.duration import format_duration, parse_duration
from isthmus.landscape.firm import Part
from isthmus.landscape.keys import wrong
from isthmus.rules.burn import BusinessDays
from isthmus.rules.problems import Owner

_BUSINESS_DAYS = re.compile(r"([1-9][0-9]{0,2}) business days?")


def _target(value: Any) -> Any:
    if isinstance(value, timedelta | BusinessDays):
        return value
    if isinstance(value, str) and (found := _BUSINESS_DAYS.fullmatch(value.strip())):
        return BusinessDays(int(found[1]))
    try:
        return parse_duration(value)
    except (ValueError, AttributeError):
        raise wrong(
            f"`{value}` is no time to be done in",
            "Write a duration such as 5m or 4h, or working days such as 1 business day.",
        ) from None


def _written(target: timedelta | BusinessDays) -> str:
    return str(target) if isinstance(target, BusinessDays) else format_duration(target)


Target = Annotated[
    timedelta | BusinessDays,
    BeforeValidator(_target),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["5m", "4h", "1 business day"]}),
]


class Promise(Part):
    """Of the runs of one flow."""

    target: Target = Field(
        description="Time from the event to the end of the run: a duration such as `5m`, or "
        "`1 business day`, by the working hours of the owner's queue."
    )
    percentile: float = Field(
        default=95, ge=50, lt=100, description="Share of runs, in percent, that is to keep it."
    )
    owner: Owner = Field(description="Who is told when it is being broken.")

    @property
    def budget(self) -> float:
        """Share of runs that may be late."""
        return 1 - self.percentile / 100

    @property
    def words(self) -> str:
        return f"{self.percentile:g} % of runs within {_written(self.target)}"


class Alerts(Part):
    """Apprise URLs of each owner; `integration` is told what an owner without any is not."""

    finance: tuple[SecretStr, ...] = Field(default=(), description="Billing and accounting.")
    pmo: tuple[SecretStr, ...] = Field(default=(), description="Deals, projects and approvals.")
    integration: tuple[SecretStr, ...] = Field(default=(), description="Systems and connections.")

    def of(self, owner: str) -> tuple[SecretStr, ...]:
        own: dict[str, tuple[SecretStr, ...]] = {"finance": self.finance, "pmo": self.pmo}
        return own.get(owner) or self.integration
