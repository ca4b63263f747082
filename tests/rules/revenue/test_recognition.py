"""What a contract has earned by a month's end, per method, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from isthmus.canonical import Contract
from isthmus.canonical.contract import Amendment, Terms
from isthmus.canonical.revenue import RecognitionMethod
from isthmus.canonical.terms import RecognitionTerms
from isthmus.kit.money import Money
from isthmus.rules.problems import Problem
from isthmus.rules.revenue.milestone import Deliverable
from isthmus.rules.revenue.recognition import Credited, Evidence, Worked, earned_by_month
from isthmus.rules.revenue.time_and_materials import CappedTime

JULY, AUGUST, SEPTEMBER = date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)


def eur(amount: str | int) -> Money:
    return Money.of(amount, "EUR")


def contract(
    method: str | None = None, terms: dict[str, Any] | None = None, **more: Any
) -> Contract:
    recognition = (
        RecognitionTerms(method=RecognitionMethod(method), **terms or {}) if method else None
    )
    values: dict[str, Any] = {
        "id": "c", "number": "C-1", "customer": "k", "opportunity": "o", "legal_entity": "EA-NL",
        "billing_model": "t_and_m", "currency": "EUR", "starts_on": JULY,
        "terms": Terms(recognition=recognition), **more,
    }  # fmt: skip
    return Contract(**values)


def work(day: str, hours: str, rate: int = 150, cost: str | None = None) -> Worked:
    spent = eur(cost) if cost else None
    return Worked(date.fromisoformat(day), Decimal(hours), eur(rate).times(Decimal(hours)), spent)


def moved(of: Contract, evidence: Evidence, *months: date) -> list[Money]:
    found = earned_by_month(of, evidence, months or (JULY, AUGUST, SEPTEMBER))
    assert not isinstance(found, Problem), found
    assert sum((m.movement.amount for m in found), Decimal(0)) == found[-1].to_date.amount
    return [month.movement for month in found]


def stopped(of: Contract, evidence: Evidence) -> tuple[str, str]:
    found = earned_by_month(of, evidence, [JULY])
    assert isinstance(found, Problem)
    return found.code, found.owner


def test_hours_are_earned_in_the_month_of_the_work_at_their_rates() -> None:
    evidence = Evidence((work("2026-07-31", "8"), work("2026-08-01", "0.5", 165)))
    assert moved(contract(), evidence) == [eur(1200), eur("82.50"), eur(0)]


def test_a_credit_takes_back_revenue_in_its_own_month() -> None:
    evidence = Evidence(
        (work("2026-07-10", "8"), work("2026-08-10", "1")),
        credited=(Credited(date(2026, 8, 20), eur(300)),),
    )
    assert moved(contract(), evidence) == [eur(1200), eur(-150), eur(0)]


def test_under_a_cap_that_binds_hours_earn_a_part_of_the_cap() -> None:
    """40 of 120 hours of 12,000; at 150 they would be 6,000."""
    of = contract("time_based", {"expected_hours": Decimal(120)}, cap=eur(12000))
    evidence = Evidence((work("2026-07-10", "40"), work("2026-08-10", "80")))
    assert moved(of, evidence) == [eur(4000), eur(8000), eur(0)]


def test_a_cap_that_does_not_bind_changes_nothing() -> None:
    of = contract("right_to_invoice", {"expected_hours": Decimal(80)}, cap=eur(12000))
    assert moved(of, Evidence((work("2026-07-10", "40"),)), JULY) == [eur(6000)]


def test_as_invoiced_needs_no_estimate_and_stops_at_the_cap() -> None:
    evidence = Evidence(
        (work("2026-07-10", "70"), work("2026-08-10", "30")), when_capped=CappedTime.AS_INVOICED
    )
    assert moved(contract(cap=eur(12000)), evidence) == [eur(10500), eur(1500), eur(0)]


def test_a_raised_estimate_takes_revenue_back_from_the_day_it_holds() -> None:
    later = RecognitionTerms(method=RecognitionMethod.TIME_BASED, expected_hours=Decimal(160))
    of = contract(
        "time_based", {"expected_hours": Decimal(120)}, cap=eur(12000),
        amendments=(Amendment(number=1, effective_on=AUGUST, terms=Terms(recognition=later)),),
    )  # fmt: skip
    evidence = Evidence((work("2026-07-10", "60"),))
    assert moved(of, evidence) == [eur(6000), eur(-1500), eur(0)]


def test_milestones_are_earned_when_they_are_accepted() -> None:
    evidence = Evidence(
        accepted=(
            Deliverable("Design", eur("12000.50"), accepted_on=date(2026, 7, 20)),
            Deliverable("Build", eur("20000.25"), accepted_on=date(2026, 9, 1)),
            Deliverable("Run", eur(5000), delivered_on=date(2026, 7, 1)),
        )
    )
    of = contract(billing_model="fixed_fee")
    assert moved(of, evidence) == [eur("12000.50"), eur(0), eur("20000.25")]


def test_cost_over_expected_cost_earns_the_price_with_its_amendments() -> None:
    """30 of 90 of 99,000; then 45 of 90 of 109,000."""
    of = contract(
        "cost_to_cost", {"expected_cost": eur(90000)}, billing_model="fixed_fee", value=eur(99000),
        amendments=(Amendment(number=1, effective_on=AUGUST, value_change=eur(10000)),),
    )  # fmt: skip
    evidence = Evidence(
        (work("2026-07-10", "300", cost="30000"), work("2026-08-10", "150", cost="15000"))
    )
    assert moved(of, evidence) == [eur(33000), eur(21500), eur(0)]


def test_a_term_earns_by_its_days_and_adds_up() -> None:
    of = contract("ratable", value=eur(10000), ends_on=date(2026, 9, 30))
    assert moved(of, Evidence()) == [eur("3369.57"), eur("3369.56"), eur("3260.87")]


def test_an_amendment_of_a_term_changes_the_days_to_come_alone() -> None:
    """920 over 92 days is 10 a day; from 1 September 300 + 150 over 30 days is 15."""
    of = contract(
        "ratable", value=eur(920), ends_on=date(2026, 9, 30),
        amendments=(Amendment(number=1, effective_on=SEPTEMBER, value_change=eur(150)),),
    )  # fmt: skip
    assert moved(of, Evidence()) == [eur(310), eur(310), eur(450)]


def test_an_extension_spreads_the_rest_over_more_days() -> None:
    """300 left on 1 September, over 30 + 30 days with 300 more."""
    of = contract(
        "ratable", value=eur(920), ends_on=date(2026, 9, 30),
        amendments=(
            Amendment(
                number=1, effective_on=SEPTEMBER, value_change=eur(300), ends_on=date(2026, 10, 30)
            ),
        ),
    )  # fmt: skip
    months = (JULY, AUGUST, SEPTEMBER, date(2026, 10, 1), date(2026, 11, 1))
    assert moved(of, Evidence(), *months) == [eur(310), eur(310), eur(300), eur(300), eur(0)]


def test_nothing_is_earned_before_the_term() -> None:
    of = contract("ratable", {"starts_on": AUGUST}, value=eur(610), ends_on=date(2026, 9, 30))
    assert moved(of, Evidence()) == [eur(0), eur(310), eur(300)]


STOPS = {
    "no method": (
        contract(billing_model="retainer"), Evidence(), ("recognition_missing", "finance"),
    ),
    "no estimate of hours": (
        contract(cap=eur(12000)), Evidence((work("2026-07-10", "1"),)),
        ("expected_hours_missing", "pmo"),
    ),
    "no estimate of cost": (
        contract("cost_to_cost", value=eur(1)), Evidence(), ("expected_cost_missing", "pmo"),
    ),
    "no price by cost": (
        contract("cost_to_cost", {"expected_cost": eur(1)}), Evidence(),
        ("price_missing", "finance"),
    ),
    "no price by term": (
        contract("ratable", ends_on=SEPTEMBER), Evidence(), ("price_missing", "finance"),
    ),
    "no end": (contract("ratable", value=eur(1)), Evidence(), ("ends_on_missing", "pmo")),
    "no cost of an hour": (
        contract("cost_to_cost", {"expected_cost": eur(100)}, value=eur(1)),
        Evidence((work("2026-07-10", "1"),)), ("cost_rate_missing", "finance"),
    ),
    "more cost than expected": (
        contract("cost_to_cost", {"expected_cost": eur(100)}, value=eur(1)),
        Evidence((work("2026-07-10", "1", cost="101"),)), ("revenue_unusable", "pmo"),
    ),
    "an end before the start": (
        contract("ratable", value=eur(1), ends_on=date(2026, 6, 30)), Evidence(),
        ("revenue_unusable", "pmo"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STOPS)
def test_what_is_missing_is_a_problem_and_no_guess(name: str) -> None:
    of, evidence, expected = STOPS[name]
    assert stopped(of, evidence) == expected
