"""How a change, an advance, a late record and an acceptance are treated."""

from datetime import date

import pytest
from tests.rules.facts import day, eur, month

from isthmus.rules.problems import Problem
from isthmus.rules.revenue.milestone import Acceptance, Deliverable, earned_by
from isthmus.rules.revenue.modification import (
    Change,
    Treatment,
    treatment,
)
from isthmus.rules.revenue.position import Movement, roll_forward
from isthmus.rules.revenue.ratable import ratable
from isthmus.rules.revenue.schedule import schedule_lines


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
    assert [e.amount for e in earned_by([formal], day("2026-05-21"))] == [eur(20)]


def test_every_movement_recorded_after_a_later_one_is_told() -> None:
    """February and January were recorded in April, after March; March was on time."""
    january, february, march = (
        Movement(day(f"2026-0{n}-15"), earned=eur(1), recorded_on=day(f"2026-{recorded}"))
        for n, recorded in ((1, "04-03"), (2, "04-02"), (3, "03-15"))
    )
    rolled = roll_forward("EUR", [march, february, january])

    assert rolled.late == (january, february)
    assert [at.position for at in rolled.balances] == [eur(1), eur(2), eur(3)]


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
