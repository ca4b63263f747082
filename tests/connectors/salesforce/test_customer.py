"""Accounts as customers, against the simulated org."""

from datetime import timedelta

import pytest
from tests.platforms.salesforce.world import World, read_all

from isthmus.canonical import Customer
from isthmus.canonical.customer import Address, Contact, CustomerStatus
from isthmus.connect import Conflict, Outgoing, Watermark
from isthmus.connect.watermark import BEGINNING
from isthmus.kit.ids import new_id

pytestmark = pytest.mark.anyio

ACME = {
    "Name": "Acme GmbH",
    "BillingStreet": "Hauptstr. 1",
    "BillingCity": "Berlin",
    "BillingPostalCode": "10115",
    "BillingCountry": "Germany",
    "CurrencyIsoCode": "EUR",
    "Tax_Registration__c": "DE136695976",
    "Payment_Terms__c": "Net 30",
}


async def test_an_account_with_its_contacts_is_a_customer(world: World) -> None:
    [parent] = await world.seed("Account", {"Name": "Acme Group", "CurrencyIsoCode": "USD"})
    [acme] = await world.seed("Account", {**ACME, "ParentId": parent})
    await world.seed(
        "Contact",
        {"AccountId": acme, "FirstName": "Ana", "LastName": "Lee", "Email": "a@x.example"},
    )
    found = await world.crm.get(Customer, acme)
    assert found is not None
    assert found.problems == ()
    assert found.canonical_id is None
    assert found.attributes == {
        "name": "Acme GmbH",
        "parent": parent,
        "currency": "EUR",
        "website": None,
        "phone": None,
        "tax_registration": "DE136695976",
        "payment_terms": "Net 30",
        "account_number": None,
        "country": "DE",
        "billing_address": Address(
            street="Hauptstr. 1", city="Berlin", postal_code="10115", country="DE"
        ),
        "contacts": (Contact(name="Ana Lee", email="a@x.example"),),
    }


async def test_an_unknown_country_is_a_problem_that_names_it(world: World) -> None:
    [acme] = await world.seed("Account", {**ACME, "BillingCountry": "Atlantis"})
    found = await world.crm.get(Customer, acme)
    assert found is not None
    [problem] = found.problems
    assert (problem.object, problem.field, problem.value) == (
        "Account",
        "BillingCountry",
        "Atlantis",
    )
    assert "country" not in found.attributes


async def test_a_contacts_change_brings_its_account_once(world: World) -> None:
    [acme, other] = await world.seed("Account", ACME, {**ACME, "Name": "Other"})
    [person] = await world.seed("Contact", {"AccountId": acme, "LastName": "Lee"})
    changes, mark = await read_all(world.crm, Customer, Watermark())
    assert sorted(c.external_id for c in changes) == sorted([acme, other])
    assert (await read_all(world.crm, Customer, mark))[0] == []
    await world.update("Contact", person, LastName="Leigh")
    [change], mark = await read_all(world.crm, Customer, mark)
    assert change.external_id == acme
    assert [c.name for c in change.attributes["contacts"]] == ["Leigh"]
    assert (await read_all(world.crm, Customer, mark))[0] == []


async def test_two_puts_of_one_customer_leave_one_account(world: World) -> None:
    customer = Customer(id=new_id(), name="New Co", country="GB", currency="GBP")
    first = await world.crm.put(Outgoing(customer, "k1"))
    second = await world.crm.put(Outgoing(customer.changed(phone="+44 20 0000"), "k1"))
    assert (first.created, second.created) == (True, False)
    assert first.external_id == second.external_id
    [row] = world.rows("Account")
    assert (row["Name"], row["BillingCountry"], row["Phone"], row["Isthmus_Id__c"]) == (
        "New Co",
        "United Kingdom",
        "+44 20 0000",
        customer.id,
    )


async def test_a_known_account_gets_our_key_and_only_the_named_attributes(world: World) -> None:
    [acme] = await world.seed("Account", ACME)
    customer = Customer(
        id=new_id(), name="Not this", account_number="C-1", status=CustomerStatus.ACTIVE
    )
    only = frozenset({"account_number", "status"})
    receipt = await world.crm.put(Outgoing(customer, "k", external_id=acme, only=only))
    assert (receipt.external_id, receipt.created) == (acme, False)
    row = world.row("Account", acme)
    assert (row["Name"], row["ERP_Customer_Number__c"], row["Billing_Status__c"]) == (
        "Acme GmbH",
        "C-1",
        "active",
    )
    assert row["Isthmus_Id__c"] == customer.id
    [change], _ = await read_all(world.crm, Customer, Watermark())
    assert change.canonical_id == customer.id


async def test_another_objects_key_is_not_taken_away(world: World) -> None:
    held = new_id()
    [acme] = await world.seed("Account", {**ACME, "Isthmus_Id__c": held})
    await world.crm.put(Outgoing(Customer(id=new_id(), name="Acme"), "k", external_id=acme))
    assert world.row("Account", acme)["Isthmus_Id__c"] == held


async def test_a_record_that_is_gone_is_a_conflict(world: World) -> None:
    [acme] = await world.seed("Account", ACME)
    await world.control("delete", {"ids": [acme]})
    with pytest.raises(Conflict, match=f"Account {acme} is gone"):
        await world.crm.put(Outgoing(Customer(id=new_id(), name="A"), "k", external_id=acme))
    assert await world.crm.get(Customer, acme) is None


async def test_a_deleted_account_is_a_deletion(world: World) -> None:
    [acme] = await world.seed("Account", ACME)
    _, mark = await read_all(world.crm, Customer, Watermark())
    await world.control("delete", {"ids": [acme]})
    [change], _ = await read_all(world.crm, Customer, mark)
    assert (change.external_id, change.deleted) == (acme, True)


async def test_customers_are_found_by_tax_registration_with_quotes_in_names(world: World) -> None:
    [acme, _] = await world.seed("Account", ACME, {**ACME, "Tax_Registration__c": "DE1"})
    [quirky] = await world.seed("Account", {"Name": "O'Brien \\ Sons", "CurrencyIsoCode": "USD"})
    found = await world.crm.find(Customer, {"tax_registration": "DE136695976"})
    assert [c.external_id for c in found] == [acme]
    found = await world.crm.find(Customer, {"name": "O'Brien \\ Sons"})
    assert [c.external_id for c in found] == [quirky]


async def test_a_deleted_contact_brings_its_account(world: World) -> None:
    [acme] = await world.seed("Account", ACME)
    [person] = await world.seed("Contact", {"AccountId": acme, "LastName": "Lee"})
    _, mark = await read_all(world.crm, Customer, Watermark())
    await world.control("delete", {"ids": [person]})
    [change], _ = await read_all(world.crm, Customer, mark)
    assert (change.external_id, change.attributes["contacts"]) == (acme, ())


async def test_a_reading_cut_off_after_any_page_goes_on_without_a_gap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old account with a new contact stands late in the order: no watermark may pass it by."""
    monkeypatch.setattr("isthmus.platforms.salesforce.reading.IDS", 2)
    day = "2026-03-{:02}T08:00:00.000+0000".format
    rows = [{**ACME, "Name": f"A{n}", "SystemModstamp": day(n)} for n in range(1, 6)]
    ids = await world.seed("Account", *rows)
    seen_at = {r["Id"]: r["SystemModstamp"] for r in world.rows("Account")}
    assert str(seen_at[ids[0]]).startswith("2026-03-01")
    await world.seed("Contact", {"AccountId": ids[0], "LastName": "New", "SystemModstamp": day(4)})
    since = Watermark(BEGINNING + timedelta(days=1), overlap=timedelta(0))
    pages = [page async for page in world.crm.changes(Customer, since)]
    assert len(pages) == 3
    everything = [c.external_id for page in pages for c in page.changes]
    assert everything == ids
    for cut in range(len(pages)):
        before = [c.external_id for page in pages[: cut + 1] for c in page.changes]
        after, _ = await read_all(world.crm, Customer, pages[cut].watermark)
        assert sorted({*before, *(c.external_id for c in after)}) == sorted(ids)
    late = [c.external_id for c in (await read_all(world.crm, Customer, pages[0].watermark))[0]]
    assert ids[0] in late
