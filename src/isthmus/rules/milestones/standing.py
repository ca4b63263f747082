"""From what a PSA says of a milestone to whether it counts as accepted."""

from __future__ import annotations

from datetime import date

from isthmus.canonical import Milestone
from isthmus.canonical.milestone import MilestoneState
from isthmus.canonical.terms import Acceptance, FixedFeeTerms
from isthmus.rules.milestones.acceptance import Accepted, Delivery, acceptance, not_accepted
from isthmus.rules.milestones.decision import MilestonePolicy, SignedMilestones
from isthmus.rules.problems import Problem

NOT_DONE = (MilestoneState.PLANNED, MilestoneState.CANCELLED)
SIGNED = (MilestoneState.ACCEPTED, MilestoneState.READY_TO_BILL)


def standing_of(
    milestone: Milestone, terms: FixedFeeTerms, policy: MilestonePolicy, as_of: date
) -> Accepted | Problem:
    """On which day it came to count as accepted, or what it waits for.

    A PSA that dates no signature has it on the day of completion, and without that on `as_of`.
    What a PSA calls done is done, also where its day is later than ours.
    """
    if problem := _kept_back(milestone, policy):
        return problem
    signed_on = _signed_on(milestone, as_of)
    delivery = Delivery(
        milestone.name, milestone.delivered_on, signed_on, objected_on=milestone.objected_on
    )
    known = max(day for day in (as_of, milestone.delivered_on, signed_on) if day is not None)
    return acceptance(delivery, _asked_for(milestone, terms, policy), known)


def _kept_back(milestone: Milestone, policy: MilestonePolicy) -> Problem | None:
    name, state = milestone.name, milestone.state
    if state in NOT_DONE:
        return not_accepted(name, f"milestone {name} ({milestone.amount}) is {state}")
    if milestone.billing_hold:
        return _not_released(name, "the PSA keeps it from being billed")
    signed = state is MilestoneState.ACCEPTED or (
        state is MilestoneState.DELIVERED and milestone.accepted_on is not None
    )
    if signed and policy.signed is SignedMilestones.WHEN_RELEASED:
        return _not_released(name, "the client accepted it, and the PSA has not released it")
    return None


def _not_released(name: str, why: str) -> Problem:
    return Problem(
        "milestone_not_released",
        f"milestone {name} is not billed: {why}",
        "pmo",
        f"Release {name} for billing in the PSA.",
        "state",
    )


def _signed_on(milestone: Milestone, as_of: date) -> date | None:
    """An invoice in advance says nothing of acceptance: only a dated signature does then."""
    if milestone.state in SIGNED:
        return milestone.accepted_on or milestone.delivered_on or as_of
    return milestone.accepted_on


def _asked_for(
    milestone: Milestone, terms: FixedFeeTerms, policy: MilestonePolicy
) -> FixedFeeTerms:
    """A PSA's own mark that nobody signs this one off does not replace its release for billing."""
    if milestone.requires_acceptance or policy.signed is SignedMilestones.WHEN_RELEASED:
        return terms
    return terms.model_copy(update={"acceptance": Acceptance.NONE})
