"""Gross or net: whose service it was (IFRS 15 B34-B38, ASC 606-10-55-36 to 40)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from isthmus.kit.money import Money


class Part(StrEnum):
    PRINCIPAL = "principal"
    """Default for subcontracted people and travel that the firm directs: it controls the service
    before the client has it. A judgement per contract."""
    AGENT = "agent"
    """The firm only arranges it: its fee or mark-up is the revenue."""


@dataclass(frozen=True, slots=True)
class Presented:
    revenue: Money
    cost: Money


def present(billed: Money, cost: Money, part: Part = Part.PRINCIPAL) -> Presented:
    if part is Part.PRINCIPAL:
        return Presented(billed, cost)
    return Presented(billed - cost, Money.zero(cost.currency))
