"""What somebody wants done to many holds, what was found for it, and what came of asking."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from isthmus.kit.money import Money
    from isthmus.store.bulks import BulkRow
    from isthmus.store.holds import HoldRow
    from isthmus.store.queues import HoldFilter


class Act(StrEnum):
    REPLAY = "replay"
    RESOLVE = "resolve"
    ASSIGN = "assign"
    COMMENT = "comment"


MOVES_WORK = frozenset({Act.REPLAY, Act.RESOLVE})
"""These set work going or give it up, so many at once need a second person."""
VALUE = {Act.RESOLVE: "code", Act.ASSIGN: "person", Act.COMMENT: "text"}
"""What an act needs to be told."""


@dataclass(frozen=True)
class Wish:
    """`value` is the resolution code, the person or the text, as the act needs it."""

    act: Act
    chosen: HoldFilter
    value: str = ""
    note: str = ""
    per_second: Decimal | None = None


@dataclass(frozen=True)
class Found:
    """What an act would concern: the dry run."""

    holds: tuple[HoldRow, ...]
    blocked: tuple[Money, ...]
    needs_approval: bool


@dataclass(frozen=True)
class Asked:
    bulk: BulkRow | None
    holds: int
    message: str
