"""What is written, how it is kept from being written twice, and what comes back."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from isthmus.canonical import Contract, Customer, Invoice, Payment
from isthmus.canonical.payment import Application
from isthmus.connect import Duplicate, Invalid, PeriodClosed, Refused
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

from .conftest import Opener, Sandbox
from .firm import Firm, out, read

pytestmark = pytest.mark.anyio


async def test_a_customer_is_made_once_with_all_that_billing_needs(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    firm = await Firm.of(sandbox)
    customer = firm.customer()
    first = await erp.put(out(customer))
    second = await erp.put(out(customer))
    assert (first.created, second.created) == (True, False)
    assert first.external_id == second.external_id
    assert {k: str(v) for k, v in first.attributes.items() if v} == {
        "name": "Client BV",
        "currency": "EUR",
        "payment_terms": "Net 30",
        "tax_registration": "NL123456782B90",
        "account_number": "Client BV",
        "status": "active",
    }
    (row,) = await sandbox.rows("customer")
    assert row["externalId"] == customer.id
    assert row["subsidiary"] == {"id": firm.nl}
    (address,) = row["addressBook"]["items"]
    assert address["defaultBilling"] is True
    assert address["addressBookAddress"]["addr1"] == "Kade 1"
    assert address["addressBookAddress"]["country"] == {"id": "NL"}
    (tax,) = row["taxRegistration"]["items"]
    assert tax["taxRegistrationNumber"] == "NL123456782B90"
    (change,), _ = await read(erp, Customer)
    assert (change.canonical_id, change.external_id) == (customer.id, first.external_id)


async def test_a_new_address_replaces_the_billing_one_only(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = firm.customer()
    await erp.put(out(customer))
    depot = {"addr1": "Depot 9", "city": "Breda", "country": {"id": "NL"}}
    billing = (await sandbox.rows("customer"))[0]["addressBook"]["items"][0]["addressBookAddress"]
    await sandbox.control(
        "seed",
        {
            "customer": [
                {
                    "externalId": customer.id,
                    "addressBook": {
                        "items": [{"defaultShipping": True, "addressBookAddress": depot}]
                    },
                }
            ]
        },
    )
    assert billing["addr1"] == "Kade 1"
    moved = customer.changed(billing_address={"street": "Laan 2", "city": "Utrecht"})
    await erp.put(out(moved))
    await erp.put(out(moved))
    (row,) = await sandbox.rows("customer")
    lines = row["addressBook"]["items"]
    streets = {x["addressBookAddress"]["addr1"]: x.get("defaultBilling", False) for x in lines}
    assert streets == {"Laan 2": True, "Depot 9": False}
    assert len(row["taxRegistration"]["items"]) == 1


async def test_a_tax_number_is_given_once_and_then_belongs_to_finance(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    firm = await Firm.of(sandbox)
    customer = firm.customer(tax_registration=None)
    assert (await erp.put(out(customer))).attributes["tax_registration"] is None
    numbered = customer.changed(tax_registration="NL123456782B90")
    await erp.put(out(numbered))
    receipt = await erp.put(out(customer.changed(tax_registration="NL000099998B57")))
    assert receipt.attributes["tax_registration"] == "NL123456782B90"
    (row,) = await sandbox.rows("customer")
    assert len(row["taxRegistration"]["items"]) == 1


async def test_only_limits_a_write(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = firm.customer()
    await erp.put(out(customer))
    later = customer.changed(name="Client NV", payment_terms="Net 60")
    receipt = await erp.put(out(later, only=frozenset({"name"})))
    assert receipt.attributes["name"] == "Client NV"
    assert receipt.attributes["payment_terms"] == "Net 30"


async def test_a_customer_that_finance_made_keeps_its_own_key(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    firm = await Firm.of(sandbox)
    await sandbox.control(
        "seed",
        {
            "customer": [
                {"externalId": "legacy-4", "companyName": "Old", "subsidiary": {"id": firm.nl}},
                {"companyName": "Keyless", "subsidiary": {"id": firm.nl}},
            ]
        },
    )
    kept, adopted = await sandbox.rows("customer")
    for row, key in ((kept, "legacy-4"), (adopted, None)):
        customer = firm.customer(name=f"{row['companyName']} renamed")
        receipt = await erp.put(out(customer, external_id=row["id"]))
        assert (receipt.external_id, receipt.created) == (row["id"], False)
        now = next(r for r in await sandbox.rows("customer") if r["id"] == row["id"])
        assert now["companyName"] == f"{row['companyName']} renamed"
        assert now["externalId"] == (key or customer.id)
    assert len(await sandbox.rows("customer")) == 2


async def test_an_address_of_a_customer_with_its_own_key(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    old = {"defaultBilling": True, "addressBookAddress": {"addr1": "Old 1", "country": "NL"}}
    row = {
        "externalId": "legacy-4",
        "companyName": "Old",
        "subsidiary": {"id": firm.nl},
        "addressBook": {"items": [old]},
    }
    await sandbox.control("seed", {"customer": [row]})
    (known,) = await sandbox.rows("customer")
    for _ in range(2):
        await erp.put(out(firm.customer(name="Old"), external_id=known["id"]))
    (now,) = await sandbox.rows("customer")
    streets = [x["addressBookAddress"]["addr1"] for x in now["addressBook"]["items"]]
    assert streets == ["Kade 1"]
    assert [x["taxRegistrationNumber"] for x in now["taxRegistration"]["items"]] == [
        "NL123456782B90"
    ]


async def test_a_customer_without_a_company_or_with_unknown_terms(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    firm = await Firm.of(sandbox)
    with pytest.raises(Invalid) as caught:
        await erp.put(out(firm.customer(legal_entity=None)))
    assert caught.value.fields[0].field == "subsidiary"
    with pytest.raises(Invalid) as caught:
        await erp.put(out(firm.customer(payment_terms="Net 45")))
    (problem,) = caught.value.fields
    assert (problem.object, problem.field, problem.value) == ("customer", "terms", "Net 45")
    assert "known: Net 30, Net 60" in problem.remedy
    assert await sandbox.rows("customer") == []


async def test_terms_made_meanwhile_are_found(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    await erp.put(out(firm.customer()))
    await sandbox.control("seed", {"term": [{"name": "Net 14", "daysUntilNetDue": 14}]})
    made = await erp.put(out(firm.customer(name="Fast", payment_terms="Net 14")))
    assert made.attributes["payment_terms"] == "Net 14"


async def test_a_name_in_use_tells_whose_it_is(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    first = await erp.put(out(firm.customer()))
    with pytest.raises(Duplicate) as caught:
        await erp.put(out(firm.customer()))
    assert caught.value.existing_id == first.external_id
    assert len(await sandbox.rows("customer")) == 1


async def test_a_project_under_its_customer(opener: Opener, sandbox: Sandbox) -> None:
    erp = opener(billing_types={"t_and_m": "4"})
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    project = firm.project(customer)
    first, second = await erp.put(out(project)), await erp.put(out(project))
    assert (first.created, second.created) == (True, False)
    (row,) = await sandbox.rows("job")
    assert row["externalId"] == project.id
    assert row["companyName"] == "Review"
    assert row["parent"] == {"id": customer}
    assert row["subsidiary"] == {"id": firm.nl}
    assert row["startDate"] == "2026-01-05"
    assert row["jobBillingType"] == {"id": "4"}


async def test_a_project_ends_when_it_is_extended_and_sorts_under_a_field(
    opener: Opener, sandbox: Sandbox
) -> None:
    await sandbox.settings(custom_fields={"job": ["custentity_pc"]})
    erp = opener(project_fields={"profit_centre": "custentity_pc"})
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    project = firm.project(customer)
    await erp.put(out(project))
    longer = project.changed(ends_on="2026-12-31", profit_centre="banking", name="Other")
    only = frozenset({"ends_on", "profit_centre"})
    await erp.put(out(longer, only=only))
    (row,) = await sandbox.rows("job")
    assert (row["scheduledEndDate"], row["custentity_pc"]) == ("2026-12-31", "banking")
    assert row["companyName"] == "Review"


async def test_a_fixed_fee_is_a_billing_schedule(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    project = (await erp.put(out(firm.project(customer)))).external_id
    agreed = Contract.model_validate(
        {
            "id": new_id(), "number": "C-1", "customer": customer, "opportunity": new_id(),
            "project": project, "legal_entity": "NL", "billing_model": "fixed_fee",
            "currency": "EUR", "starts_on": "2026-01-05",
            "schedule": [{"description": "Report", "amount": Money.of("12000", "EUR"),
                          "due_on": "2026-02-28"}],
        }
    )  # fmt: skip
    first = await erp.put(out(agreed))
    amended = agreed.changed(amendments=[
        {"number": 1, "effective_on": "2026-02-01", "instalments": [
            {"description": "Training", "amount": Money.of("500.50", "EUR"),
             "due_on": "2026-03-31"}]},
    ])  # fmt: skip
    second = await erp.put(out(amended))
    assert (first.created, second.created, second.external_id) == (True, False, first.external_id)
    (schedule,) = await sandbox.rows("billingSchedule")
    lines = schedule["recurrence"]["items"]
    assert [(n["recurrenceDate"], n["amount"], n["memo"]) for n in lines] == [
        ("2026-02-28", Decimal(12000), "Report"), ("2026-03-31", Decimal("500.50"), "Training"),
    ]  # fmt: skip
    (job,) = await sandbox.rows("job")
    assert job["billingSchedule"] == {"id": schedule["id"]}


async def test_an_invoice_to_the_cent(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    project = (await erp.put(out(firm.project(customer)))).external_id
    invoice = firm.invoice(customer)
    line = invoice.lines[0].model_copy(update={"project": project})
    receipt = await erp.put(out(invoice.changed(lines=[line])))
    assert receipt.created is True
    shown = receipt.attributes
    assert shown["number"] == "INV1-00001"
    assert shown["subtotal"] == Money.of("999.98", "EUR")
    assert shown["tax_total"] == Money.of("210.00", "EUR")
    assert shown["total"] == Money.of("1209.98", "EUR")
    assert shown["amount_due"] == Money.of("1209.98", "EUR")
    assert (shown["issued_on"], shown["due_on"]) == (date(2026, 2, 10), date(2026, 3, 12))
    assert (shown["status"].value, shown["posted_period"]) == ("posted", firm.february)
    assert (shown["customer"], shown["legal_entity"]) == (customer, firm.nl)
    assert (shown["reference"], shown["purchase_order"]) == (invoice.id, "PO-77")
    (row,) = await sandbox.rows("invoice")
    (written,) = row["item"]["items"]
    assert (written["quantity"], written["rate"], written["amount"]) == (7.5, 133.33, 999.98)
    assert written["job"] == {"id": project}
    assert written["department"] == {"id": firm.department}
    assert written["class"] == {"id": firm.profit_centre}


async def test_a_posted_invoice_is_not_written_again(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    invoice = firm.invoice(customer)
    first = await erp.put(out(invoice))
    second = await erp.put(out(invoice.changed(purchase_order="PO-99")))
    assert (second.external_id, second.created) == (first.external_id, False)
    (row,) = await sandbox.rows("invoice")
    assert len(row["item"]["items"]) == 1
    assert row["otherRefNum"] == "PO-77"


async def test_payments_and_voids_come_back(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    part, whole, void = [(await erp.put(out(firm.invoice(customer)))).external_id for _ in range(3)]
    paid = await sandbox.control("pay", {"invoice": part, "amount": 209.98, "date": "2026-02-20"})
    await sandbox.control("pay", {"invoice": whole, "date": "2026-02-21"})
    await sandbox.control("void", {"invoice": void})
    changes, mark = await read(erp, Invoice)
    shown = {
        c.external_id: (c.attributes["status"].value, c.attributes["amount_due"].amount)
        for c in changes
    }
    assert shown == {
        part: ("partially_paid", Decimal("1000.00")),
        whole: ("paid", Decimal(0)),
        void: ("void", Decimal(0)),
    }
    payments, _ = await read(erp, Payment)
    first = next(c for c in payments if c.external_id == paid["payment"])
    assert dict(first.attributes) == {
        "customer": customer,
        "amount": Money.of("209.98", "EUR"),
        "received_on": date(2026, 2, 20),
        "reference": None,
        "applications": (
            Application(invoice=part, ledger_invoice=part, amount=Money.of("209.98", "EUR")),
        ),
    }
    assert len(payments) == 2
    await sandbox.control("pay", {"invoice": part, "amount": 1000, "date": "2026-02-25"})
    later, _ = await read(erp, Invoice, mark)
    assert [(c.external_id, c.attributes["status"].value) for c in later] == [(part, "paid")]


@pytest.mark.parametrize("code", ["USER_ERROR", "TRAN_PRD_CLOSED", "TRAN_PERIOD_CLOSED"])
@pytest.mark.parametrize("lock", [{"closed": True, "allLocked": True}, {"arLocked": True}])
async def test_a_closed_period_waits_under_its_name(
    erp: NetSuite, sandbox: Sandbox, code: str, lock: dict[str, bool]
) -> None:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    await sandbox.control("settings", {"closed_period_error": code})
    await sandbox.control("seed", {"accountingPeriod": [{"externalId": "2026-02"} | lock]})
    invoice = firm.invoice(customer)
    with pytest.raises(PeriodClosed) as caught:
        await erp.put(out(invoice))
    assert (caught.value.period, caught.value.code) == ("Feb 2026", code)
    assert await sandbox.rows("invoice") == []
    opened = {"externalId": "2026-02", "closed": False, "allLocked": False, "arLocked": False}
    await sandbox.control("seed", {"accountingPeriod": [opened]})
    assert (await erp.put(out(invoice))).attributes["posted_period"] == firm.february


async def test_a_second_company_bills_the_same_customer(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    for _ in range(2):
        receipt = await erp.put(out(firm.invoice(customer, legal_entity=firm.us)))
        assert receipt.attributes["legal_entity"] == firm.us
    (link,) = await sandbox.rows("customerSubsidiaryRelationship")
    assert link["entity"]["id"] == customer
    assert link["subsidiary"]["id"] == firm.us


async def test_a_kind_of_line_without_an_item(opener: Opener, sandbox: Sandbox) -> None:
    erp = opener(items={"milestone": "fixed"})
    firm = await Firm.of(sandbox)
    with pytest.raises(Invalid) as caught:
        await erp.put(out(firm.invoice("1")))
    assert caught.value.fields[0].remedy.startswith("Add items.time")
    assert await sandbox.rows("invoice") == []


async def test_a_refusal_names_the_vendor_s_field(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    bad = firm.invoice(customer)
    line = bad.lines[0].model_copy(update={"cost_centre": "999"})
    with pytest.raises(Invalid) as caught:
        await erp.put(out(bad.changed(lines=[line])))
    (problem,) = caught.value.fields
    assert (problem.field, problem.value) == ("item.items[0].department", "999")
    assert problem.remedy.startswith("Check that the department exists")


async def test_a_currency_that_the_customer_has_not(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    with pytest.raises(Invalid) as caught:
        await erp.put(out(firm.invoice(customer, currency="USD")))
    (problem,) = caught.value.fields
    assert (problem.field, problem.value) == ("currency", await sandbox.id("currency", "USD"))
    assert problem.remedy == "Add the currency to the customer's currencies in NetSuite."


async def test_constants_that_a_form_asks_for(opener: Opener, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    known: dict[str, Any] = {"customer": {"creditLimit": 5000}}
    await opener(defaults=known).put(out(firm.customer()))
    (row,) = await sandbox.rows("customer")
    assert row["creditLimit"] == 5000
    with pytest.raises(Invalid):
        await opener(defaults={"customer": {"creditLimt": 1}}).put(out(firm.customer(name="Two")))
    assert len(await sandbox.rows("customer")) == 1


async def test_what_netsuite_does_not_take(erp: NetSuite, sandbox: Sandbox) -> None:
    payment = Payment.model_validate(
        {
            "id": "01a1f8fd-a47a-7600-be73-a71b35376ebb",
            "customer": "1",
            "amount": {"amount": "1", "currency": "EUR"},
            "received_on": date(2026, 2, 1),
        }
    )
    with pytest.raises(Refused, match="payment is not written to NetSuite"):
        await erp.put(out(payment))
