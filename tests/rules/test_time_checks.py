from dataclasses import replace
from typing import Any

import pytest
from tests.rules.facts import assignment, contract, day, entry, eur, month, phase, project, usd

from isthmus.canonical import TimeEntry
from isthmus.canonical.project import ProjectStatus
from isthmus.canonical.rate_card import RateUnit
from isthmus.canonical.time_entry import Approval
from isthmus.rules.rating import Rated, Unrated
from isthmus.rules.time_checks import (
    EntryContext,
    PsaRatePolicy,
    check_entry,
    check_rate,
    check_unit,
    is_chargeable,
    no_rate,
)

MARCH = month(3)
AMENDED = contract(
    ends_on="2026-02-28",
    amendments=({"number": 1, "effective_on": "2026-03-01", "ends_on": "2026-09-30"},),
)


def context(**changes: Any) -> EntryContext:
    facts: dict[str, Any] = {
        "project": project(), "phase": phase(), "contract": contract(),
        "assignment": assignment(), "period": MARCH, "legal_entity": "le1",
        "cost_centre": "cc1", "profit_centre": "pc1", "person": "Consultant 17",
    }  # fmt: skip
    return EntryContext(**(facts | changes))


def codes(ctx: EntryContext, checked: TimeEntry | None = None) -> list[str]:
    return [p.code for p in check_entry(checked or entry(), ctx)]


def test_an_entry_in_order_has_no_problem() -> None:
    assert check_entry(entry(), context()) == ()
    assert check_entry(entry(), context(phase=None, assignment=None)) == ()


@pytest.mark.parametrize("approval", [Approval.DRAFT, Approval.SUBMITTED, Approval.REJECTED])
def test_the_unapproved_never_pass(approval: Approval) -> None:
    [problem] = check_entry(entry(approval=approval), context())
    assert (problem.code, problem.owner, problem.field) == ("not_approved", "pmo", "approval")
    assert problem.reason == (
        f"Consultant 17 on Plant rollout, 2026-03-05: the entry is {approval}, "
        "and only approved time is billed"
    )


@pytest.mark.parametrize(
    ("changes", "code", "owner"),
    [
        ({"project": None}, "project_missing", "integration"),
        ({"project": project(status="closed")}, "project_closed", "pmo"),
        ({"project": project(status="on_hold")}, "project_closed", "pmo"),
        ({"project": project(accepts_time=False)}, "project_closed", "pmo"),
        ({"phase": phase(ends_on="2026-03-04")}, "phase_closed", "pmo"),
        ({"phase": phase(starts_on="2026-03-06")}, "phase_closed", "pmo"),
        ({"assignment": assignment(ends_on="2026-03-04")}, "assignment_closed", "pmo"),
        ({"assignment": assignment(starts_on="2026-03-06")}, "assignment_closed", "pmo"),
        ({"assignment": assignment(accepts_time=False)}, "assignment_closed", "pmo"),
        ({"contract": None}, "contract_missing", "finance"),
        ({"contract": contract(starts_on="2026-03-06")}, "outside_contract", "finance"),
        ({"contract": contract(ends_on="2026-03-04")}, "outside_contract", "finance"),
        ({"legal_entity": None}, "legal_entity_missing", "finance"),
        ({"cost_centre": None}, "cost_centre_missing", "finance"),
        ({"profit_centre": None}, "profit_centre_missing", "finance"),
        ({"period": None}, "period_missing", "finance"),
        ({"period": month(3, "closed")}, "period_closed", "finance"),
        ({"period": month(3, "locked")}, "period_closed", "finance"),
    ],
)
def test_each_fault_is_found_alone_and_named(
    changes: dict[str, Any], code: str, owner: str
) -> None:
    [problem] = check_entry(entry(), context(**changes))
    assert (problem.code, problem.owner) == (code, owner)
    named = "project p1" if changes.get("project", "") is None else "Plant rollout"
    assert problem.reason.startswith(f"Consultant 17 on {named}, 2026-03-05: ")
    assert problem.fix.endswith("then replay.")


def test_a_ledger_asks_only_for_dimensions_that_it_has() -> None:
    missing = {"cost_centre": None, "profit_centre": None}
    assert codes(context(**missing)) == ["cost_centre_missing", "profit_centre_missing"]
    assert codes(context(**missing, needs_profit_centre=False)) == ["cost_centre_missing"]
    assert codes(context(**missing, needs_cost_centre=False)) == ["profit_centre_missing"]


@pytest.mark.parametrize(
    "changes",
    [
        {"phase": phase(starts_on="2026-03-05", ends_on="2026-03-05")},
        {"assignment": assignment(starts_on="2026-03-05", ends_on="2026-03-05")},
        {"contract": contract(starts_on="2026-03-05", ends_on="2026-03-05")},
        {"contract": contract(ends_on=None)},
        {"contract": AMENDED},
        {"project": project(status=ProjectStatus.PLANNED)},
    ],
)
def test_first_and_last_days_count(changes: dict[str, Any]) -> None:
    assert codes(context(**changes)) == []


def test_an_amendment_extends_from_its_own_day_only() -> None:
    late = contract(
        ends_on="2026-02-28",
        amendments=({"number": 1, "effective_on": "2026-03-10", "ends_on": "2026-09-30"},),
    )
    [problem] = check_entry(entry(), context(contract=late))
    assert "contract C-1001 covers 2026-01-01 to 2026-02-28" in problem.reason
    assert codes(context(contract=late), entry(worked_on="2026-03-10")) == []


def test_all_faults_are_told_at_once_and_none_that_only_follows_from_another() -> None:
    everything = context(
        project=None, contract=None, period=None, legal_entity=None, cost_centre=None
    )
    assert codes(everything, entry(approval="draft")) == [
        "not_approved", "project_missing", "legal_entity_missing", "cost_centre_missing",
        "period_missing",
    ]  # fmt: skip


def test_a_closed_phase_is_named_with_its_days() -> None:
    [problem] = check_entry(entry(), context(phase=phase(ends_on="2026-03-04")))
    assert problem.reason.endswith("phase Blueprint runs from any day to 2026-03-04")
    assert problem.fix == (
        "Move the time to a phase that is open on 2026-03-05, or change the dates of Blueprint "
        "in the PSA, then replay."
    )


RATED = Rated(eur("150.00"), "id", "RC-1", "company rate card", day("2026-01-01"), ())


@pytest.mark.parametrize("stamped", [None, eur("150.00"), eur("150")])
def test_a_rate_that_agrees_or_is_absent_is_fine(stamped: object) -> None:
    assert check_rate(entry(source_rate=stamped), RATED) is None


@pytest.mark.parametrize("stamped", [eur("149.99"), usd("150.00"), eur("0")])
def test_a_rate_that_disagrees_is_an_exception(stamped: object) -> None:
    problem = check_rate(entry(source_rate=stamped), RATED, PsaRatePolicy.MUST_AGREE)
    assert problem is not None
    assert (problem.code, problem.owner, problem.field) == (
        "rate_mismatch", "finance", "source_rate",
    )  # fmt: skip
    assert str(stamped) in problem.reason
    assert "RC-1 of the company rate card says 150.00 EUR" in problem.reason
    assert check_rate(entry(source_rate=stamped), RATED, PsaRatePolicy.IGNORE) is None


def test_a_price_per_day_does_not_price_hours() -> None:
    daily = replace(RATED, rate=eur("1100.00"), unit=RateUnit.DAY)
    problem = check_unit(daily)
    assert problem is not None
    assert (problem.code, problem.reason) == (
        "rate_unit",
        "RC-1 of the company rate card is 1,100.00 EUR per day, "
        "and the entry is billed by the hour",
    )
    assert check_unit(RATED) is None


@pytest.mark.parametrize(
    ("code", "fix", "field"),
    [
        ("rate_missing", "Add or extend the rate card in the PSA, then replay.", "bill_rate"),
        (
            "rate_currency",
            "Agree on a rate in the currency of the project, or take it off the entry, "
            "then replay.",
            "agreed_rate",
        ),
    ],
)
def test_work_without_a_rate_is_mended_where_the_rate_is_kept(
    code: Any, fix: str, field: str
) -> None:
    problem = no_rate(Unrated(code, "no rate", ()))
    assert (problem.code, problem.fix, problem.field) == (code, fix, field)


def test_any_no_makes_it_not_chargeable() -> None:
    billable = assignment()
    assert is_chargeable(entry(), project(), billable)
    assert is_chargeable(entry(), project(), None)
    assert not is_chargeable(entry(is_billable=False), project(), billable)
    assert not is_chargeable(entry(), project(is_billable=False), billable)
    assert not is_chargeable(entry(), project(), assignment(is_billable=False))
    assert not is_chargeable(entry(), project(billing_model="fixed_fee"), billable)
