"""Terms of a fixed fee that an invoice from here would leave out."""

from decimal import Decimal

import pytest
from tests.rules.facts import day, milestone

from isthmus.canonical.terms import FixedFeeTerms, LateDamages, PayerShare, RetentionTax
from isthmus.rules.milestones.by_hand import billed_by_hand

DAMAGES = LateDamages(percent_per_week=Decimal(1), maximum_percent=Decimal(5))
LATE = {"due_on": day("2026-05-01"), "delivered_on": day("2026-05-02")}
ON_TIME = {"due_on": day("2026-05-02"), "delivered_on": day("2026-05-02")}


@pytest.mark.parametrize(
    ("said", "terms", "code"),
    [
        (LATE, FixedFeeTerms(late_damages=DAMAGES), "damages_due"),
        (ON_TIME, FixedFeeTerms(late_damages=DAMAGES), None),
        ({}, FixedFeeTerms(late_damages=DAMAGES), None),
        (LATE, FixedFeeTerms(retention_percent=Decimal(10)), None),
        ({}, FixedFeeTerms(retention_percent=Decimal(10), retention_tax=RetentionTax.WHEN_EARNED),
         "retention_tax_by_hand"),
        ({}, FixedFeeTerms(retention_tax=RetentionTax.WHEN_EARNED), None),
        ({}, FixedFeeTerms(payers=(PayerShare(customer="c1", percent=Decimal(100)),)),
         "payers_by_hand"),
        ({}, FixedFeeTerms(), None),
    ],
)  # fmt: skip
def test_a_person_bills_what_no_invoice_follows(
    said: dict[str, object], terms: FixedFeeTerms, code: str | None
) -> None:
    problem = billed_by_hand(milestone(**said), terms)
    assert (problem.code if problem else None) == code
    assert problem is None or problem.owner == "finance"


def test_damages_are_named_to_the_cent() -> None:
    problem = billed_by_hand(milestone(**LATE), FixedFeeTerms(late_damages=DAMAGES))
    assert problem is not None
    assert problem.reason == (
        "Go-live: damages for delay of 200.00 EUR are not agreed: due on 2026-05-01, delivered on "
        "2026-05-02: 1 started weeks at 1 %, 1 %"
    )
