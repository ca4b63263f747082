"""Figures that no revenue follows from are refused, with the field to correct."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from tests.rules.facts import day, eur, usd

from isthmus.rules.journal import Account, Entry, Line
from isthmus.rules.refusal import Unusable
from isthmus.rules.revenue.allocation import (
    Bundle,
    Residual,
    allocate,
    allocate_residual,
    allocate_with_bundle,
)
from isthmus.rules.revenue.breakage import Prepaid, Use, redeemed_to_date
from isthmus.rules.revenue.foreign import Advance, earned_from_advances
from isthmus.rules.revenue.modification import (
    UnitOrder,
    prospective,
)
from isthmus.rules.revenue.position import Movement, roll_forward
from isthmus.rules.revenue.progress import Costs, Measured, cost_to_cost
from isthmus.rules.revenue.ratable import even, ratable
from isthmus.rules.revenue.refunds import ReturnableSale
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
