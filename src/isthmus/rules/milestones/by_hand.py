"""Terms of a fixed fee by which no invoice is made from here: a person bills such a milestone."""

from __future__ import annotations

from isthmus.canonical import Milestone
from isthmus.canonical.terms import FixedFeeTerms, RetentionTax
from isthmus.rules.milestones.damages import late_damages
from isthmus.rules.problems import Problem


def billed_by_hand(milestone: Milestone, terms: FixedFeeTerms) -> Problem | None:
    """Rather than an invoice that leaves such a term out."""
    name = milestone.name
    if damages := _damages(milestone, terms):
        return damages
    if terms.payers:
        shares = ", ".join(f"{p.percent} % {p.customer}" for p in terms.payers)
        return _by_hand(name, "payers", f"its price is shared ({shares})")
    if terms.retention_percent and terms.retention_tax is RetentionTax.WHEN_EARNED:
        why = f"{terms.retention_percent} % is withheld and taxed at once, which no ledger is told"
        return _by_hand(name, "retention_tax", why)
    return None


def _damages(milestone: Milestone, terms: FixedFeeTerms) -> Problem | None:
    due_on, delivered_on = milestone.due_on, milestone.delivered_on
    if terms.late_damages is None or due_on is None or delivered_on is None:
        return None
    deduction = late_damages(
        milestone.name, milestone.amount, due_on, delivered_on, terms.late_damages
    )
    if deduction is None:
        return None
    return Problem(
        "damages_due",
        f"{deduction.description} of {-deduction.amount} are not agreed: {deduction.why}",
        "finance",
        f"Agree them with the client. Lower the price of {milestone.name} and move its due day, or "
        "take late_damages out of the contract's terms if they are waived; then replay.",
        "amount",
    )


def _by_hand(name: str, term: str, why: str) -> Problem:
    return Problem(
        f"{term}_by_hand",
        f"milestone {name} is not invoiced from here: {why}",
        "finance",
        f"Invoice {name} in the ledger, then skip this hold and name the invoice.",
        term,
    )
