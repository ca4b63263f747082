"""Time entries and their amounts as columns of whole numbers, for rating in bulk."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from isthmus.rules.rating.query import Override
from isthmus.rules.rating.result import UnratedCode
from isthmus.rules.rating.timeline import Price
from isthmus.rules.refusal import refuse_unless

HOUR = 1_000_000
"""Parts of an hour, as fine as billed hours are."""
HeldCode = UnratedCode | Literal["rate_unit", "cap_exceeded"]


@lru_cache(maxsize=65536)
def in_parts(hours: Decimal) -> int:
    """Hours in millionths. Raises `Unusable` where they are finer than that."""
    parts = Fraction(hours) * HOUR
    refuse_unless(
        parts.denominator == 1,
        "hours",
        f"{hours} hours are finer than a millionth of an hour, which nothing bills.",
        "Correct the hours of the entry, or rate it by itself.",
    )
    return int(parts)


@dataclass(slots=True)
class Entries:
    """A chunk of time entries, column by column; `works` holds what `BatchRater.enter` gave."""

    ids: list[str] = field(default_factory=list)
    works: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    """Ordinals of `date`."""
    hours: list[int] = field(default_factory=list)
    """Worked, in millionths of an hour."""
    overrides: dict[int, Override] = field(default_factory=dict)
    """Rates agreed for single entries, by place."""

    def add(
        self, id: str, work: int, worked_on: date, hours: Decimal, override: Override | None = None
    ) -> None:
        if override is not None:
            self.overrides[len(self.ids)] = override
        self.ids.append(id)
        self.works.append(work)
        self.days.append(worked_on.toordinal())
        self.hours.append(in_parts(hours))


@dataclass(frozen=True, slots=True)
class RatedColumns:
    """By place of the entry. A held entry has no amount; its price is there once it has one."""

    amounts: list[int | None]
    """Minor units of the currency of the work."""
    billed: list[int]
    """Hours after the contract's rounding, in millionths of an hour."""
    prices: list[Price | None]
    held: dict[int, HeldCode]
