"""What the state of a milestone in the PSA allows, and the line it becomes."""

import pytest
from tests.rules.facts import eur, milestone

from isthmus.canonical.invoice import LineKind
from isthmus.rules.milestones.billing import check_milestone, milestone_line


@pytest.mark.parametrize(
    ("state", "signed", "billed"),
    [
        ("planned", True, False),
        ("delivered", True, False),
        ("delivered", False, True),
        ("accepted", True, True),
        ("ready_to_bill", True, True),
        ("invoiced", True, False),
        ("cancelled", False, False),
    ],
)
def test_a_milestone_is_billed_once_and_after_acceptance(
    state: str, signed: bool, billed: bool
) -> None:
    problem = check_milestone(milestone(state=state, requires_acceptance=signed))
    assert (problem is None) is billed
    if problem:
        assert problem.code == "milestone_not_accepted"
        assert problem.reason == f"milestone Go-live (20,000.00 EUR) is {state}"


def test_a_milestone_is_one_line_of_its_price() -> None:
    line = milestone_line(milestone(), 3, cost_centre="cc1", profit_centre="pc1")
    assert (line.number, line.kind, line.description) == (3, LineKind.MILESTONE, "Go-live")
    assert (line.quantity, line.unit_price, line.amount) == (1, eur("20000.00"), eur("20000.00"))
    assert (line.project, line.cost_centre, line.profit_centre) == ("p1", "cc1", "pc1")


def test_a_milestone_with_parts_of_a_cent_is_refused() -> None:
    with pytest.raises(ValueError, match=r"20,000\.005"):
        milestone_line(milestone(amount=eur("20000.005")))
