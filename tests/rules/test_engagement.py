from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.rules.facts import (
    contract,
    customer,
    day,
    deal,
    entity,
    eur,
    fixed_deal,
    instalment,
    line,
    usd,
)

from isthmus.canonical import Customer, Opportunity
from isthmus.canonical.contract import BillingFrequency, Instalment
from isthmus.canonical.opportunity import BillingModel
from isthmus.rules.account_checks import MAX_DEPTH
from isthmus.rules.engagement import (
    DealContext,
    check_amendment,
    check_deal,
    contract_from,
    demands_from,
    milestones_from,
    project_from,
)
from isthmus.rules.problems import Problem

CONTEXT = DealContext(
    customer=customer(),
    entity_codes={"DE01": entity(), "US01": entity("US01", "US", "USD")},
    templates=frozenset({"Delivery", "Managed service"}),
    known_terms=frozenset({"Net 30", "Net 60"}),
)


def buyer(**changes: Any) -> DealContext:
    return replace(CONTEXT, customer=customer(**changes))


def codes(checked: Opportunity, ctx: DealContext = CONTEXT) -> list[str]:
    return [p.code for p in check_deal(checked, ctx)]


def only(checked: Opportunity, ctx: DealContext = CONTEXT) -> Problem:
    [problem] = check_deal(checked, ctx)
    return problem


@pytest.mark.parametrize(
    "good",
    [
        deal(),
        fixed_deal(),
        deal(cap=eur("12000.00"), minimum_increment=15, ends_on=None),
        deal(starts_on="2026-01-01", ends_on="2026-01-01"),
    ],
)
def test_a_deal_in_order_has_no_problem(good: Opportunity) -> None:
    assert check_deal(good, CONTEXT) == ()


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"starts_on": None}, "start_missing", "starts_on"),
        ({"ends_on": "2025-12-31"}, "end_before_start", "ends_on"),
        ({"payment_terms": "Net 999"}, "payment_terms_unknown", "payment_terms"),
        ({"legal_entity": None}, "legal_entity_missing", "legal_entity"),
        ({"legal_entity": "FR01"}, "legal_entity_unknown", "legal_entity"),
        ({"billing_model": None}, "billing_model_missing", "billing_model"),
        ({"billing_model": "retainer"}, "billing_model_unsupported", "billing_model"),
        ({"billing_model": "subscription"}, "billing_model_unsupported", "billing_model"),
        ({"billing_model": "cost_plus"}, "billing_model_unsupported", "billing_model"),
        ({"amount": None}, "amount_missing", "amount"),
        ({"amount": eur("0")}, "amount_missing", "amount"),
        ({"amount": eur("-1")}, "amount_missing", "amount"),
        ({"cap": usd("5000")}, "cap_currency", "cap"),
        ({"cap": eur("0")}, "cap_not_positive", "cap"),
        ({"minimum_increment": 0}, "increment_not_positive", "minimum_increment"),
        ({"lines": ()}, "lines_missing", "lines"),
        ({"lines": (line(role=None),)}, "line_role_missing", "lines"),
        ({"lines": (line(quantity="0"),)}, "line_hours_missing", "lines"),
        ({"lines": (line(), line(unit_price=usd("150")))}, "currency_mixed", "lines"),
        ({"project_template": None}, "template_missing", "project_template"),
        ({"project_template": "Rescue"}, "template_unknown", "project_template"),
    ],
)
def test_each_fault_of_a_deal_is_found_alone(
    changes: dict[str, Any], code: str, field: str
) -> None:
    problem = only(deal(**changes))
    assert (problem.code, problem.field) == (code, field)
    assert problem.reason.startswith("Plant rollout: ")
    assert problem.fix.endswith("then replay.")


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((instalment("All", "29999.99", "2026-05-31"),), "schedule_sum"),
        ((instalment("All", "30000.00", None),), "line_date_missing"),
    ],
)
def test_instalments_sum_to_the_price_and_have_days(lines: Any, code: str) -> None:
    problem = only(fixed_deal(lines=lines))
    assert (problem.code, problem.field) == (code, "lines")


def test_a_wrong_sum_names_both_figures() -> None:
    problem = only(fixed_deal(amount=eur("30000.01")))
    assert "its instalments sum to 30,000.00 EUR, the deal is 30,000.01 EUR" in problem.reason


def test_the_clients_standing_terms_serve_a_deal_without_its_own() -> None:
    assert codes(deal(payment_terms=None), buyer(payment_terms="Net 60")) == []
    assert codes(deal(), buyer(payment_terms=None)) == ["payment_terms_missing"]
    assert codes(deal(payment_terms="Net 60"), buyer(payment_terms=None)) == []


def test_what_no_system_can_list_is_not_checked_against_a_list() -> None:
    unlisted = replace(CONTEXT, templates=None, known_terms=None)
    assert codes(deal(payment_terms="Net 999", project_template="Rescue"), unlisted) == []
    assert codes(deal(project_template=None), unlisted) == ["template_missing"]


@pytest.mark.parametrize("status", ["on_hold", "inactive"])
def test_a_customer_that_finance_stopped_is_refused(status: str) -> None:
    problem = only(deal(), buyer(status=status))
    assert (problem.code, problem.owner) == (f"customer_{status}", "finance")


@pytest.mark.parametrize("status", ["prospect", "active"])
def test_a_new_or_active_customer_passes(status: str) -> None:
    assert codes(deal(), buyer(status=status)) == []


def test_an_account_that_never_came_over_is_for_the_integration() -> None:
    problem = only(deal(), replace(CONTEXT, customer=None))
    assert (problem.code, problem.owner) == ("customer_missing", "integration")


def test_the_client_is_billed_in_one_currency() -> None:
    assert codes(deal(), buyer(currency="USD")) == ["currency_mismatch"]
    assert codes(deal(), buyer(currency=None)) == []


def above(count: int, **top: Any) -> tuple[Customer, ...]:
    """A chain g1 .. g<count>, nearest first."""
    chain = [
        customer(id=f"g{n}", name=f"Group {n}", parent=f"g{n + 1}" if n < count else None)
        for n in range(1, count + 1)
    ]
    return (*chain[:-1], chain[-1].changed(**top))


@pytest.mark.parametrize("count", [1, MAX_DEPTH])
def test_a_hierarchy_that_ends_is_fine(count: int) -> None:
    assert codes(deal(), replace(buyer(parent="g1"), ancestors=above(count))) == []


@pytest.mark.parametrize(
    ("ancestors", "code"),
    [
        ((), "hierarchy_unknown_parent"),
        (above(2, parent="g9"), "hierarchy_unknown_parent"),
        (above(2, parent="c1"), "hierarchy_cycle"),
        (above(2, parent="g1"), "hierarchy_cycle"),
        (above(1, parent="g1"), "hierarchy_cycle"),
        ((*above(2, parent="g1"), *above(2, parent="g1")), "hierarchy_cycle"),
        (above(MAX_DEPTH + 1), "hierarchy_too_deep"),
        (above(2, status="on_hold"), "parent_on_hold"),
    ],
)
def test_a_broken_hierarchy_is_named(ancestors: tuple[Customer, ...], code: str) -> None:
    assert codes(deal(), replace(buyer(parent="g1"), ancestors=ancestors)) == [code]


def test_an_account_that_is_its_own_parent_is_a_loop() -> None:
    assert codes(deal(), buyer(parent="c1")) == ["hierarchy_cycle"]


@pytest.mark.parametrize("country", [None, "UK", "Germany"])
def test_without_a_country_there_is_no_tax_jurisdiction(country: str | None) -> None:
    problem = only(deal(), buyer(country=country, tax_registration=None))
    assert (problem.code, problem.field) == ("tax_country_unknown", "country")


def test_a_wrong_tax_number_is_found_before_the_invoice() -> None:
    problem = only(deal(), buyer(tax_registration="DE136695977"))
    assert problem.code == "tax_registration_invalid"
    assert problem.reason.startswith("Plant rollout: 'DE136695977' is not a tax registration")


def test_reverse_charge_needs_the_number_and_other_regimes_do_not() -> None:
    french = buyer(country="FR", tax_registration=None)
    problem = only(deal(), french)
    assert (problem.code, problem.owner) == ("tax_registration_missing", "finance")
    assert "FR is billed from DE by reverse charge" in problem.reason
    assert codes(deal(), buyer(country="FR", tax_registration="FR40303265045")) == []
    assert codes(deal(), buyer(country="DE", tax_registration=None)) == []
    assert codes(deal(), buyer(country="US", tax_registration=None)) == []
    assert codes(deal(legal_entity="US01"), french) == []


def test_a_company_without_a_country_has_no_regime() -> None:
    nowhere = replace(CONTEXT, entity_codes={"DE01": entity(country=None)})
    assert codes(deal(), nowhere) == ["tax_jurisdiction_unknown"]


def test_all_faults_are_told_at_once() -> None:
    bad = deal(starts_on=None, legal_entity=None, billing_model=None, project_template=None)
    assert codes(bad, buyer(tax_registration="DE1")) == [
        "tax_registration_invalid", "start_missing", "legal_entity_missing",
        "billing_model_missing", "template_missing",
    ]  # fmt: skip


AMENDMENT = deal(
    id="o2", name="More hours", amends="o1", project_template=None, lines=(), amount=eur("2500.00")
)


def test_an_amendment_needs_no_template_and_no_lines_but_a_change() -> None:
    assert codes(AMENDMENT) == []
    assert codes(AMENDMENT.changed(amount=eur("-500"))) == []
    assert codes(AMENDMENT.changed(amount=None, ends_on=None)) == ["amendment_empty"]


@pytest.mark.parametrize(
    ("changes", "terms", "code"),
    [
        ({}, None, "amended_contract_missing"),
        ({}, contract(status="terminated"), "amended_contract_over"),
        ({"legal_entity": "US01"}, contract(), "amendment_entity"),
        ({}, contract(currency="USD"), "amendment_currency"),
        ({"amount": None, "cap": usd("5")}, contract(), "amendment_currency"),
        ({"cap": usd("5")}, contract(currency="EUR"), "cap_currency"),
        ({"cap": eur("0")}, contract(), "cap_not_positive"),
        ({"amount": None, "ends_on": None}, contract(), "amendment_empty"),
        ({"starts_on": None}, contract(), "start_missing"),
        ({"ends_on": "2025-12-31"}, contract(), "end_before_start"),
        ({"starts_on": "2025-12-31"}, contract(), "amendment_too_early"),
    ],
)
def test_an_amendment_must_fit_its_contract(changes: Any, terms: Any, code: str) -> None:
    changed = AMENDMENT.model_validate(AMENDMENT.model_dump() | changes)
    found = check_amendment(changed, terms, CONTEXT)
    assert code in [p.code for p in found]
    assert {p.owner for p in found} == {"pmo"}
    assert len(found) == (2 if code == "cap_currency" else 1)


def test_an_amendment_takes_the_rest_from_its_contract() -> None:
    bare = AMENDMENT.changed(legal_entity=None, billing_model=None, payment_terms=None)
    assert check_amendment(bare, contract(), DealContext(customer())) == ()
    [problem] = check_amendment(bare, contract(), buyer(status="on_hold"))
    assert problem.code == "customer_on_hold"
    assert check_amendment(bare, contract()) == ()


def test_a_deal_becomes_a_contract_and_a_project() -> None:
    sold = deal(cap=eur("12000.00"), minimum_increment=15, purchase_order="PO-7")
    terms = contract_from(sold, customer(), "k1", "C-1001")
    assert (terms.id, terms.number, terms.customer, terms.opportunity) == (
        "k1", "C-1001", "c1", "o1",
    )  # fmt: skip
    assert (terms.value, terms.cap, terms.currency) == (eur("15000.00"), eur("12000.00"), "EUR")
    assert (terms.minimum_increment, terms.purchase_order) == (15, "PO-7")
    assert terms.payment_terms == "Net 30", "the client's own, since the deal has none"
    assert (terms.frequency, terms.schedule) == (BillingFrequency.MONTHLY, ())
    project = project_from(sold, terms, "p1")
    assert (project.id, project.name, project.contract) == ("p1", "Plant rollout", "k1")
    assert (project.opportunity, project.customer, project.template) == ("o1", "c1", "Delivery")
    assert (project.billing_model, project.currency) == (BillingModel.T_AND_M, "EUR")
    assert (project.starts_on, project.ends_on) == (day("2026-01-01"), day("2026-06-30"))


def test_a_fixed_fee_becomes_a_schedule_and_milestones_of_the_same_sum() -> None:
    sold = fixed_deal()
    terms = contract_from(sold, customer(), "k1", "C-1001")
    assert terms.frequency is BillingFrequency.ON_ACCEPTANCE
    assert terms.schedule == (
        Instalment(description="Design accepted", amount=eur("10000.00"), due_on=day("2026-02-15")),
        Instalment(description="Go-live", amount=eur("20000.00"), due_on=day("2026-05-31")),
    )
    project = project_from(sold, terms, "p1")
    made = milestones_from(sold, project, ["m1", "m2"])
    assert [(m.id, m.name, m.amount, m.due_on) for m in made] == [
        ("m1", "Design accepted", eur("10000.00"), day("2026-02-15")),
        ("m2", "Go-live", eur("20000.00"), day("2026-05-31")),
    ]
    assert {m.project for m in made} == {"p1"}
    assert demands_from(sold, project, ["d1", "d2"]) == ()


def test_sold_hours_become_demands() -> None:
    sold = deal(lines=(line(), line("Build", role="Developer", quantity="400")))
    project = project_from(sold, contract(), "p1")
    made = demands_from(sold, project, ["d1", "d2"])
    assert [(d.id, d.role, d.hours, d.bill_rate) for d in made] == [
        ("d1", "Architect", Decimal(100), eur("150.00")),
        ("d2", "Developer", Decimal(400), eur("150.00")),
    ]
    assert {(d.starts_on, d.ends_on) for d in made} == {(day("2026-01-01"), day("2026-06-30"))}
    assert milestones_from(sold, project, ["m1", "m2"]) == ()


def test_one_id_for_each_line_or_an_error() -> None:
    project = project_from(fixed_deal(), contract(), "p1")
    with pytest.raises(ValueError, match="is longer than"):
        milestones_from(fixed_deal(), project, ["m1"])
    with pytest.raises(ValueError, match="is shorter than"):
        milestones_from(fixed_deal(), project, ["m1", "m2", "m3"])
