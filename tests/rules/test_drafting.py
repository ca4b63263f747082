from typing import Any

from tests.rules.facts import day, eur, rated

from isthmus.canonical.invoice import LineKind
from isthmus.rules.drafting import describe_hours, draft_lines
from isthmus.rules.facts import Fact, charge_of


def milestone(id: str, label: str, price: int, **known: Any) -> Fact:
    worked_on = day("2026-03-31")
    return charge_of(id, eur(price), worked_on, LineKind.MILESTONE, label=label, **known)


GO_LIVE = milestone("f9", "Go-live", 20_000)


def test_agreed_prices_stand_after_the_hours_and_keep_their_order() -> None:
    design = milestone("f8", "Design", 5_000, profit_centre="pc1")
    drafted = draft_lines([GO_LIVE, rated("t1"), design, rated("t2", role="Tester")])

    assert [(n.number, n.description, n.quantity, n.amount) for n in drafted.lines] == [
        (1, "Architect, t1, 2026-03-05 to 2026-03-05", 8, eur(1_200)),
        (2, "Tester, t2, 2026-03-05 to 2026-03-05", 8, eur(1_200)),
        (3, "Go-live", 1, eur(20_000)),
        (4, "Design", 1, eur(5_000)),
    ]
    assert drafted.lineage == {1: ("t1",), 2: ("t2",), 3: ("f9",), 4: ("f8",)}
    assert drafted.lines[3].profit_centre == "pc1"


def test_a_price_alone_is_the_first_line() -> None:
    [line] = draft_lines([GO_LIVE]).lines

    assert (line.number, line.kind, line.unit_price) == (1, LineKind.MILESTONE, eur(20_000))


def test_two_results_of_one_price_are_two_lines() -> None:
    drafted = draft_lines([milestone("f1", "Design", 5_000), milestone("f2", "Test", 5_000)])

    assert [(n.description, n.quantity) for n in drafted.lines] == [("Design", 1), ("Test", 1)]


def test_a_line_of_two_people_counts_them() -> None:
    entries = [rated("t1", worked_on="2026-03-09"), rated("t2", worked_on="2026-03-02")]

    assert describe_hours(entries) == "Architect, 2 people, 2026-03-02 to 2026-03-09"
