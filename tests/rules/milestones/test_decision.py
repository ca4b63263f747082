"""Completed, accepted, then the firm's policy decides."""

import pytest
from tests.rules.facts import day, eur, usd

from isthmus.canonical.terms import FixedFeeTerms
from isthmus.kit.money import Money
from isthmus.rules.milestones.acceptance import Accepted, Basis, Delivery, acceptance
from isthmus.rules.milestones.decision import (
    MilestoneAction,
    MilestonePolicy,
    UnsignedMilestones,
    decide_milestone,
)

POLICY = MilestonePolicy(review_above=(eur(50_000),))
TRUSTING = MilestonePolicy(deemed=UnsignedMilestones.INVOICE_NOW)


def accepted(basis: Basis = Basis.SIGNED) -> Accepted:
    return Accepted(day("2026-05-12"), basis, f"{basis} on 2026-05-12")


@pytest.mark.parametrize(
    ("amount", "billed", "basis", "policy", "action", "to_bill", "why"),
    [
        (eur(50_000), 0, Basis.SIGNED, POLICY, MilestoneAction.INVOICE_NOW, 50_000,
         "signed on 2026-05-12; within policy"),
        (eur(50_001), 0, Basis.SIGNED, POLICY, MilestoneAction.FINANCE_REVIEW, 50_001,
         "signed on 2026-05-12; 50,001.00 EUR is above 50,000.00 EUR"),
        (eur(60_000), 20_000, Basis.SIGNED, POLICY, MilestoneAction.INVOICE_NOW, 40_000,
         "signed on 2026-05-12; within policy"),
        (eur(60_000), 60_000, Basis.SIGNED, POLICY, MilestoneAction.RELEASE_DEFERRED, 0,
         "signed on 2026-05-12; 60,000.00 EUR of 60,000.00 EUR was billed in advance"),
        (usd(10), 0, Basis.SIGNED, POLICY, MilestoneAction.FINANCE_REVIEW, 10,
         "signed on 2026-05-12; policy has no limit in USD"),
        (usd(10), 0, Basis.SIGNED, TRUSTING, MilestoneAction.INVOICE_NOW, 10,
         "signed on 2026-05-12; within policy"),
        (eur(10), 0, Basis.DEEMED, POLICY, MilestoneAction.FINANCE_REVIEW, 10,
         "deemed on 2026-05-12; policy has finance look at what nobody signed"),
        (eur(10), 0, Basis.DEEMED, TRUSTING, MilestoneAction.INVOICE_NOW, 10,
         "deemed on 2026-05-12; within policy"),
        (eur(10), 0, Basis.NOT_REQUIRED, POLICY, MilestoneAction.INVOICE_NOW, 10,
         "not_required on 2026-05-12; within policy"),
    ],
)  # fmt: skip
def test_amount_and_acceptance_decide(
    amount: Money,
    billed: int,
    basis: Basis,
    policy: MilestonePolicy,
    action: MilestoneAction,
    to_bill: int,
    why: str,
) -> None:
    in_advance = Money.of(billed, amount.currency)
    found = decide_milestone(amount, in_advance, accepted(basis), policy)

    assert (found.action, found.to_bill) == (action, Money.of(to_bill, amount.currency))
    assert (found.why, found.problem) == (why, None)


def test_a_milestone_that_nobody_accepted_waits_with_its_problem() -> None:
    standing = acceptance(
        Delivery("Go-live", day("2026-05-01")), FixedFeeTerms(), day("2026-05-31")
    )
    found = decide_milestone(eur(10), eur(0), standing, POLICY)

    assert (found.action, found.to_bill) == (MilestoneAction.WAIT, eur(0))
    assert found.problem == standing


def test_finance_approves_one_amount() -> None:
    zero = eur(0)
    agreed = decide_milestone(eur(60_000), zero, accepted(), POLICY, approved=eur(60_000))
    assert (agreed.action, agreed.to_bill) == (MilestoneAction.INVOICE_NOW, eur(60_000))
    assert agreed.why.endswith("is above 50,000.00 EUR; finance approved 60,000.00 EUR")

    for other in (eur(59_999), usd(60_000)):
        asked = decide_milestone(eur(60_000), zero, accepted(), POLICY, approved=other)
        assert asked.action is MilestoneAction.FINANCE_REVIEW
