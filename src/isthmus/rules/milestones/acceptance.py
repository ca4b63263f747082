"""Acceptance: on which day a delivered milestone may be billed, and on what that rests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from isthmus.canonical.terms import Acceptance, DeemedDay, FixedFeeTerms
from isthmus.rules.problems import Problem


class Basis(StrEnum):
    SIGNED = "signed"
    DEEMED = "deemed"
    NOT_REQUIRED = "not_required"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is known of one delivery. A delivery that is objected to is followed by another one."""

    milestone: str
    delivered_on: date | None = None
    signed_on: date | None = None
    objected_on: date | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    on: date
    basis: Basis
    why: str


def deemed_on(delivered_on: date, days: int, convention: DeemedDay) -> date:
    """The day on which so many calendar days of silence count as acceptance."""
    extra = 1 if convention is DeemedDay.AFTER_LAST_DAY else 0
    return delivered_on + timedelta(days=days + extra)


def acceptance(delivery: Delivery, terms: FixedFeeTerms, as_of: date) -> Accepted | Problem:
    """Whether a delivery was accepted by a day; what is dated later is not yet known.

    A signature counts under every clause. An objection within the days of silence stops deemed
    acceptance; one that comes later is too late.
    """
    known = [a for a in _ways(delivery, terms) if a.on <= as_of]
    if known:
        return min(known, key=lambda accepted: accepted.on)
    standing = _standing(delivery, terms, as_of)
    reason = f"milestone {delivery.milestone} was not accepted by {as_of}: {standing}"
    return not_accepted(delivery.milestone, reason)


def not_accepted(milestone: str, reason: str) -> Problem:
    return Problem(
        "milestone_not_accepted",
        reason,
        "pmo",
        f"Record the client's acceptance of {milestone} in the PSA, then replay.",
        "state",
    )


def _ways(delivery: Delivery, terms: FixedFeeTerms) -> Iterator[Accepted]:
    if delivery.signed_on is not None:
        yield Accepted(delivery.signed_on, Basis.SIGNED, f"signed on {delivery.signed_on}")
    if delivery.delivered_on is None:
        return
    if terms.acceptance is Acceptance.NONE:
        why = f"delivered on {delivery.delivered_on}; no acceptance is agreed"
        yield Accepted(delivery.delivered_on, Basis.NOT_REQUIRED, why)
    if terms.acceptance is Acceptance.DEEMED and terms.deemed_after_days is not None:
        yield from _silence(delivery.delivered_on, delivery, terms, terms.deemed_after_days)


def _silence(
    delivered_on: date, delivery: Delivery, terms: FixedFeeTerms, days: int
) -> Iterator[Accepted]:
    if delivery.objected_on is not None and delivery.objected_on <= delivered_on + timedelta(days):
        return
    day = deemed_on(delivered_on, days, terms.deemed_day)
    why = f"delivered on {delivered_on}, {days} days without an objection, deemed on {day}"
    yield Accepted(day, Basis.DEEMED, why)


def _standing(delivery: Delivery, terms: FixedFeeTerms, as_of: date) -> str:
    if delivery.delivered_on is None or delivery.delivered_on > as_of:
        return "it is not delivered"
    if delivery.objected_on is not None and delivery.objected_on <= as_of:
        return f"the client objected on {delivery.objected_on}"
    if terms.acceptance is Acceptance.DEEMED and terms.deemed_after_days is not None:
        day = deemed_on(delivery.delivered_on, terms.deemed_after_days, terms.deemed_day)
        return f"delivered on {delivery.delivered_on}, deemed accepted on {day} unless objected to"
    return f"delivered on {delivery.delivered_on} and not signed"
