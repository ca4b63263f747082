"""Every object declares owners, identifiers and a closed lifecycle, and publishes a schema."""

import json
from pathlib import Path

import pytest

from isthmus import canonical
from isthmus.canonical import BY_KIND, OBJECTS, CanonicalObject, Customer, Project
from isthmus.canonical.base import Role, attributes, owner_of, references, seeded_by

A1 = {
    "customer", "opportunity", "contract", "project", "phase", "task", "milestone", "resource",
    "assignment", "resource_demand", "rate_card", "time_entry", "expense_entry", "invoice",
    "credit_memo", "payment", "revenue_event", "revenue_schedule", "legal_entity", "cost_centre",
    "profit_centre", "accounting_period", "tax_code", "currency", "exchange_rate",
}  # fmt: skip


def test_all_objects_of_the_model_are_there() -> None:
    assert set(BY_KIND) == A1 | {"journal_entry"}, "D5 and C8 post journals"


@pytest.mark.parametrize("model", OBJECTS, ids=lambda m: m.kind)
def test_every_attribute_has_an_owner_and_a_meaning(model: type[CanonicalObject]) -> None:
    for name in attributes(model):
        assert owner_of(model, name) in Role
        assert model.model_fields[name].description, f"{model.kind}.{name} has no description"


@pytest.mark.parametrize("model", OBJECTS, ids=lambda m: m.kind)
def test_identifiers_keys_and_references_exist(model: type[CanonicalObject]) -> None:
    assert model.identifiers, f"{model.kind} names no required identifiers"
    assert {*model.identifiers, *model.natural_key} <= set(model.model_fields)
    assert set(references(model).values()) <= set(BY_KIND)


@pytest.mark.parametrize(
    "model", [m for m in OBJECTS if m.lifecycle is not None], ids=lambda m: m.kind
)
def test_a_lifecycle_reaches_every_state(model: type[CanonicalObject]) -> None:
    lifecycle = model.lifecycle
    assert lifecycle is not None
    declared = model.model_json_schema()
    enum = next(
        d["enum"] for d in declared["$defs"].values()
        if "enum" in d and set(lifecycle.states) <= set(d["enum"])
    )  # fmt: skip
    assert set(lifecycle.states) == set(enum), "every state of the attribute has its transitions"
    reached = set(lifecycle.initial)
    while more := {t.target for t in lifecycle.transitions if t.source in reached} - reached:
        reached |= more
    assert reached == set(lifecycle.states)


@pytest.mark.parametrize("model", OBJECTS, ids=lambda m: m.kind)
def test_the_schema_carries_owner_and_unit(model: type[CanonicalObject]) -> None:
    properties = json.loads(json.dumps(model.model_json_schema()))["properties"]
    for name in attributes(model):
        assert properties[name]["owner"] == owner_of(model, name)


def test_ownership_is_per_attribute() -> None:
    assert owner_of(Customer, "name") is Role.CRM
    assert owner_of(Customer, "parent") is Role.CRM
    assert owner_of(Customer, "tax_registration") is Role.ERP
    assert owner_of(Customer, "payment_terms") is Role.ERP
    assert seeded_by(Customer, "tax_registration") is Role.CRM


def test_an_object_is_frozen_and_knows_its_attributes() -> None:
    project = Project(id="p", name="Harbour", customer="c", currency="EUR")
    with pytest.raises(ValueError, match="frozen"):
        project.name = "Other"  # type: ignore[misc] # the point of the test
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        Project.model_validate({**project.model_dump(), "colour": "blue"})
    assert project.changed(name="Other").name == "Other"
    assert project.name == "Harbour"


def test_each_object_has_a_file_of_its_own() -> None:
    folder = Path(canonical.__file__).parent
    shared = {"phase": "project", "revenue_event": "revenue", "revenue_schedule": "revenue"}
    dimensions = {"legal_entity", "cost_centre", "profit_centre", "accounting_period", "tax_code",
                  "currency", "exchange_rate"}  # fmt: skip
    for kind in A1 - dimensions:
        assert (folder / f"{shared.get(kind, kind)}.py").is_file()
