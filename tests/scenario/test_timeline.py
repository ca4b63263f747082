"""What waits, for what, and on which day it goes on."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.rules.facts import day, eur
from tests.scenario.files import played, written

from isthmus.kit.money import Money
from isthmus.scenario import Outcome, ScenarioFile, World, play
from isthmus.scenario.month import Month

FIRM = """\
scenario: A test
currency: EUR
people: {Consultant 1: {role: Tester, cost: 60}, Consultant 2: {role: Tester, cost: 50}}
rate_cards: [{role: Tester, rate: 100, from: 2026-01-01}]
"""
HOURLY = "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01}}\n"


def outcome(folder: Path, *parts: str) -> Outcome:
    return played(written(folder, FIRM + "".join(parts)))


def test_an_invoice_for_a_closed_month_waits_as_it_is_until_the_month_opens(
    tmp_path: Path,
) -> None:
    found = outcome(
        tmp_path, HOURLY,
        "time: [{on: 2026-03-10, who: Consultant 1, hours: 8}]\n"
        "periods: [{month: 2026-03, closed: 2026-04-05, opened_again: 2026-04-20}]\n"
        "runs: [{on: 2026-04-10, up_to: 2026-03-31}]\n",
    )  # fmt: skip

    assert [(i.on, i.posted, i.net) for i in found.invoices] == [
        (day("2026-03-31"), day("2026-04-20"), eur(800))
    ]
    assert [(r.what, r.reason, r.amount, r.since) for r in found.released] == [
        ("invoice of 2026-03-31", "period_closed", eur(800), day("2026-04-10"))
    ]


def test_an_invoice_still_waits_at_the_end(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY,
        "time: [{on: 2026-03-10, who: Consultant 1, hours: 8}]\n"
        "periods: [{month: 2026-03, closed: 2026-04-05}]\n"
        "runs: [{on: 2026-04-10, up_to: 2026-03-31}, {on: 2026-04-30, up_to: 2026-03-31}]\n",
    )  # fmt: skip

    assert found.invoices == ()
    assert [(h.what, h.reason, h.amount) for h in found.held] == [
        ("invoice of 2026-03-31", "period_closed", eur(800))
    ]
    assert found.to_invoice == {}


def test_work_that_no_run_has_reached_is_still_to_invoice(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY,
        "time: [{on: 2026-03-10, who: Consultant 1, hours: 8},"
        " {on: 2026-04-10, who: Consultant 1, hours: 1}]\n"
        "runs: [{on: 2026-04-30, up_to: 2026-03-31}]\n",
    )  # fmt: skip

    assert [i.net for i in found.invoices] == [eur(800)]
    assert found.to_invoice == {"Tests": eur(100)}


def test_time_on_a_closed_phase_or_project_or_after_the_contract_is_held(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
        " ends: 2026-03-31}}\n"
        "projects:\n"
        "  Tests: {phases: {Design: {ends: 2026-02-28}}}\n"
        "  Extra: {contract: Tests, closed: 2026-03-15}\n"
        "  Gift: {contract: Tests, billable: false}\n"
        "time:\n"
        "  - {on: 2026-03-01, who: Consultant 1, phase: Design, hours: 1}\n"
        "  - {on: 2026-03-02, who: Consultant 1, project: Extra, hours: 2}\n"
        "  - {on: 2026-03-03, who: Consultant 1, project: Extra, hours: 3, approved: 2026-03-15}\n"
        "  - {on: 2026-03-04, who: Consultant 1, project: Gift, hours: 4}\n"
        "  - {on: 2026-04-01, who: Consultant 1, hours: 5}\n",
    )  # fmt: skip

    assert [(h.what, h.reason) for h in found.held] == [
        ("Consultant 1, 2026-03-01, 1 h", "phase_closed"),
        ("Consultant 1, 2026-03-03, 3 h", "project_closed"),
        ("Consultant 1, 2026-04-01, 5 h", "outside_contract"),
    ]
    assert found.to_invoice == {"Tests": eur(200)}


def test_hours_of_a_fixed_fee_cost_and_are_not_billed(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Plant: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " value: 10000, recognition: {method: cost_to_cost, expected_cost: 6000}}}\n"
        "time:\n"
        "  - {on: 2026-03-10, who: Consultant 1, hours: 10}\n"
        "  - {on: 2026-03-11, who: Consultant 2, hours: 12}\n",
    )  # fmt: skip

    assert found.invoices == found.held == ()
    assert found.revenue == {"Plant": {Month(2026, 3): eur(2000)}}
    assert found.unbilled["Plant"][Month(2026, 3)] == eur(2000)


def test_hours_known_after_their_month_was_closed_earn_in_the_next(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Plant: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " value: 1000, recognition: {method: time_based, expected_hours: 40}}}\n"
        "periods: [{month: 2026-03, closed: 2026-04-05}]\n"
        "time:\n"
        "  - {on: 2026-03-10, who: Consultant 1, hours: 8}\n"
        "  - {on: 2026-03-11, who: Consultant 1, hours: 2, approved: 2026-04-04}\n"
        "  - {on: 2026-03-12, who: Consultant 1, hours: 10, approved: 2026-04-05}\n",
    )  # fmt: skip

    assert found.revenue == {"Plant": {Month(2026, 3): eur(250), Month(2026, 4): eur(250)}}


def test_progress_beyond_the_estimate_stops_the_revenue_of_that_month(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Plant: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " value: 1000, recognition: {method: time_based, expected_hours: 40}}}\n"
        "progress: [{on: 2026-03-31, hours: 30}, {on: 2026-04-30, hours: 41}]\n",
    )  # fmt: skip

    assert found.revenue == {"Plant": {Month(2026, 3): eur(750)}}
    [held] = found.held
    assert (held.what, held.reason, held.problems[0].owner) == (
        "revenue of 2026-04", "progress_unusable", "finance",
    )  # fmt: skip


def test_a_stated_price_is_what_is_earned_whatever_the_value_becomes(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Care: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " ends: 2026-04-30, value: 5000, recognition: {method: ratable, price: 610}}}\n"
        "amendments: [{effective: 2026-04-01, value_change: 700}]\n",
    )  # fmt: skip

    assert found.revenue == {"Care": {Month(2026, 3): eur(310), Month(2026, 4): eur(300)}}


@pytest.mark.parametrize("treatment", ["prospective", "catch_up", "separate_contract"])
def test_every_treatment_earns_all_there_is_and_leaves_what_was_earned(
    tmp_path: Path, treatment: str
) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Care: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " ends: 2026-04-30, value: 610, recognition: {method: ratable}}}\n"
        f"amendments: [{{effective: 2026-04-01, value_change: 60, treatment: {treatment}}}]\n",
    )

    assert found.revenue == {"Care": {Month(2026, 3): eur(310), Month(2026, 4): eur(360)}}


def test_a_change_counts_from_the_day_it_is_signed(tmp_path: Path) -> None:
    """10 a day while it is unsigned; 1,012 in all, of which 610 are earned by April."""
    found = outcome(
        tmp_path,
        "contracts: {Care: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " ends: 2026-05-31, value: 920, recognition: {method: ratable}}}\n"
        "amendments: [{effective: 2026-04-01, signed: 2026-05-04, value_change: 92,"
        " treatment: catch_up}]\n",
    )  # fmt: skip

    assert found.revenue == {
        "Care": {Month(2026, 3): eur(310), Month(2026, 4): eur(300), Month(2026, 5): eur(402)}
    }


def test_a_milestone_of_an_hourly_contract_brings_its_hours_along(tmp_path: Path) -> None:
    """It is invoiced at once, with what its contract has unbilled up to the day of delivery."""
    found = outcome(
        tmp_path, HOURLY,
        "time: [{on: 2026-03-09, who: Consultant 1, hours: 2},"
        " {on: 2026-03-11, who: Consultant 1, hours: 3}]\n"
        "milestones: {Report: {amount: 500, delivered: 2026-03-10, accepted: 2026-03-12}}\n",
    )  # fmt: skip
    [invoice] = found.invoices

    assert (invoice.on, invoice.posted, invoice.net) == (
        day("2026-03-10"), day("2026-03-12"), eur(700),
    )  # fmt: skip
    assert [(line.kind, line.amount) for line in invoice.lines] == [
        ("time", eur(200)), ("milestone", eur(500)),
    ]  # fmt: skip
    assert found.to_invoice == {"Tests": eur(300)}


def test_two_cards_for_one_hour_are_for_a_person_to_decide(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY.replace("Tests", "Other"),
        "time: [{on: 2026-03-09, who: Consultant 1, hours: 2, role: Trainer}]\n",
    )  # fmt: skip
    twice = written(
        tmp_path,
        (FIRM + HOURLY).replace(
            "rate_cards: [", "rate_cards: [{role: Tester, rate: 100, from: 2026-01-01}, "
        )
        + "time: [{on: 2026-03-09, who: Consultant 1, hours: 2}]\n",
    )

    assert [h.reason for h in found.held] == ["rate_missing"]
    assert [h.reason for h in played(twice).held] == ["rate_ambiguous"]


def test_without_an_end_it_is_played_to_the_end_of_the_last_month(tmp_path: Path) -> None:
    care = (
        "contracts: {Care: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " ends: 2026-12-31, value: 306, recognition: {method: ratable}}}\n"
    )
    assert outcome(tmp_path, care).revenue == {"Care": {Month(2026, 3): eur(31)}}
    assert outcome(tmp_path, care, "until: 2026-04-15\n").revenue == {
        "Care": {Month(2026, 3): eur(31), Month(2026, 4): eur(15)}
    }


an_entry = st.fixed_dictionaries(
    {
        "on": st.dates(date(2026, 3, 1), date(2026, 3, 6)).map(date.isoformat),
        "who": st.sampled_from(["Consultant 1", "Consultant 2"]),
        "hours": st.sampled_from([1, 4, 8]),
        "approved": st.dates(date(2026, 3, 6), date(2026, 4, 12)).map(date.isoformat),
        "billable": st.sampled_from([True, True, True, False]),
    }
)


def capped(entries: list[dict[str, object]]) -> Outcome:
    return play(World(ScenarioFile.model_validate({
        "scenario": "Generated", "currency": "EUR",
        "people": {"Consultant 1": {"role": "A"}, "Consultant 2": {"role": "B"}},
        "rate_cards": [{"role": "A", "rate": 100, "from": "2026-01-01"},
                       {"role": "B", "rate": 150, "from": "2026-01-01"}],
        "contracts": {"Capped": {"customer": "Client A", "billing": "t_and_m", "cap": 2000,
                                 "starts": "2026-01-01",
                                 "recognition": {"method": "right_to_invoice"}}},
        "amendments": [{"effective": "2026-03-04", "signed": "2026-04-08", "value_change": 700}],
        "periods": [{"month": "2026-03", "closed": "2026-04-05", "opened_again": "2026-04-10"}],
        "time": entries,
        "runs": [{"on": "2026-04-02", "up_to": "2026-03-31"}, {"on": "2026-04-30"}],
    }, context={"currency": "EUR"})))  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(an_entry, max_size=9).flatmap(
        lambda entries: st.tuples(st.just(entries), st.permutations(entries))
    )
)
def test_every_approved_hour_is_invoiced_or_held_in_any_order(
    orders: tuple[list[dict[str, object]], list[dict[str, object]]],
) -> None:
    entries, other = orders
    found = capped(entries)
    rates = {"Consultant 1": 100, "Consultant 2": 150}
    approved = sum(int(str(e["hours"])) * rates[str(e["who"])] for e in entries if e["billable"])
    invoiced = Money.total((i.net for i in found.invoices), "EUR")
    held = Money.total((h.amount for h in found.held if h.amount), "EUR")
    earned = Money.total(found.revenue["Capped"].values(), "EUR")

    assert found == capped(other)
    assert invoiced + held == eur(approved)
    assert earned == invoiced <= eur(2700)


def test_an_excess_that_is_justified_after_its_invoice_is_billed_by_itself(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
        " expenses: {markup_percent: 5, categories: [{category: Hotel, limit: 120}]}}}\n"
        "expenses: [{on: 2026-03-11, who: Consultant 1, category: Hotel, quantity: 2,"
        " amount: 300, justified: 2026-04-07}]\n"
        "runs: [{on: 2026-04-01, up_to: 2026-03-31}, {on: 2026-05-01, up_to: 2026-04-30}]\n",
    )  # fmt: skip

    assert [invoice.net for invoice in found.invoices] == [eur(252), eur(63)]
    assert found.held == ()
    assert [(r.amount, r.released) for r in found.released] == [(eur(60), day("2026-04-07"))]
    assert [journal.lines[0].debit for journal in found.journals] == [eur(300)]


def test_an_expense_of_a_closed_month_waits_with_its_cost(tmp_path: Path) -> None:
    expense = (
        "expenses: [{on: 2026-03-11, who: Consultant 1, category: Hotel, amount: 300,"
        " approved: 2026-04-06}]\n"
        "periods: [{month: 2026-03, closed: 2026-04-05}]\n"
    )
    waits = outcome(tmp_path, HOURLY, expense)
    moved = outcome(tmp_path, HOURLY, expense, "policies: {closed_period: redate_to_first_open}\n")

    assert [(h.reason, h.amount) for h in waits.held] == [("period_closed", eur(300))]
    assert waits.journals == ()
    assert moved.to_invoice == {"Tests": eur(300)}
    assert [journal.on for journal in moved.journals] == [day("2026-04-01")]


TIERED = (
    "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
    " time: {tiers: [{up_to_hours: 10, rate: 90}, {rate: 80}]}}}\n"
    "time:\n"
    "  - {on: 2026-03-10, who: Consultant 1, hours: 8}\n"
    "  - {on: 2026-03-09, who: Consultant 1, hours: 4, approved: 2026-04-07}\n"
)


def test_an_earlier_hour_that_comes_late_has_the_first_tier_unless_it_is_invoiced(
    tmp_path: Path,
) -> None:
    """12 hours are 10 at 90 and 2 at 80 in any case; which hours are the cheap ones differs."""
    open_still = outcome(tmp_path, TIERED, "runs: [{on: 2026-05-01, up_to: 2026-04-30}]\n")
    invoiced = outcome(
        tmp_path, TIERED,
        "runs: [{on: 2026-04-01, up_to: 2026-03-31}, {on: 2026-05-01, up_to: 2026-04-30}]\n",
    )  # fmt: skip

    cheap = [line for line in open_still.invoices[0].lines if line.price == eur(80)]
    assert [(line.text[-10:], line.amount) for line in cheap] == [("2026-03-10", eur(160))]
    assert [invoice.net for invoice in invoiced.invoices] == [eur(720), eur(340)]
    assert [line.text[-10:] for line in invoiced.invoices[1].lines] == ["2026-03-09"] * 2


def test_a_cap_of_the_client_counts_its_other_contracts(tmp_path: Path) -> None:
    one = "{customer: Client A, billing: t_and_m, starts: 2026-01-01, caps: [%s]}"
    cap = "{level: customer, amount: 1000, policy: split}"
    found = outcome(
        tmp_path,
        f"contracts: {{First: {one % cap}, Second: {one % cap}}}\n"
        "time:\n"
        "  - {on: 2026-03-10, who: Consultant 1, contract: First, hours: 7}\n"
        "  - {on: 2026-03-11, who: Consultant 1, contract: Second, hours: 4}\n",
    )

    assert found.to_invoice == {"First": eur(700), "Second": eur(300)}
    assert [(h.what, h.amount) for h in found.held] == [
        ("Consultant 1, 2026-03-11, 1 h of 4 h", eur(100))
    ]


def test_a_price_that_was_agreed_for_an_entry_goes_before_the_list(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY,
        "time: [{on: 2026-03-10, who: Consultant 1, hours: 2, agreed_rate: 77.50}]\n",
    )  # fmt: skip

    assert found.to_invoice == {"Tests": eur(155)}


def test_tax_is_rounded_as_the_contract_says(tmp_path: Path) -> None:
    """Two expenses of 10.02 at 21 %: 2.1042 each. Together 4.2084, so 4.21; by line 2.10 twice."""
    taxes = {}
    for rounding in ("category", "line"):
        found = outcome(
            tmp_path,
            "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
            f" tax: {{percent: 21, rounding: {rounding}}}}}}}\n"
            "expenses:\n"
            "  - {on: 2026-03-11, who: Consultant 1, category: Fare, amount: 10.02}\n"
            "  - {on: 2026-03-12, who: Consultant 1, category: Fare, amount: 10.02}\n"
            "runs: [{on: 2026-04-01, up_to: 2026-03-31}]\n",
        )
        taxes[rounding] = [(invoice.tax, invoice.total) for invoice in found.invoices]

    assert taxes == {
        "category": [(eur("4.21"), eur("24.25"))], "line": [(eur("4.20"), eur("24.24"))],
    }  # fmt: skip


def test_two_invoices_of_a_contract_on_one_day(tmp_path: Path) -> None:
    found = outcome(
        tmp_path, HOURLY,
        "time: [{on: 2026-03-10, who: Consultant 1, hours: 2},"
        " {on: 2026-04-10, who: Consultant 1, hours: 3}]\n"
        "runs: [{on: 2026-05-01, up_to: 2026-03-31}, {on: 2026-05-01, up_to: 2026-04-30}]\n",
    )  # fmt: skip

    assert [(invoice.on, invoice.net) for invoice in found.invoices] == [
        (day("2026-03-31"), eur(200)), (day("2026-04-30"), eur(300)),
    ]  # fmt: skip


def test_terms_that_cannot_be_followed_hold_the_hours_of_their_contract(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Tests: {customer: Client A, billing: t_and_m, starts: 2026-01-01,"
        " time: {tiers: [{rate: 90}, {up_to_hours: 10, rate: 80}]}}}\n"
        "time: [{on: 2026-03-10, who: Consultant 1, hours: 2}]\n",
    )  # fmt: skip

    assert [(h.what, h.reason) for h in found.held] == [("hours of Tests", "tiers_unusable")]
    assert found.to_invoice == {}


def test_nothing_is_kept_of_a_milestone_after_the_final_acceptance(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "contracts: {Plant: {customer: Client A, billing: fixed_fee, starts: 2026-03-01,"
        " retention: {percent: 10, released: 2026-04-30}}}\n"
        "milestones:\n"
        "  Design: {amount: 1000, delivered: 2026-03-10, accepted: 2026-03-12}\n"
        "  Training: {amount: 500, delivered: 2026-05-10, accepted: 2026-05-12}\n",
    )  # fmt: skip

    assert [invoice.net for invoice in found.invoices] == [eur(900), eur(100), eur(500)]
