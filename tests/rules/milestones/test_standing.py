"""From the state of a milestone in the PSA to the day on which it counts as accepted."""

from typing import Any

import pytest
from tests.rules.facts import day, milestone

from isthmus.canonical.terms import Acceptance, FixedFeeTerms
from isthmus.rules.milestones.acceptance import Accepted, Basis
from isthmus.rules.milestones.decision import MilestonePolicy, SignedMilestones
from isthmus.rules.milestones.standing import standing_of

SIGNED = FixedFeeTerms()
DEEMED = FixedFeeTerms(acceptance=Acceptance.DEEMED, deemed_after_days=10)
NONE = FixedFeeTerms(acceptance=Acceptance.NONE)
AT_ONCE = MilestonePolicy(signed=SignedMilestones.WHEN_ACCEPTED)
DELIVERED = {"state": "delivered", "delivered_on": day("2026-05-04")}
TODAY = day("2026-05-31")


@pytest.mark.parametrize(
    ("said", "terms", "policy", "on", "basis"),
    [
        ({"state": "ready_to_bill", "delivered_on": day("2026-05-04"),
          "accepted_on": day("2026-05-12")}, SIGNED, MilestonePolicy(), "2026-05-12",
         Basis.SIGNED),
        ({"state": "ready_to_bill", "delivered_on": day("2026-05-04")}, SIGNED, MilestonePolicy(),
         "2026-05-04", Basis.SIGNED),
        ({"state": "ready_to_bill"}, SIGNED, MilestonePolicy(), "2026-05-31", Basis.SIGNED),
        ({"state": "ready_to_bill", "accepted_on": day("2026-06-02")}, SIGNED, MilestonePolicy(),
         "2026-06-02", Basis.SIGNED),
        ({"state": "accepted", "accepted_on": day("2026-05-12")}, SIGNED, AT_ONCE, "2026-05-12",
         Basis.SIGNED),
        ({**DELIVERED, "accepted_on": day("2026-05-12")}, SIGNED, AT_ONCE, "2026-05-12",
         Basis.SIGNED),
        (DELIVERED, DEEMED, MilestonePolicy(), "2026-05-15", Basis.DEEMED),
        (DELIVERED, NONE, MilestonePolicy(), "2026-05-04", Basis.NOT_REQUIRED),
        ({**DELIVERED, "requires_acceptance": False}, SIGNED, AT_ONCE, "2026-05-04",
         Basis.NOT_REQUIRED),
        ({"state": "invoiced", "accepted_on": day("2026-05-12")}, SIGNED, MilestonePolicy(),
         "2026-05-12", Basis.SIGNED),
    ],
)  # fmt: skip
def test_the_day_on_which_it_counts_as_accepted(
    said: dict[str, Any], terms: FixedFeeTerms, policy: MilestonePolicy, on: str, basis: Basis
) -> None:
    found = standing_of(milestone(**said), terms, policy, TODAY)
    assert isinstance(found, Accepted)
    assert (found.on, found.basis) == (day(on), basis)


@pytest.mark.parametrize(
    ("said", "terms", "code", "reason"),
    [
        ({"state": "planned"}, NONE, "milestone_not_accepted",
         "milestone Go-live (20,000.00 EUR) is planned"),
        ({"state": "cancelled", "delivered_on": day("2026-05-04")}, NONE, "milestone_not_accepted",
         "milestone Go-live (20,000.00 EUR) is cancelled"),
        (DELIVERED, SIGNED, "milestone_not_accepted",
         "milestone Go-live was not accepted by 2026-05-31: delivered on 2026-05-04 and not "
         "signed"),
        ({**DELIVERED, "requires_acceptance": False}, SIGNED, "milestone_not_accepted",
         "milestone Go-live was not accepted by 2026-05-31: delivered on 2026-05-04 and not "
         "signed"),
        ({**DELIVERED, "objected_on": day("2026-05-14")}, DEEMED, "milestone_not_accepted",
         "milestone Go-live was not accepted by 2026-05-31: the client objected on 2026-05-14"),
        ({"state": "accepted", "delivered_on": day("2026-05-04")}, DEEMED,
         "milestone_not_released", "milestone Go-live is not billed: the client accepted it, and "
         "the PSA has not released it"),
        ({**DELIVERED, "billing_hold": True}, NONE, "milestone_not_released",
         "milestone Go-live is not billed: the PSA keeps it from being billed"),
        ({"state": "invoiced", "delivered_on": day("2026-05-04")}, SIGNED,
         "milestone_not_accepted", "milestone Go-live was not accepted by 2026-05-31: delivered "
         "on 2026-05-04 and not signed"),
    ],
)  # fmt: skip
def test_what_it_waits_for(
    said: dict[str, Any], terms: FixedFeeTerms, code: str, reason: str
) -> None:
    found = standing_of(milestone(**said), terms, MilestonePolicy(), TODAY)
    assert not isinstance(found, Accepted)
    assert (found.code, found.owner, found.reason) == (code, "pmo", reason)


def test_silence_is_no_acceptance_on_its_last_day() -> None:
    last = standing_of(milestone(**DELIVERED), DEEMED, MilestonePolicy(), day("2026-05-14"))
    assert not isinstance(last, Accepted)
    assert last.reason.endswith("deemed accepted on 2026-05-15 unless objected to")
