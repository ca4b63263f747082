"""What a promise between two systems consists of: legs, each with two sides and its repairs.

A leg reads both sides, the one that decides first: what it has must be on the other by then, or be
younger than the grace. Sides come in pages and are never held as a whole.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal

from isthmus.canonical import CanonicalObject
from isthmus.canonical.base import Role
from isthmus.connect import System
from isthmus.connect.listing import Window
from isthmus.engine import Engine, Step
from isthmus.kit.money import Money
from isthmus.store.reconciliation_breaks import BreakRow
from isthmus.store.reconciliation_staging import Staged

MARGIN = timedelta(days=45)
"""Read on both ends beyond the days compared: a ledger may have work on a later day than the
timesheet, when its period was closed. Only days within count.
"""
Kind = Literal["missing", "extra", "different", "late"]
Side = AsyncIterator[list[Staged]]


@dataclass(frozen=True)
class Plan:
    """A reconciliation with everything that its landscape leaves open decided."""

    name: str
    promise: str
    source: str
    target: str
    legal_entities: tuple[str, ...]
    owner: str
    signatures: tuple[str, ...]
    months: int
    grace: timedelta
    every: timedelta | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            **vars(self),
            "grace": self.grace.total_seconds(),
            "every": None if self.every is None else self.every.total_seconds(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Plan:
        every = data["every"]
        return cls(**{
            **data,
            "legal_entities": tuple(data["legal_entities"]),
            "signatures": tuple(data["signatures"]),
            "grace": timedelta(seconds=data["grace"]),
            "every": None if every is None else timedelta(seconds=every),
        })  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What a side is read with."""

    engine: Engine
    plan: Plan
    days: Window | None

    @property
    def around(self) -> Window:
        assert self.days is not None, "only dated promises read around their days"
        return Window(self.days.first - MARGIN, self.days.last + MARGIN)

    def system(self, connection: str) -> System:
        return self.engine.links.connected[connection].system

    def space(self, connection: str) -> str:
        return self.engine.links.connected[connection].space

    def covers(self, entity: str | None) -> bool:
        """A thing of no known company is compared: nobody else would."""
        return entity is None or entity in self.plan.legal_entities


@dataclass(frozen=True)
class Act:
    """The one safe thing to do about a break. `says` is a sentence in the future tense."""

    code: str
    says: Callable[[BreakRow, Plan], str]
    do: Callable[[Step, BreakRow, Plan], Awaitable[None]]


@dataclass(frozen=True)
class Leg:
    """One comparison. `applies` where both systems can show their side."""

    name: str
    source_name: str
    target_name: str
    model: type[CanonicalObject]
    source: Callable[[Scope], Side]
    target: Callable[[Scope], Side]
    acts: Mapping[str, Act]
    applies: Callable[[Scope], bool]


@dataclass(frozen=True)
class Promise:
    """`roles` are those of the connections that a plan names. Undated: compared as a whole."""

    name: str
    title: str
    roles: tuple[Role, Role]
    legs: tuple[Leg, ...]
    dated: bool = True

    def leg(self, name: str) -> Leg:
        return next(leg for leg in self.legs if leg.name == name)


def told(**values: object) -> str:
    """Attributes as one text, the same for the same values however they are written."""
    return json.dumps({name: _plain(value) for name, value in values.items()}, ensure_ascii=False)


def _plain(value: object) -> str | None:
    match value:
        case None | "":
            return None
        case Decimal():
            return shown(value)
        case Money():
            return f"{shown(value.amount)} {value.currency}"
        case date():
            return value.isoformat()
        case Enum():
            return str(value.value)
        case _:
            return str(value)


def shown(number: Decimal) -> str:
    """Without an exponent or idle zeros.

    >>> shown(Decimal("150.00")), shown(Decimal("1E+2")), shown(Decimal("0.50"))
    ('150', '100', '0.5')
    """
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
