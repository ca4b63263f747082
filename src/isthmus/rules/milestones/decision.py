"""A milestone is complete: wait, ask finance, invoice, or only release what was billed before.

A firm's policy decides by amount and by what the acceptance rests on. The order is fixed: nothing
is billed before it is accepted, and nothing that was billed before is billed again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from isthmus.canonical.base import Value
from isthmus.kit.money import Money
from isthmus.rules.milestones.acceptance import Accepted, Basis
from isthmus.rules.problems import Problem


class MilestoneAction(StrEnum):
    WAIT = "wait"
    """Not accepted: `problem` says who can change that."""
    INVOICE_NOW = "invoice_now"
    FINANCE_REVIEW = "finance_review"
    RELEASE_DEFERRED = "update_deferred_revenue_only"
    """Billed in advance, so acceptance earns what is deferred and bills nothing."""


class UnsignedMilestones(StrEnum):
    """What a milestone does of which the client signed nothing."""

    FINANCE_REVIEW = "finance_review"
    """Default for acceptance deemed by silence: an invoice that rests on silence is the one that
    is disputed."""
    INVOICE_NOW = "invoice_now"
    """Default where the contract asks for no acceptance."""


class SignedMilestones(StrEnum):
    """What a milestone waits for that the client signed."""

    WHEN_RELEASED = "when_released"
    """Default: the project office's release for billing in the PSA."""
    WHEN_ACCEPTED = "when_accepted"
    """Nothing: the signature is enough."""


class MilestonePolicy(Value):
    """`review_above`: one amount for each currency that is billed; absent: no amount is looked at.
    A currency that the list leaves out is looked at always, since it has no limit to be under.
    """

    review_above: tuple[Money, ...] = ()
    signed: SignedMilestones = SignedMilestones.WHEN_RELEASED
    deemed: UnsignedMilestones = UnsignedMilestones.FINANCE_REVIEW
    not_required: UnsignedMilestones = UnsignedMilestones.INVOICE_NOW


@dataclass(frozen=True, slots=True)
class Decision:
    """`to_bill`: what the action would put on an invoice, zero where it bills nothing."""

    action: MilestoneAction
    to_bill: Money
    why: str
    problem: Problem | None = None


def decide_milestone(
    amount: Money,
    billed_in_advance: Money,
    standing: Accepted | Problem,
    policy: MilestonePolicy,
    *,
    approved: Money | None = None,
) -> Decision:
    """`amount` is the milestone's price, `billed_in_advance` the part of it already invoiced.

    `approved` is what finance agreed to bill after a review; it settles no other amount.
    """
    to_bill = amount - billed_in_advance
    zero = Money.zero(amount.currency)
    if isinstance(standing, Problem):
        return Decision(MilestoneAction.WAIT, zero, standing.reason, standing)
    if to_bill <= zero:
        why = f"{standing.why}; {billed_in_advance} of {amount} was billed in advance"
        return Decision(MilestoneAction.RELEASE_DEFERRED, zero, why)
    doubt = _over(to_bill, policy.review_above) or _unsigned(standing, policy)
    if doubt and approved == to_bill:
        why = f"{standing.why}; {doubt}; finance approved {approved}"
        return Decision(MilestoneAction.INVOICE_NOW, to_bill, why)
    action = MilestoneAction.FINANCE_REVIEW if doubt else MilestoneAction.INVOICE_NOW
    return Decision(action, to_bill, f"{standing.why}; {doubt or 'within policy'}")


def _over(amount: Money, limits: Iterable[Money]) -> str | None:
    by_currency = {limit.currency: limit for limit in limits}
    limit = by_currency.get(amount.currency)
    if not by_currency or (limit is not None and amount <= limit):
        return None
    if limit is None:
        return f"policy has no limit in {amount.currency}"
    return f"{amount} is above {limit}"


def _unsigned(standing: Accepted, policy: MilestonePolicy) -> str | None:
    choices = {Basis.DEEMED: policy.deemed, Basis.NOT_REQUIRED: policy.not_required}
    if choices.get(standing.basis) is UnsignedMilestones.FINANCE_REVIEW:
        return "policy has finance look at what nobody signed"
    return None
