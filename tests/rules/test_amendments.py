"""Prices agreed by amendment: which rate cards a project has, and what work is worth then."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import card, contract, customer, day, deal, eur, instalment, line, rated, usd

from isthmus.canonical import Contract, Opportunity, RateCard
from isthmus.canonical.contract import AgreedPrice
from isthmus.canonical.rate_card import RateUnit
from isthmus.kit.money import Money
from isthmus.rules.amendments import (
    CardPlan,
    cards_after,
    is_of_another_day,
    price_difference,
    value_on,
)
from isthmus.rules.contracts import amend, as_amending
from isthmus.rules.deals import DealContext
from isthmus.rules.engagement import check_amendment, demands_from, milestones_from, project_from
from isthmus.rules.problems import Problem

LISTED = card("RC-1", eur("150.00"), "2026-01-01", cost_rate=eur("80.00"))
KNOWN = DealContext(customer(), known_roles=frozenset({"Architect", "Tester"}))


def repriced(
    rate: str, starts_on: str = "2026-03-01", id: str = "o2", **changes: Any
) -> Opportunity:
    facts: dict[str, Any] = {
        "id": id, "name": "New price", "amends": "o1", "amount": None, "ends_on": None,
        "starts_on": starts_on, "billing_model": None,
        "lines": (line(quantity="0", unit_price=eur(rate), reprices=True),),
    }  # fmt: skip
    return deal(**(facts | changes))


def amended(*deals: Opportunity, **changes: Any) -> Contract:
    made = contract(**changes)
    for one in deals:
        made = amend(made, as_amending(one, made))
    return made


def codes(changed: Opportunity, terms: Contract | None = None) -> list[str]:
    return [p.code for p in check_amendment(changed, terms or contract(), KNOWN)]


def plan(contract_: Contract, *cards: RateCard) -> CardPlan:
    found = cards_after(cards, contract_, "p1")
    assert isinstance(found, CardPlan), found
    return found


def spans(cards: tuple[RateCard, ...]) -> list[tuple[str, str, str | None]]:
    return sorted(
        (str(c.bill_rate), str(c.effective_from), str(c.effective_to or "open")) for c in cards
    )


def test_a_line_that_reprices_is_a_price_from_the_deals_first_day() -> None:
    changed = amended(repriced("165.00"))
    assert changed.amendments[0].prices == (AgreedPrice(role="Architect", rate=eur("165.00")),)
    assert changed.prices_on(day("2026-02-28")) == {}
    assert changed.prices_on(day("2026-03-01")) == {"Architect": eur("165.00")}


def test_a_price_and_its_hours_are_both_sold() -> None:
    both = as_amending(repriced("165.00", lines=(
        line(quantity="20", unit_price=eur("165.00"), reprices=True),
        line("Only the price", role="Tester", quantity="0", unit_price=eur("90"), reprices=True),
    )), contract())  # fmt: skip
    [demand] = demands_from(both, project_from(both, contract(), "p1"), ["d1", "d2"])
    assert (demand.role, demand.hours, demand.bill_rate) == (
        "Architect", Decimal(20), eur("165.00"),
    )  # fmt: skip


def test_instalments_are_added_to_the_schedule_of_a_fixed_fee() -> None:
    more = repriced("1", amount=eur("5000.00"), lines=(
        instalment("Training", "5000.00", "2026-08-31"),
    ))  # fmt: skip
    first = contract(billing_model="fixed_fee", schedule=(
        {"description": "Go-live", "amount": eur("20000.00"), "due_on": "2026-05-31"},
    ))  # fmt: skip
    changed = amend(first, as_amending(more, first))
    assert [(i.description, i.amount) for i in changed.instalments] == [
        ("Go-live", eur("20000.00")), ("Training", eur("5000.00")),
    ]  # fmt: skip
    assert [i.description for i in changed.schedule] == ["Go-live"], "as it was signed"
    [milestone] = milestones_from(as_amending(more, first), project_from(more, first, "p1"), ["m1"])
    assert (milestone.amount, milestone.due_on) == (eur("5000.00"), day("2026-08-31"))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (repriced("0"), "price_not_positive"),
        (repriced("1", lines=(line(unit_price=usd("165"), reprices=True),)), "price_currency"),
        (repriced("1", lines=(line(role="Pilot", reprices=True),)), "role_unknown"),
        (repriced("1", lines=(line(reprices=True), line(reprices=True))), "price_twice"),
        (repriced("1", lines=(line(role=None, reprices=True),)), "line_role_missing"),
        (repriced("1", lines=(line(quantity="0"),)), "line_hours_missing"),
        (repriced("1", billing_model="fixed_fee"), "amendment_model"),
    ],
)
def test_what_a_repriced_line_must_say(changed: Opportunity, code: str) -> None:
    assert code in codes(changed)


def test_a_good_price_has_no_problem_and_needs_no_amount() -> None:
    assert codes(repriced("165.00")) == []


def test_a_fixed_fee_has_no_prices_and_more_of_it_has_days() -> None:
    fixed = contract(billing_model="fixed_fee")
    priced = repriced("165.00", lines=(
        line("Training", role=None, quantity="1", unit_price=eur("5000.00"),
             due_on="2026-08-31", reprices=True),
    ), amount=eur("5000.00"))  # fmt: skip
    assert codes(priced, fixed) == ["price_on_fixed_fee"]
    assert codes(repriced("1", lines=(), amount=eur("5000.00")), fixed) == ["instalments_missing"]
    assert codes(repriced("1", lines=(), amount=eur("-5000.00")), fixed) == []


def test_two_prices_of_one_role_may_not_start_on_the_same_day() -> None:
    first = amended(repriced("165.00"))
    assert codes(repriced("170.00", id="o3"), first) == ["price_same_day"]
    assert codes(repriced("170.00", "2026-03-02", id="o3"), first) == []
    assert codes(repriced("165.00"), first) == [], "the same deal again"


def test_the_agreed_price_is_a_card_of_the_project_and_the_client() -> None:
    [new] = plan(amended(repriced("165.00")), LISTED).new
    assert (new.project, new.customer, new.role) == ("p1", "c1", "Architect")
    assert (new.bill_rate, new.effective_from, new.effective_to) == (
        eur("165.00"), day("2026-03-01"), None,
    )  # fmt: skip
    assert new.cost_rate == eur("80.00"), "what the role costs does not change with its price"


def test_an_earlier_card_of_the_project_ends_the_day_before() -> None:
    earlier = card("RC-5", eur("155.00"), "2026-01-01", project="p1")
    other = card("RC-6", eur("150.00"), "2026-01-01", project="p2")
    person = card("RC-7", eur("200.00"), "2026-01-01", project="p1", resource="r1")
    made = plan(amended(repriced("165.00")), LISTED, earlier, other, person)
    assert spans(made.new) == [("165.00 EUR", "2026-03-01", "open")]
    assert [(c.id, str(c.effective_to)) for c in made.ended] == [("id-RC-5", "2026-02-28")]


def test_a_card_that_ended_before_keeps_its_day() -> None:
    over = card("RC-5", eur("155.00"), "2026-01-01", "2026-01-31", project="p1")
    assert plan(amended(repriced("165.00")), LISTED, over).ended == ()


def test_a_card_that_starts_later_is_refused_by_name() -> None:
    later = card("RC-9", eur("170.00"), "2026-04-01", project="p1")
    clash = cards_after([LISTED, later], amended(repriced("165.00")), "p1")
    assert isinstance(clash, Problem)
    assert (clash.code, clash.owner) == ("price_overlap", "pmo")
    assert "RC-9" in clash.reason


def test_a_repeat_plans_nothing() -> None:
    changed = amended(repriced("165.00"))
    first = plan(changed, LISTED)
    assert plan(changed, LISTED, *first.new) == CardPlan()


@pytest.mark.parametrize("order", [("o2", "o3"), ("o3", "o2")])
def test_amendments_in_either_order_leave_the_same_cards(order: tuple[str, str]) -> None:
    deals = {
        "o2": repriced("160.00", "2026-03-01", "o2"),
        "o3": repriced("170.00", "2026-05-01", "o3"),
    }
    cards = {LISTED.id: LISTED}
    known = contract()
    for id in order:
        known = amend(known, as_amending(deals[id], known))
        made = plan(known, *cards.values())
        cards |= {c.id: c for c in (*made.new, *made.ended)}
    del cards[LISTED.id]
    assert spans(tuple(cards.values())) == [
        ("160.00 EUR", "2026-03-01", "2026-04-30"), ("170.00 EUR", "2026-05-01", "open"),
    ]  # fmt: skip


DAYS = st.lists(
    st.dates(min_value=day("2026-02-01"), max_value=day("2026-12-31")),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip


@given(days=DAYS, looked=st.dates(min_value=day("2026-01-01"), max_value=day("2027-06-30")))
def test_on_every_day_at_most_one_card_prices_a_role_on_a_project(
    days: list[Any], looked: Any
) -> None:
    earlier = card("RC-5", eur("155.00"), "2026-01-01", project="p1")
    cards = {earlier.id: earlier}
    known = contract()
    for number, starts_on in enumerate(days):
        one = repriced(str(160 + number), starts_on.isoformat(), f"o{number + 2}")
        known = amend(known, as_amending(one, known))
        made = plan(known, *cards.values())
        cards |= {c.id: c for c in (*made.new, *made.ended)}
    [in_force] = [c for c in cards.values() if c.applies_on(looked)]
    assert in_force.bill_rate == known.prices_on(looked).get("Architect", eur("155.00"))


@pytest.mark.parametrize(
    ("stamped", "is_known"),
    [("165.00", True), ("150.00", True), ("155.00", False)],
)
def test_a_stamp_of_another_day_is_no_disagreement(stamped: str, is_known: bool) -> None:
    def before(on: Any) -> Money | None:
        return eur("150.00") if on < day("2026-03-01") else eur("165.00")

    changed = amended(repriced("165.00"))
    assert is_of_another_day(eur(stamped), changed, "Architect", before) is is_known
    assert not is_of_another_day(eur(stamped), changed, "Tester", before)


def test_what_work_is_worth_more_is_rounded_as_it_is_billed() -> None:
    changed = amended(repriced("165.55"))
    worked = rated("e1", "0.33", worked_on="2026-03-01")
    assert worked.amount == eur("49.50")
    more = price_difference(changed, worked)
    assert more == eur("5.13"), "0.33 x 165.55 = 54.6315, billed as 54.63"
    assert not price_difference(changed, rated("e1", 1, eur("165.55"), "2026-03-01"))
    assert price_difference(changed, rated("e1", 1, eur("1"), "2026-02-28")) is None
    tester = rated("e1", 1, eur("1"), "2026-03-01", role="Tester")
    assert price_difference(changed, tester) is None


def test_overtime_is_worth_more_by_its_multiplier() -> None:
    changed = amended(repriced("165.00"))
    worked = rated("e1", 2, worked_on="2026-03-01").changed(multiplier=Decimal("1.5"))
    assert (worked.amount, price_difference(changed, worked)) == (eur("450.00"), eur("45.00"))


def test_a_tier_or_a_day_has_a_price_of_its_own() -> None:
    changed = amended(repriced("165.00"))
    worked = rated("e1", 2, worked_on="2026-03-01")
    assert price_difference(changed, worked.changed(tier=1)) is None
    assert price_difference(changed, worked.changed(unit=RateUnit.DAY)) is None


def test_the_value_grows_from_each_amendments_day() -> None:
    more = repriced("165.00", amount=eur("2500.00"))
    changed = amended(more, value=eur("15000.00"))
    assert value_on(changed, day("2026-02-28")) == eur("15000.00")
    assert value_on(changed, day("2026-03-01")) == eur("17500.00")
