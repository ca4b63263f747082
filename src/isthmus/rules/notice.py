"""What a service desk is told of a hold: its facts by name, a title, a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter
from typing import Any


class Kind(StrEnum):
    OPENED = "opened"
    OVERDUE = "overdue"
    OVER = "over"


@dataclass(frozen=True)
class Facts:
    """All text, as people read it; what is not known is empty. `key` is the idempotency key."""

    key: str
    kind: str
    hold: str
    severity: str
    queue: str
    code: str
    reason: str
    fix: str
    client: str
    amount: str
    due_at: str
    deadline_on: str
    assigned_to: str
    resolution: str
    page: str
    """Address of the hold's page, for who may see more."""

    @property
    def title(self) -> str:
        at_stake = " of ".join(part for part in (self.amount, self.client) if part)
        what = {"opened": self.code, "overdue": "overdue", "over": "is over"}[self.kind]
        return f"[{self.severity}] {self.hold} {self.queue}: {what}" + (
            f", {at_stake}" if at_stake else ""
        )

    @property
    def text(self) -> str:
        if self.kind == Kind.OVER:
            return "\n".join(filter(None, (self.reason, self.resolution, self.page)))
        due = f"Due {self.due_at}." if self.due_at else ""
        where = "\n".join(filter(None, (self.page, f"isthmus hold show {self.hold}")))
        return f"{self.reason}\n{self.fix}\n{due}\n{where}\n({self.key})"

    def by_name(self) -> dict[str, str]:
        return {**vars(self), "title": self.title, "text": self.text}


NAMES = (*Facts.__dataclass_fields__, "title", "text")
"""What a body may refer to, as `{title}`."""


def unknown_names(body: Any) -> list[str]:
    """References in a body to what is not told. Raises ValueError for a brace that is not closed.

    >>> unknown_names({"summary": "{title}", "labels": ["{hold}", "{whom}"]})
    ['whom']
    """
    match body:
        case Mapping():
            return [name for inner in body.values() for name in unknown_names(inner)]
        case list() | tuple():
            return [name for inner in body for name in unknown_names(inner)]
        case str():
            named = (name for _, name, _, _ in Formatter().parse(body) if name is not None)
            return [name for name in named if name not in NAMES]
        case _:
            return []


def filled(body: Any, facts: Mapping[str, str]) -> Any:
    """The body with the facts in their places."""
    match body:
        case Mapping():
            return {key: filled(inner, facts) for key, inner in body.items()}
        case list() | tuple():
            return [filled(inner, facts) for inner in body]
        case str():
            return body.format_map(facts)
        case _:
            return body
