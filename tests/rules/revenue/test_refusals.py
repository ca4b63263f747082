"""Figures that no revenue follows from are refused, with the field to correct."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from tests.rules.facts import day, eur, month, usd

from isthmus.rules.problems import Problem
from isthmus.rules.revenue.allocation import (
    Bundle,
    Residual,
    allocate,
    allocate_residual,
    allocate_with_bundle,
)
from isthmus.rules.revenue.breakage import Prepaid, Use, redeemed_to_date
from isthmus.rules.revenue.foreign import Advance, earned_from_advances
from isthmus.rules.revenue.journal import Account, Entry, Line
from isthmus.rules.revenue.milestone import Acceptance, Deliverable, earned_by
from isthmus.rules.revenue.modification import (
    Change,
    Treatment,
    UnitOrder,
    prospective,
    treatment,
)
from isthmus.rules.revenue.position import Movement, roll_forward
from isthmus.rules.revenue.progress import Costs, Measured, cost_to_cost
from isthmus.rules.revenue.ratable import even, ratable
from isthmus.rules.revenue.refunds import ReturnableSale
from isthmus.rules.revenue.refusal import Unusable
from isthmus.rules.revenue.schedule import schedule_lines
from isthmus.rules.revenue.variable import Outcome, assign_to, estimate

SSP = {"A": eur(40), "B": eur(55), "C": eur(45)}
DUSTY = Residual("D", eur(15), eur(45))
OVER = Measured(Decimal(11), Decimal(10))


@pytest.mark.parametrize(
    ("field", "work_out"),
    [
        ("progress", lambda: OVER.ratio),
        ("progress", lambda: Measured(Decimal(0), Decimal(0)).ratio),
        ("progress", lambda: cost_to_cost(eur(100), Costs(eur(90), eur(80)))),
        (
            "materials_incurred",
            lambda: cost_to_cost(eur(100), Costs(eur(50), eur(80), eur(30), eur(20))),
        ),
        ("weights", lambda: allocate(eur(100), {"A": eur(0)})),
        ("weights", lambda: allocate(eur(100), {"A": eur(10), "B": eur(-1)})),
        ("bundle", lambda: allocate_with_bundle(eur(100), SSP, Bundle(("B", "X"), eur(60)))),
        (
            "bundle",
            lambda: allocate_with_bundle(eur(100), SSP, Bundle(("A", "B", "C"), eur(90))),
        ),
        ("D", lambda: allocate_residual(eur(145), SSP, DUSTY)),
        ("ends_on", lambda: ratable(eur(1), day("2026-02-01"), day("2026-01-31"))),
        ("periods", lambda: even(eur(1), 0)),
        ("expected_in_all", lambda: redeemed_to_date(Prepaid(eur(1), OVER.done), Use(OVER.done))),
        ("delivered", lambda: UnitOrder(OVER.expected, eur(1), OVER.done).unearned),
        ("remaining_units", lambda: prospective(eur(1), eur(1), Decimal(0))),
        (
            "expected_returns",
            lambda: ReturnableSale(OVER.expected, OVER.done, eur(1), eur(1)).revenue,
        ),
        ("outcomes", lambda: estimate([Outcome(eur(1), Decimal("0.9"))])),
        ("name", lambda: assign_to({"year 1": eur(1)}, "year 2", eur(1))),
        (
            "earned",
            lambda: earned_from_advances([Advance(eur(1), Decimal(1))], [eur(2)], "USD"),
        ),
        ("lines", lambda: Entry(day("2026-01-31"), (Line(Account.CASH, eur(1)),))),
    ],
)
def test_a_figure_that_cannot_be(field: str, work_out: Callable[[], object]) -> None:
    with pytest.raises(Unusable) as refused:
        work_out()

    what, why, remedy = str(refused.value).split("\n")
    assert refused.value.field == field
    assert what == f"{field} cannot be used"
    assert why == refused.value.reason
    assert remedy == refused.value.remedy


def test_amounts_of_two_currencies_never_meet() -> None:
    with pytest.raises(ValueError, match="different currencies"):
        roll_forward("EUR", [Movement(day("2026-01-31"), earned=usd(1))])


def test_a_residual_outside_its_range_names_the_range() -> None:
    """As in IFRS 15 Example 34 Case C: 40 + 60 of 105 leave 5 for D, which sells at 15 to 45."""
    together = Bundle(("B", "C"), eur(60))
    with pytest.raises(Unusable, match=r"residual 5.00 EUR is outside 15.00 EUR to 45.00 EUR"):
        allocate_with_bundle(eur(105), SSP, together, DUSTY)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (Change(True, True, True), Treatment.SEPARATE_CONTRACT),
        (Change(True, True, False), Treatment.SEPARATE_CONTRACT),
        (Change(True, False, True), Treatment.PROSPECTIVE),
        (Change(False, False, True), Treatment.PROSPECTIVE),
        (Change(True, False, False), Treatment.CATCH_UP),
        (Change(False, True, False), Treatment.CATCH_UP),
    ],
)
def test_three_answers_decide_how_a_change_is_treated(change: Change, expected: Treatment) -> None:
    assert treatment(change) is expected


def test_an_advance_pays_the_invoice_that_follows() -> None:
    """100 received, then invoiced, then earned: no receivable is left and no liability."""
    story = [
        Movement(day("2026-01-05"), received=eur(100)),
        Movement(day("2026-01-10"), billed=eur(100)),
        Movement(day("2026-01-31"), earned=eur(100)),
    ]
    rolled = roll_forward("EUR", story)

    assert [at.contract_liability for at in rolled.balances] == [eur(100), eur(100), eur(0)]
    assert [at.receivable for at in rolled.balances] == [eur(0), eur(0), eur(0)]
    assert [entry.on.day for entry in rolled.entries] == [5, 31]
    assert rolled.at(date(2026, 1, 4)) is None


def test_nothing_is_earned_before_acceptance_that_counts() -> None:
    waits = Deliverable("design", eur(10), delivered_on=day("2026-05-20"))
    formal = Deliverable(
        "plan", eur(20), delivered_on=day("2026-05-21"), acceptance=Acceptance.OBJECTIVE
    )
    assert [(e.why, e.on) for e in earned_by([waits, formal], day("2026-12-31"))] == [
        ("plan", day("2026-05-21"))
    ]
    assert earned_by([formal], day("2026-05-20")) == ()


def test_slices_land_in_the_periods_of_the_ledger() -> None:
    slices = ratable(eur(90), day("2026-01-01"), day("2026-03-31"))
    lines = schedule_lines(slices, [month(1), month(2, ends_on=day("2026-03-31"))])

    assert not isinstance(lines, Problem)
    assert [(line.period, line.amount) for line in lines] == [
        ("2026-01", eur("31.00")),
        ("2026-02", eur("59.00")),
    ]


def test_a_slice_without_a_period_is_a_problem_of_finance() -> None:
    found = schedule_lines(ratable(eur(90), day("2026-01-01"), day("2026-03-31")), [])

    assert isinstance(found, Problem)
    assert found.code == "period_missing"
