"""Time checks: what must hold before an approved hour may be billed.

All problems of an entry are found at once, so that a person corrects it once. Work that is not
billable is no problem: see `is_chargeable`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from isthmus.canonical import Assignment, Phase, Project, TimeEntry
from isthmus.canonical.opportunity import BillingModel
from isthmus.canonical.rate_card import RateUnit
from isthmus.rules.booking_checks import (
    Booked,
    Booking,
    check_approval,
    check_contract,
    check_dimensions,
    check_period,
    check_project,
)
from isthmus.rules.problems import Problem
from isthmus.rules.rating import Rated, Unrated


class PsaRatePolicy(StrEnum):
    """What a rate stamped by the PSA means when the rate book says another."""

    MUST_AGREE = "must_agree"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class EntryContext(Booking):
    """Everything an entry points at."""

    phase: Phase | None = None
    assignment: Assignment | None = None
    psa_rate_policy: PsaRatePolicy = PsaRatePolicy.MUST_AGREE


def is_chargeable(entry: TimeEntry, project: Project, assignment: Assignment | None) -> bool:
    """Any "no" wins (as D365, configure-chargeable-components-contract-line).

    Time on fixed-fee work is costed, not billed: its milestones are.
    """
    return (
        entry.is_billable
        and project.is_billable
        and (assignment is None or assignment.is_billable)
        and project.billing_model is not BillingModel.FIXED_FEE
    )


def check_entry(entry: TimeEntry, ctx: EntryContext) -> tuple[Problem, ...]:
    booked = Booked("time", "time", "worked_on", entry.worked_on, entry.resource, entry.project)
    return (
        *check_approval(entry.approval, booked, ctx),
        *check_project(ctx.project is not None and ctx.project.accepts_time, booked, ctx),
        *_phase(entry, booked, ctx),
        *_assignment(entry, booked, ctx),
        *check_contract(booked, ctx),
        *check_dimensions(booked, ctx),
        *check_period(booked, ctx),
    )


def check_rate(
    entry: TimeEntry, rated: Rated, policy: PsaRatePolicy = PsaRatePolicy.MUST_AGREE
) -> Problem | None:
    """Two rates for one hour are an exception for a person; neither is taken on a guess."""
    stamped = entry.source_rate
    if policy is PsaRatePolicy.IGNORE or stamped is None or stamped == rated.rate:
        return None
    return Problem(
        "rate_mismatch",
        f"the PSA stamped {stamped} per hour on the work of {entry.worked_on}, "
        f"but {rated.source_label} of the {rated.scope} says {rated.rate}",
        "finance",
        f"Correct the rate on the entry or on {rated.source_label}, whichever is wrong, "
        "then replay.",
        "source_rate",
    )


def check_unit(rated: Rated, *, in_days: bool = False) -> Problem | None:
    """A day's price times hours is no amount, unless the contract says what a day is."""
    if rated.unit is RateUnit.HOUR or (in_days and rated.unit is RateUnit.DAY):
        return None
    return Problem(
        "rate_unit",
        f"{rated.source_label} of the {rated.scope} is {rated.rate} per {rated.unit}, "
        "and the entry is billed by the hour",
        "finance",
        f"Give {rated.source_label} a price per hour in the PSA, or the contract the hours of a "
        "day; then replay.",
        "unit",
    )


def no_rate(unrated: Unrated) -> Problem:
    """What holds an entry without one clear price."""
    if unrated.code == "rate_currency":
        fix = "Agree on a rate in the currency of the project, or take it off the entry"
        return Problem(
            unrated.code, unrated.reason, "finance", f"{fix}, then replay.", "agreed_rate"
        )
    fix = "Add or extend the rate card in the PSA, then replay."
    return Problem(unrated.code, unrated.reason, "finance", fix, "bill_rate")


def _phase(entry: TimeEntry, booked: Booked, ctx: EntryContext) -> Iterator[Problem]:
    phase = ctx.phase
    if phase is not None and not phase.is_open_on(entry.worked_on):
        span = f"{phase.starts_on or 'any day'} to {phase.ends_on or 'no end'}"
        yield booked.problem(
            "phase_closed", ctx, f"phase {phase.name} runs from {span}", "pmo",
            f"Move the time to a phase that is open on {entry.worked_on}, or change the dates of "
            f"{phase.name} in the PSA, then replay.", "phase",
        )  # fmt: skip


def _assignment(entry: TimeEntry, booked: Booked, ctx: EntryContext) -> Iterator[Problem]:
    assignment = ctx.assignment
    if assignment is None:
        return
    early = assignment.starts_on is not None and entry.worked_on < assignment.starts_on
    late = assignment.ends_on is not None and assignment.ends_on < entry.worked_on
    if early or late or not assignment.accepts_time:
        span = f"{assignment.starts_on or 'any day'} to {assignment.ends_on or 'no end'}"
        what = f"runs from {span}" if early or late else "is closed for time"
        yield booked.problem(
            "assignment_closed", ctx, f"the assignment {what}", "pmo",
            "Extend or reopen the assignment in the PSA, or move the time, then replay.",
            "assignment",
        )  # fmt: skip
