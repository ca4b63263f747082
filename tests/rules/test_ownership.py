from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.rules.facts import customer

from isthmus.canonical import OBJECTS, Customer, Invoice, Resource
from isthmus.canonical.base import Role, attributes
from isthmus.rules.ownership import ForeignWrite, OnForeignWrite, Ownership

CRM, ERP, PSA = frozenset({Role.CRM}), frozenset({Role.ERP}), frozenset({Role.PSA})
TABLE = Ownership.default()
KNOWN = customer(website="https://meyer.example").model_dump()


def test_the_owner_sets_its_attributes() -> None:
    reduction = TABLE.reduce(Customer, KNOWN, {"payment_terms": "Net 45", "status": "on_hold"}, ERP)
    assert reduction.accepted == {"payment_terms": "Net 45", "status": "on_hold"}
    assert reduction.rejected == ()


def test_a_foreign_write_is_drift_and_names_both_values() -> None:
    reduction = TABLE.reduce(Customer, KNOWN, {"name": "Meyer AG", "payment_terms": "Net 60"}, CRM)
    assert reduction.accepted == {"name": "Meyer AG"}
    assert reduction.rejected == (
        ForeignWrite("payment_terms", Role.ERP, OnForeignWrite.DRIFT, "Net 30", "Net 60"),
    )
    assert reduction.under(OnForeignWrite.DRIFT) == reduction.rejected
    assert reduction.under(OnForeignWrite.CORRECT) == ()


def test_the_echo_of_our_own_write_is_no_write() -> None:
    echo = {"name": "Meyer Werke GmbH", "country": "DE", "website": "https://meyer.example"}
    reduction = TABLE.reduce(Customer, KNOWN, echo, ERP)
    assert (reduction.accepted, reduction.rejected) == ({}, ())


def test_an_echo_read_back_from_json_is_no_write_either() -> None:
    stored = customer(
        contacts=({"name": "Accounts payable", "is_billing": True},),
        billing_address={"city": "Essen", "country": "DE"},
    )
    offered = {
        "contacts": [{"name": "Accounts payable", "is_billing": True}],
        "billing_address": stored.billing_address,
        "status": "active",
    }
    current = stored.model_dump(mode="json")
    assert TABLE.reduce(Customer, current, offered, PSA).rejected == ()


def test_a_value_that_the_model_refuses_is_still_a_foreign_write() -> None:
    [write] = TABLE.reduce(Customer, KNOWN, {"status": "nonsense"}, CRM).rejected
    assert (write.kept, write.offered) == (KNOWN["status"], "nonsense")


def test_the_seeder_fills_what_the_owner_has_not_set_and_never_again() -> None:
    offered = {"tax_registration": "DE136695976"}
    first = TABLE.reduce(Customer, None, offered, CRM)
    assert first.accepted == offered
    empty = TABLE.reduce(Customer, {**KNOWN, "tax_registration": None}, offered, CRM)
    assert empty.accepted == offered
    later = TABLE.reduce(Customer, KNOWN, {"tax_registration": "DE811569869"}, CRM)
    assert (later.accepted, len(later.rejected)) == ({}, 1)


def test_only_the_seeder_seeds_unless_the_object_could_not_exist() -> None:
    offered = {"name": "Meyer Werke GmbH", "tax_registration": "DE136695976"}
    reduction = TABLE.reduce(Customer, None, offered, PSA)
    assert reduction.accepted == {"name": "Meyer Werke GmbH"}
    assert [w.attribute for w in reduction.rejected] == ["tax_registration"]


def test_a_models_own_default_is_no_news() -> None:
    assert TABLE.reduce(Customer, None, {"status": "prospect"}, CRM).rejected == ()
    assert len(TABLE.reduce(Customer, None, {"status": "inactive"}, CRM).rejected) == 1


def test_emptying_a_foreign_attribute_does_not_empty_it() -> None:
    reduction = TABLE.reduce(Customer, KNOWN, {"payment_terms": None}, CRM)
    assert (reduction.accepted, reduction.rejected[0].kept) == ({}, "Net 30")


def test_one_system_in_two_roles_owns_what_either_role_owns() -> None:
    offered = {"name": "Meyer AG", "payment_terms": "Net 45"}
    assert TABLE.reduce(Customer, KNOWN, offered, CRM | ERP).accepted == offered


def test_the_canonical_id_is_not_written() -> None:
    reduction = TABLE.reduce(Customer, KNOWN, {"id": "another"}, CRM)
    assert (reduction.accepted, reduction.rejected) == ({}, ())


def test_mirrors_are_dropped_and_opinions_are_drift() -> None:
    assert TABLE.rule("customer", "account_number").on_foreign_write is OnForeignWrite.DROP
    assert TABLE.rule("time_entry", "invoice_number").on_foreign_write is OnForeignWrite.DROP
    assert TABLE.rule("opportunity", "psa_project").on_foreign_write is OnForeignWrite.DROP
    assert TABLE.rule("customer", "payment_terms").on_foreign_write is OnForeignWrite.DRIFT
    assert TABLE.rule("project", "legal_entity").on_foreign_write is OnForeignWrite.DRIFT


def test_an_override_changes_one_row_and_only_that() -> None:
    changed = TABLE.with_overrides(
        {"customer.payment_terms": {"owner": "crm", "on_foreign_write": "correct"}}
    )
    assert changed.reduce(Customer, KNOWN, {"payment_terms": "Net 60"}, CRM).rejected == ()
    [write] = changed.reduce(Customer, KNOWN, {"payment_terms": "Net 60"}, ERP).rejected
    assert (write.owner, write.policy) == (Role.CRM, OnForeignWrite.CORRECT)
    differing = [a for a, b in zip(TABLE.table(), changed.table(), strict=True) if a != b]
    assert [(row.kind, row.attribute) for row in differing] == [("customer", "payment_terms")]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"customer.payment_term": {"owner": "erp"}}, "Did you mean customer.payment_terms?"),
        ({"customer.payment_terms": {"owner": "bank"}}, "crm, psa, erp, hcm, isthmus"),
        ({"customer.payment_terms": {"policy": "drop"}}, "owner, on_foreign_write, seeded_by"),
        ({"customer.payment_terms": {"on_foreign_write": "keep"}}, "drop, correct, drift"),
    ],
)
def test_a_wrong_override_says_what_would_be_right(
    overrides: dict[str, dict[str, str]], message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace("?", r"\?")):
        TABLE.with_overrides(overrides)


def test_without_an_hr_system_the_psa_speaks_for_what_it_seeds() -> None:
    current = {"id": "r1", "name": "Old name", "skills": ("SAP",)}
    offered = {"name": "New name", "skills": ()}
    assert TABLE.reduce(Resource, current, offered, PSA).accepted == {}
    alone = TABLE.bound_to(frozenset({Role.CRM, Role.PSA, Role.ERP}))
    reduction = alone.reduce(Resource, current, offered, PSA)
    assert reduction.accepted == {"name": "New name"}
    assert [w.attribute for w in reduction.rejected] == ["skills"]


def test_an_unknown_attribute_is_an_error() -> None:
    with pytest.raises(ValueError, match="no such attribute"):
        TABLE.reduce(Customer, KNOWN, {"shoe_size": 44}, CRM)


def test_the_table_has_a_row_for_every_attribute_of_every_object() -> None:
    rows = {(row.kind, row.attribute) for row in TABLE.table()}
    assert rows == {(model.kind, name) for model in OBJECTS for name in attributes(model)}
    [row] = [r for r in TABLE.table() if (r.kind, r.attribute) == ("rate_card", "bill_rate")]
    assert (row.owner, row.unit, row.description) == (
        Role.PSA,
        "per unit",
        "Price of a unit of work",
    )


ROLES = st.frozensets(st.sampled_from(list(Role)), max_size=2)
TEXTS = st.none() | st.sampled_from(["Net 30", "Net 60", "DE", "EUR", "A-1"])
WRITES = st.dictionaries(
    st.sampled_from(["name", "country", "website", "currency", "payment_terms", "account_number"]),
    TEXTS,
)


@given(WRITES, st.lists(st.tuples(ROLES, WRITES), max_size=6))
def test_a_non_owner_never_changes_a_set_value(
    start: dict[str, Any], writes: list[tuple[frozenset[Role], dict[str, Any]]]
) -> None:
    current = dict(start)
    for roles, offered in writes:
        reduction = TABLE.reduce(Customer, current, offered, roles)
        for name, value in reduction.accepted.items():
            owned = TABLE.rule("customer", name).owner in roles
            assert owned or current.get(name) is None
            assert value == offered[name]
        for write in reduction.rejected:
            assert write.kept == current.get(write.attribute)
            assert write.offered != write.kept
            assert write.attribute not in reduction.accepted
        current |= reduction.accepted


@given(ROLES, WRITES)
def test_a_second_delivery_changes_nothing(roles: frozenset[Role], offered: dict[str, Any]) -> None:
    once: dict[str, Any] = dict(TABLE.reduce(Customer, None, offered, roles).accepted)
    again = TABLE.reduce(Customer, once, offered, roles)
    assert {**once, **again.accepted} == once


def test_our_own_attributes_stay_ours() -> None:
    current = {"reference": "INV-1", "customer": "c1"}
    reduction = TABLE.reduce(Invoice, current, {"reference": "X", "number": "2026-7"}, ERP)
    assert reduction.accepted == {"number": "2026-7"}
    assert [w.policy for w in reduction.rejected] == [OnForeignWrite.DROP]
