from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rules.facts import day, eur, month

from isthmus.rules.periods import (
    ClosedPeriodPolicy,
    Part,
    Posted,
    Posting,
    Spanning,
    invoice_day,
    period_for,
    post_parts,
    posting_day,
)
from isthmus.rules.problems import Problem

YEAR = month(1, id="2026", name="FY 2026", ends_on="2026-12-31")
MONTHS = (month(1, "closed"), month(2, "locked"), month(3), month(4))


def test_the_month_goes_before_its_year() -> None:
    assert period_for(day("2026-03-31"), (YEAR, *MONTHS), "le1") == MONTHS[2]
    assert period_for(day("2026-08-01"), (YEAR, *MONTHS), "le1") == YEAR
    assert period_for(day("2027-01-01"), (YEAR, *MONTHS), "le1") is None


def test_a_companys_own_period_goes_before_a_shared_one_and_never_serves_another() -> None:
    own = month(3, "closed", id="own", legal_entity="le1")
    assert period_for(day("2026-03-05"), (month(3), own), "le1") == own
    assert period_for(day("2026-03-05"), (month(3), own), "le2") == month(3)
    assert period_for(day("2026-03-05"), (own,), None) is None


@pytest.mark.parametrize("policy", list(ClosedPeriodPolicy))
def test_an_open_period_keeps_the_day(policy: ClosedPeriodPolicy) -> None:
    posting = posting_day(day("2026-03-05"), MONTHS, policy)
    assert posting == Posting(day("2026-03-05"), MONTHS[2])


@pytest.mark.parametrize(("text", "state"), [("2026-01-31", "closed"), ("2026-02-01", "locked")])
def test_hold_waits_for_the_period(text: str, state: str) -> None:
    problem = posting_day(day(text), MONTHS, "hold")
    assert isinstance(problem, Problem)
    assert (problem.code, problem.owner) == ("period_closed", "finance")
    assert problem.reason.endswith(f"is {state}")


def test_redating_takes_the_first_day_of_the_first_open_period() -> None:
    posting = posting_day(day("2026-01-31"), tuple(reversed(MONTHS)), "redate_to_first_open")
    assert posting == Posting(day("2026-03-01"), MONTHS[2])


def test_redating_never_goes_back_and_never_crosses_companies() -> None:
    other = month(5, legal_entity="le2")
    problem = posting_day(
        day("2026-04-10"), (month(3), month(4, "closed"), other), "redate_to_first_open", "le1"
    )
    assert isinstance(problem, Problem)
    assert problem.code == "period_closed"


def test_a_day_without_a_period_is_a_problem_under_every_policy() -> None:
    for policy in ClosedPeriodPolicy:
        problem = posting_day(day("2025-12-31"), MONTHS, policy)
        assert isinstance(problem, Problem)
        assert problem.code == "period_missing"
        assert "2025-12-31" in problem.reason


MARCH_TO_APRIL = (
    Part(eur(100), day("2026-03-20")),
    Part(eur(40), day("2026-04-10")),
    Part(eur(60), day("2026-03-31")),
)
CLOSED_MARCH = (month(3, "closed"), month(4), month(5))


def outcomes(policy: ClosedPeriodPolicy, spanning: Spanning) -> list[str]:
    found = post_parts(MARCH_TO_APRIL, CLOSED_MARCH, policy, spanning)
    return [str(each.posting.day) if isinstance(each, Posted) else each.why.code for each in found]


@pytest.mark.parametrize(
    ("policy", "spanning", "expected"),
    [
        ("hold", "whole", ["period_closed"] * 3),
        ("hold", "split", ["period_closed", "2026-04-10", "period_closed"]),
        ("redate_to_first_open", "whole", ["2026-04-10"] * 3),
        ("redate_to_first_open", "split", ["2026-04-01", "2026-04-10", "2026-04-01"]),
    ],
)
def test_a_transaction_over_a_closed_and_an_open_period(
    policy: str, spanning: str, expected: list[str]
) -> None:
    assert outcomes(ClosedPeriodPolicy(policy), Spanning(spanning)) == expected


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["open", "closed", "locked"]), min_size=4, max_size=4),
    st.lists(st.tuples(st.integers(-100, 100), st.integers(0, 119)), max_size=8),
    st.sampled_from(ClosedPeriodPolicy),
    st.sampled_from(Spanning),
)
def test_no_part_loses_its_day_or_its_amount(
    states: list[str],
    given_parts: list[tuple[int, int]],
    policy: ClosedPeriodPolicy,
    spanning: Spanning,
) -> None:
    periods = [month(number, state) for number, state in enumerate(states, start=1)]
    parts = [Part(eur(n), day("2026-01-01") + timedelta(days=d)) for n, d in given_parts]
    found = post_parts(parts, periods, policy, spanning)

    assert [(each.amount, each.worked_on) for each in found] == [
        (part.amount, part.worked_on) for part in parts
    ]
    posted = [each for each in found if isinstance(each, Posted)]
    assert all(each.posting.period.state == "open" for each in posted)
    assert all(each.posting.day >= each.worked_on for each in posted)
    if spanning is Spanning.WHOLE:
        assert len({type(each) for each in found}) <= 1
        assert len({each.posting.day for each in posted}) <= 1


def test_an_invoice_that_waits_keeps_its_day_and_its_closed_period() -> None:
    assert invoice_day(day("2026-01-31"), MONTHS, "hold") == Posting(day("2026-01-31"), MONTHS[0])
    assert invoice_day(day("2026-01-31"), MONTHS, "redate_to_first_open") == Posting(
        day("2026-03-01"), MONTHS[2]
    )
    missing = invoice_day(day("2025-12-31"), MONTHS, "hold")
    assert isinstance(missing, Problem)
    assert missing.code == "period_missing"
