"""A rate and why it is that rate, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money

UnratedCode = Literal["rate_missing", "rate_outdated", "rate_ambiguous", "rate_currency"]


@dataclass(frozen=True, slots=True)
class Tried:
    """One step of the look-up. Neighbouring scopes in which there is no price at all are one."""

    scope: str
    looked_for: str
    found: str


@dataclass(frozen=True, slots=True)
class Rated:
    """`rate` is the price of one `unit`; the trail ends with where it was found."""

    rate: Money
    source_id: str
    source_label: str
    scope: str
    effective_from: date | None
    trail: tuple[Tried, ...]
    unit: RateUnit = RateUnit.HOUR


@dataclass(frozen=True, slots=True)
class Unrated:
    """No price, or more than one: the work is held, never billed at zero."""

    code: UnratedCode
    reason: str
    trail: tuple[Tried, ...]
