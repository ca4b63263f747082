"""Posting once: the same key never posts twice, however often it is sent again.

held -> posted when the period opens; posted -> duplicate, with the first result, ever after.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from isthmus.kit.money import Money
from isthmus.rules.periods import Posting
from isthmus.rules.problems import Problem


class Standing(StrEnum):
    HELD = "held"
    POSTED = "posted"
    DUPLICATE = "duplicate"
    """Posted before: the first result is returned, nothing is posted."""
    REFUSED = "refused"
    """Posted before with other figures: the first result stands, a person decides."""


@dataclass(frozen=True, slots=True)
class Request:
    key: str
    amount: Money
    document_on: date


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last attempt of a key is all that has to be kept: `request` is the one that posted."""

    request: Request
    standing: Standing
    posting: Posting | None = None
    why: Problem | None = None


def post_once(request: Request, before: Attempt | None, found: Posting | Problem) -> Attempt:
    """`found` is where the request may post now; `before` is the key's last attempt, if any.

    A held request may come back corrected. One that posted may not: answering other figures with
    the first result would hide the difference.
    """
    if before is not None and before.posting is not None:
        if before.request == request:
            return replace(before, standing=Standing.DUPLICATE, why=None)
        why = _reused(before.request, request)
        return replace(before, standing=Standing.REFUSED, why=why)
    if isinstance(found, Problem):
        return Attempt(request, Standing.HELD, why=found)
    return Attempt(request, Standing.POSTED, found)


def total_posted(attempts: Iterable[Attempt], currency: str) -> Money:
    return Money.total(
        (a.request.amount for a in attempts if a.standing is Standing.POSTED), currency
    )


def _reused(first: Request, second: Request) -> Problem:
    return Problem(
        "key_reused",
        f"{first.key} posted {first.amount} of {first.document_on}; the same key now asks for "
        f"{second.amount} of {second.document_on}",
        "integration",
        "Credit what was posted and send the corrected document under a key of its own.",
    )
