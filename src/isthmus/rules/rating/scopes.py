"""Where a price may be agreed, and in which order those places are asked.

Every card belongs to exactly one scope: by whom it prices (a person, a role, anybody) and where (a
task, a project, a client, a region or practice, the whole company).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, get_args

from isthmus.canonical import RateCard

Dimension = Literal[
    "assignment", "resource", "task", "project", "customer", "region", "practice", "role"
]
PRIORITY: tuple[Dimension, ...] = get_args(Dimension)
"""Of two cards of one scope with as many dimensions the one that has the earlier of these decides.
A region goes before a practice, as in Certinia's default precedence (help: SettingUpRateCards:
account, region, practice, group).
"""
Shape = tuple[Dimension, ...]
"""The dimensions that a price has, in the order of `PRIORITY`."""


class Scope(StrEnum):
    """A place to look. The value is its name in a configuration, `label` what people read."""

    ENTRY_OVERRIDE = "entry_override"
    PERSON_ON_ASSIGNMENT = "person_on_assignment"
    PERSON_ON_PROJECT = "person_on_project"
    TASK_CARD = "task_card"
    PROJECT_CARD = "project_card"
    PERSON_ON_CLIENT = "person_on_client"
    CLIENT_CARD = "client_card"
    PRACTICE_CARD = "practice_card"
    COMPANY_CARD = "company_card"
    COMPANY_DEFAULT = "company_default"
    PERSON_DEFAULT = "person_default"
    PERSON_RECORD = "person_record"
    """What the person's own record says, without dates: costs only."""

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Scope.ENTRY_OVERRIDE: "entry",
    Scope.PERSON_ON_ASSIGNMENT: "assignment",
    Scope.PERSON_ON_PROJECT: "person on project",
    Scope.TASK_CARD: "task rate card",
    Scope.PROJECT_CARD: "project rate card",
    Scope.PERSON_ON_CLIENT: "person on client",
    Scope.CLIENT_CARD: "client rate card",
    Scope.PRACTICE_CARD: "region or practice rate card",
    Scope.COMPANY_CARD: "company rate card",
    Scope.COMPANY_DEFAULT: "company default",
    Scope.PERSON_DEFAULT: "person's default",
    Scope.PERSON_RECORD: "person's record",
}

DEFAULT_SCOPES = (
    Scope.ENTRY_OVERRIDE,
    Scope.PERSON_ON_PROJECT,
    Scope.TASK_CARD,
    Scope.PROJECT_CARD,
    Scope.PERSON_ON_CLIENT,
    Scope.CLIENT_CARD,
    Scope.PRACTICE_CARD,
    Scope.COMPANY_CARD,
    Scope.COMPANY_DEFAULT,
    Scope.PERSON_DEFAULT,
)
"""From the narrowest agreement to the widest, a person's before a role's: what the entry says
(Kantata SX, Kimai), the person on the project (Kantata OX), task, project and client before the
firm's own lists (Kimai's scores: activity 5, project 3, customer 1, a person 1 more; IFS: the
project's list always beats the customer's), the person's own price last (Kimai, Harvest).
`PERSON_ON_ASSIGNMENT` is not among them: the package says why.
"""

LIST_SCOPES = (
    Scope.PRACTICE_CARD,
    Scope.COMPANY_CARD,
    Scope.COMPANY_DEFAULT,
    Scope.PERSON_DEFAULT,
)
"""Prices that no client has agreed to: the firm's own list, against which realisation counts."""

COST_SCOPES = (
    Scope.PERSON_ON_PROJECT,
    Scope.PERSON_ON_CLIENT,
    Scope.PERSON_DEFAULT,
    Scope.PERSON_RECORD,
    Scope.TASK_CARD,
    Scope.PROJECT_CARD,
    Scope.CLIENT_CARD,
    Scope.PRACTICE_CARD,
    Scope.COMPANY_CARD,
    Scope.COMPANY_DEFAULT,
)
"""A cost is the person's before it is the average of a role, which is what a card without a person
holds (Certinia, Rate Card: Average Cost Rate; D365, costing-subcon-ra: resource before role)."""

_SCOPES = {
    "task": (Scope.PERSON_ON_PROJECT, Scope.TASK_CARD),
    "project": (Scope.PERSON_ON_PROJECT, Scope.PROJECT_CARD),
    "client": (Scope.PERSON_ON_CLIENT, Scope.CLIENT_CARD),
    "practice": (Scope.PERSON_DEFAULT, Scope.PRACTICE_CARD),
    "company": (Scope.PERSON_DEFAULT, Scope.COMPANY_CARD),
}
"""By where a card holds: the scope for a person, and for a role or anybody."""


def dimensions_of(card: RateCard) -> dict[Dimension, str]:
    """What the card prices, without its wildcards."""
    found = ((dimension, getattr(card, dimension, None)) for dimension in PRIORITY)
    return {dimension: value for dimension, value in found if value is not None}


def scope_of(card: RateCard) -> Scope:
    """A card for any role of a client or project is that card's default, and stays in its scope."""
    place = _place(card)
    person, role = _SCOPES[place]
    if card.resource is not None:
        return person
    return Scope.COMPANY_DEFAULT if place == "company" and card.role is None else role


def _place(card: RateCard) -> str:
    if card.task is not None:
        return "task"
    if card.project is not None:
        return "project"
    if card.customer is not None:
        return "client"
    return "company" if card.region is None and card.practice is None else "practice"


def narrowness(shape: Shape) -> tuple[int, tuple[bool, ...]]:
    """Sorts shapes: the more dimensions the narrower, then by `PRIORITY`. No two are equal."""
    return len(shape), tuple(dimension in shape for dimension in PRIORITY)
