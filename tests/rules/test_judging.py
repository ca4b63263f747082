from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.rules.facts import (
    assignment,
    card,
    contract,
    customer,
    day,
    entity,
    entry,
    eur,
    month,
    project,
)

from isthmus.canonical import CostCentre, ProfitCentre, Resource
from isthmus.canonical.rate_card import RateUnit
from isthmus.rules.judging import Evidence
from isthmus.rules.periods import ClosedPeriodPolicy, Posting
from isthmus.rules.rating import RateBook

LISTED = card("RC-1", eur("150.00"), "2026-01-01")


def evidence(**changes: Any) -> Evidence:
    facts: dict[str, Any] = {
        "projects": {"p1": project(profit_centre="PC-A")},
        "phases": {},
        "contracts": {"k1": contract(minimum_increment=15)},
        "customers": {"c1": customer()},
        "assignments": {"a1": assignment()},
        "resources": {"r1": Resource(id="r1", name="Consultant 1", cost_centre="CC-1")},
        "entities": {"DE01": entity()},
        "cost_centres": {"CC-1": CostCentre(id="cc1", code="CC-1", name="Consulting")},
        "profit_centres": {"PC-A": ProfitCentre(id="pc1", code="PC-A", name="Plants")},
        "periods": {"DE01": (month(3), month(4))},
        "kept": {"DE01": frozenset({CostCentre, ProfitCentre})},
        "homes": {"t1": "psa"},
        "books": {"psa": RateBook.build([LISTED])},
    }
    return Evidence(**(facts | changes))


def codes(given: Evidence, **changes: Any) -> list[str]:
    verdict = given.judge(entry(**changes))
    assert verdict.rated is None
    return [problem.code for problem in verdict.problems]


def test_an_hour_in_order_is_rated_by_the_contracts_rules_with_its_dimensions() -> None:
    verdict = evidence().judge(entry(hours="1.1"))
    assert verdict.problems == ()
    assert verdict.period == month(3)
    rated = verdict.rated
    assert rated is not None
    assert (rated.billed_hours, rated.amount) == (Decimal("1.25"), eur("187.50"))
    assert (rated.work.label, rated.work.role) == ("Consultant 1", "Architect")
    assert (rated.work.cost_centre, rated.work.profit_centre, rated.work.rate_source) == (
        "cc1",
        "pc1",
        "id-RC-1",
    )


def test_everything_that_stands_in_the_way_is_said_at_once() -> None:
    given = evidence(cost_centres={}, entities={}, periods={})
    assert codes(given, approval="submitted") == [
        "not_approved", "legal_entity_missing", "cost_centre_missing", "period_missing",
    ]  # fmt: skip


def test_a_ledger_without_profit_centres_asks_for_none() -> None:
    given = evidence(profit_centres={}, kept={"DE01": frozenset({CostCentre})})
    verdict = given.judge(entry())
    assert verdict.rated is not None
    assert verdict.rated.work.profit_centre is None
    assert codes(evidence(profit_centres={}, kept={})) == ["profit_centre_missing"]


def test_work_that_is_not_billable_is_neither_rated_nor_a_problem() -> None:
    verdict = evidence().judge(entry(is_billable=False))
    assert (verdict.rated, verdict.problems) == (None, ())


def test_an_entry_without_a_price_or_with_a_days_price_is_held() -> None:
    assert codes(evidence(books={"psa": RateBook.build([])})) == ["rate_missing"]
    daily = RateBook.build([LISTED.changed(unit=RateUnit.DAY)])
    assert codes(evidence(books={"psa": daily})) == ["rate_unit"]


def test_one_psas_price_is_none_for_another_ones_hours() -> None:
    books = {"psa": RateBook.build([LISTED]), "other": RateBook.build([])}
    assert codes(evidence(books=books, homes={"t1": "other"})) == ["rate_missing"]


def test_a_rate_agreed_for_the_entry_is_its_rate() -> None:
    verdict = evidence().judge(entry(agreed_rate=eur("99.00"), hours="2"))
    assert verdict.rated is not None
    assert verdict.rated.amount == eur("198.00")


def test_work_of_a_closed_month_waits_or_moves_as_the_policy_says() -> None:
    shut = evidence(periods={"DE01": (month(3, "closed"), month(4))})
    assert codes(shut) == ["period_closed"]
    moving = replace(shut, closed_period=ClosedPeriodPolicy.REDATE)
    posting = moving.posting(entry())
    assert posting == Posting(day("2026-04-01"), month(4))
    verdict = moving.judge(entry())
    assert verdict.rated is not None
    assert verdict.rated.work.worked_on == day("2026-03-05")


def test_an_unknown_project_is_one_problem() -> None:
    assert codes(evidence(projects={}))[0] == "project_missing"
