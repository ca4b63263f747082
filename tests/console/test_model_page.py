"""A6, A3, H4: the model as a page: owners, personal data, systems' fields, versions, events."""

from __future__ import annotations

import re

import httpx2
import pytest
from tests.console.govern import PAGE, as_role, read, text_of
from tests.firm import Firm

from isthmus.canonical import OBJECTS, Customer, Invoice, Project, Resource, TimeEntry
from isthmus.canonical.base import attributes
from isthmus.console.model_rows import objects, pointing_at, type_of, versions_of
from isthmus.events.catalogue import CATALOGUE
from isthmus.events.sample import sample_of

pytestmark = pytest.mark.anyio
MORE = """\
ownership:
  customer.payment_terms: {owner: crm}
mappings:
  salesforce.opportunity:
    project_template: Our_Template__c
"""


async def test_every_object_with_every_attribute_is_there(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    page = await http.get("/model", headers=PAGE)
    assert page.text.count("<tr data-row>") == len(OBJECTS) == 26
    number = sum(len(list(attributes(model))) for model in OBJECTS)
    assert f"one owner for each of its {number} attributes" in text_of(page)
    assert 'href="/catalogue"' in page.text
    shown = {each.name for one in objects(firm.app) for each in one.attributes}
    assert shown == {f"{m.kind}.{name}" for m in OBJECTS for name in attributes(m)}
    for model in OBJECTS:
        assert (await http.get(f"/model/objects/{model.kind}")).status_code == 200, model.kind
    assert "no object engagement" in await read(http, "/model/objects/engagement", status=404)


async def test_an_attribute_has_owner_type_number_and_the_fields_of_each_system(
    http: httpx2.AsyncClient,
) -> None:
    customer = await read(http, "/model/objects/customer")
    assert re.search(r"payment terms .* text 0\.\.1 owner CRM this firm's another's", customer)
    assert re.search(r"name .* salesforce Account\.Name .*netsuite customer\.companyname", customer)
    assert re.search(r"contacts personal People at the customer contact 0\.\.n", customer)
    assert customer.count("this firm's") == 1
    opportunity = await read(http, "/model/objects/opportunity")
    assert "salesforce Opportunity.Our_Template__c" in opportunity, "as the landscape says"
    assert "salesforce Opportunity.Billing_Model__c read 3 values translated" in opportunity
    entry = await read(http, "/model/objects/time_entry")
    assert "netsuite timebill.hours read" in entry
    assert "note personal What was done" in entry
    project = await read(http, "/model/objects/project")
    assert "2.0 current /system/v2" in project
    assert "1.0 deprecated since 1 Dec 2026, served until 1 Dec 2027" in project
    assert "on hold closed PSA" in project


async def test_search_by_any_name_of_any_system(http: httpx2.AsyncClient) -> None:
    for asked, found, rows in (
        ("Work_Starts_On__c", "opportunity.starts_on", 1), ("companyname", "customer.name", 1),
        ("pse__Project_Phase_Object__c", "time_entry.phase", None),
        ("tax registration", "customer.tax_registration", None),
    ):  # fmt: skip
        answer = await http.get("/model", params={"q": asked}, headers=PAGE)
        assert found in answer.text, asked
        if rows is not None:
            assert answer.text.count("<tr data-row>") == rows, asked
    nothing = await http.get("/model?q=zzz", headers=PAGE)
    assert "No attribute is like this" in text_of(nothing)
    assert "<tr data-row>" not in nothing.text


async def test_schemas_are_given_in_each_version_that_is_served(http: httpx2.AsyncClient) -> None:
    first = (await http.get("/model/objects/project/schema.json")).json()
    second = (await http.get("/model/objects/project/schema.json?version=2")).json()
    assert (first["x-schema-version"], second["x-schema-version"]) == ("1.0", "2.0")
    assert "legal_entity_code" in second["properties"]
    assert "legal_entity_code" not in first["properties"]
    for path in ("customer/schema.json?version=2", "nothing/schema.json"):
        assert (await http.get(f"/model/objects/{path}")).status_code == 404
    event = (await http.get("/model/events/invoice.posted/schema.json")).json()
    assert event["properties"]["type"] == {"const": "isthmus.invoice.posted.v1"}


async def test_the_catalogue_of_events_with_a_sample_of_each(http: httpx2.AsyncClient) -> None:
    page = await http.get("/model/events", headers=PAGE)
    assert page.text.count("<tr data-row>") == len(CATALOGUE)
    found = await http.get("/model/events?q=retention", headers=PAGE)
    assert re.findall(r'href="/model/events/([\w.]+)"', found.text) == ["retention.released"]
    assert "No event is like this" in await read(http, "/model/events?q=zzz")
    one = await read(http, "/model/events/invoice.posted")
    assert "Type on the wire isthmus.invoice.posted.v1 About invoice Owner Finance" in one
    assert '"number": "number", "total": "1200.00 EUR"' in one
    assert "no event x" in await read(http, "/model/events/x", status=404)


def test_a_sample_is_what_the_events_own_model_takes() -> None:
    for event in CATALOGUE.values():
        sample = sample_of(event)
        event.data.model_validate(sample["data"])
        assert sample["type"] == f"isthmus.{event.name}.v1"


def test_types_read_as_words_and_say_how_many() -> None:
    assert type_of(Customer, "name") == ("text", "1")
    assert type_of(Customer, "parent") == ("text", "0..1")
    assert type_of(Customer, "contacts") == ("contact", "0..n")
    assert type_of(TimeEntry, "worked_on") == ("day", "1")
    assert type_of(Project, "status")[0] == "one of planned, active, on_hold, closed"
    assert type_of(Resource, "cost_rate") == ("money", "0..1")
    assert ("contract", "customer") in pointing_at("customer")
    assert [v.number for v in versions_of(Project)] == ["2.0", "1.0"]
    assert [v.number for v in versions_of(Invoice)] == ["1.0"]


async def test_it_is_shut_to_who_reads_no_model(firm: Firm, http: httpx2.AsyncClient) -> None:
    executive = await as_role(firm, "executive", "executive")
    assert "personal" in await read(http, "/model/objects/customer", executive)
    service = await as_role(firm, "service", "service")
    for path in ("/model", "/model/objects/customer", "/model/objects/customer/schema.json",
                 "/model/events", "/model/events/invoice.posted"):  # fmt: skip
        assert (await http.get(path, headers=service)).status_code == 403
    assert (await http.post("/model", headers=PAGE)).status_code == 405, "it is read only"
