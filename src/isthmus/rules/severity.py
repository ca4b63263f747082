"""How pressing a hold is: by its cause, by the money it blocks, by how soon that is billed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isthmus.kit.money import Money


class Severity(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)

    def at_least(self, other: Severity) -> bool:
        return self.rank >= other.rank

    def raised(self) -> Severity:
        """One step up; critical stays."""
        return list(Severity)[min(self.rank + 1, len(Severity) - 1)]


@dataclass(frozen=True)
class SeverityRule:
    """Amounts by currency; a currency that is not listed raises nothing."""

    critical_from: Mapping[str, Decimal] = field(default_factory=dict)
    high_from: Mapping[str, Decimal] = field(default_factory=dict)
    deadline_within: timedelta = timedelta(hours=16)
    """Business time before the deadline from which blocked money is one step more pressing."""


STOPS_OTHERS = frozenset({"unauthorized", "defect"})
"""Causes that stop more than the one run they are told of."""
LIFT_THEMSELVES = frozenset({"waiting_system", "waiting_period"})


def severity_of(
    rule: SeverityRule,
    *,
    state: str,
    code: str,
    blocked: Money | None,
    until_deadline: timedelta | None,
) -> Severity:
    """The more pressing of cause and amount, one step up where the deadline is near or missed.

    `until_deadline` is business time, less than nothing once the deadline has passed.
    """
    severity = max(_of_cause(state, code), _of_amount(rule, blocked), key=lambda s: s.rank)
    is_near = until_deadline is not None and until_deadline <= rule.deadline_within
    return severity.raised() if blocked is not None and blocked.amount and is_near else severity


def _of_cause(state: str, code: str) -> Severity:
    if code in STOPS_OTHERS or state == "dead":
        return Severity.HIGH
    return Severity.LOW if state in LIFT_THEMSELVES else Severity.NORMAL


def _of_amount(rule: SeverityRule, blocked: Money | None) -> Severity:
    if blocked is None:
        return Severity.LOW
    for severity, limits in ((Severity.CRITICAL, rule.critical_from),
                             (Severity.HIGH, rule.high_from)):  # fmt: skip
        limit = limits.get(blocked.currency)
        if limit is not None and abs(blocked.amount) >= limit:
            return severity
    return Severity.LOW
