"""What a milestone bills once it is accepted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from isthmus.canonical import Milestone
from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.canonical.milestone import MilestoneState
from isthmus.kit.money import Money
from isthmus.rules.charge import Billing, Held, lump
from isthmus.rules.fixed_fee.progress import Progress, bill_progress
from isthmus.rules.milestones.acceptance import Accepted, not_accepted
from isthmus.rules.problems import Problem


def check_milestone(milestone: Milestone) -> Problem | None:
    """Delivered is not accepted: without the client's sign-off nothing is billed."""
    state = milestone.state
    if state in (MilestoneState.ACCEPTED, MilestoneState.READY_TO_BILL):
        return None
    if state is MilestoneState.DELIVERED and not milestone.requires_acceptance:
        return None
    reason = f"milestone {milestone.name} ({milestone.amount}) is {state}"
    return not_accepted(milestone.name, reason)


def milestone_line(
    milestone: Milestone,
    number: int = 1,
    *,
    description: str | None = None,
    cost_centre: str | None = None,
    profit_centre: str | None = None,
) -> InvoiceLine:
    charge = lump(
        description or milestone.name, milestone.amount, "agreed price", LineKind.MILESTONE
    )
    return charge.as_line(
        number,
        project=milestone.project,
        cost_centre=cost_centre,
        profit_centre=profit_centre,
    )


def bill_accepted(name: str, amount: Money, standing: Accepted | Problem) -> Billing:
    """The whole price, or its hold."""
    if isinstance(standing, Problem):
        return Billing(held=(Held(name, amount, standing),))
    return Billing((lump(name, amount, standing.why, LineKind.MILESTONE),))


def bill_part(name: str, amount: Money, accepted_percent: Decimal, billed: Money) -> Billing:
    """Accepted in part: what the accepted percent adds to what was billed. A client who takes a
    part back is a problem, not a credit.
    """
    return bill_progress([Progress(name, amount, accepted_percent, billed)])


def bill_bonus(name: str, amount: Money, confirmed_on: date | None) -> Billing:
    """Only when somebody has confirmed that its condition is met; likely is not enough to bill."""
    if confirmed_on is not None:
        why = f"its condition was confirmed on {confirmed_on}"
        return Billing((lump(name, amount, why, LineKind.MILESTONE),))
    open_condition = Problem(
        "condition_open",
        f"nobody has confirmed the condition of {name} ({amount})",
        "pmo",
        f"Record the day on which the client confirmed {name}, or cancel it, then replay.",
        "confirmed_on",
    )
    return Billing(held=(Held(name, amount, open_condition),))
