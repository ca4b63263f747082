"""A problem: what stops a deal or an entry, who can lift it, and what that person does."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Owner = Literal["finance", "pmo", "integration"]


@dataclass(frozen=True, slots=True)
class Problem:
    """`reason` names the object, the value and the rule; `fix` is an act of the owner.

    `field` is the canonical attribute to correct, where one attribute is to blame.
    """

    code: str
    reason: str
    owner: Owner
    fix: str
    field: str | None = None


def fields_of(problems: Iterable[Problem]) -> tuple[str, ...]:
    """Attributes to blame, each once."""
    return tuple(dict.fromkeys(problem.field for problem in problems if problem.field))
