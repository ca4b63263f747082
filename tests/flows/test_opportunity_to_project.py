"""C1, C2: a won deal is opened everywhere, or it is held and nothing at all was written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, project_of, win
from tests.sampled import sampled

pytestmark = pytest.mark.anyio


class Bad(NamedTuple):
    """What sales typed wrong, who is told what, and the value that mends it."""

    code: str
    owner: str
    reason: str
    fix: str
    deal: dict[str, Any]
    right: dict[str, Any]


DEALS = [
    Bad("payment_terms_missing", "pmo",
        "neither the deal nor the client has payment terms",
        "Set the payment terms of the deal, then replay.",
        {"Payment_Terms__c": None}, {"Payment_Terms__c": "Net 30"}),
    Bad("start_missing", "pmo", "it has no first day of work",
        "Set the start date of the deal, then replay.",
        {"Work_Starts_On__c": None}, {"Work_Starts_On__c": "2026-07-01"}),
    Bad("end_before_start", "pmo", "it ends on 2026-06-01, before it starts on 2026-07-01",
        "Correct the start or end date of the deal, then replay.",
        {"Work_Ends_On__c": "2026-06-01"}, {"Work_Ends_On__c": "2026-12-31"}),
    Bad("legal_entity_missing", "pmo", "no company of ours contracts it",
        "Set the legal entity of the deal: EA-NL, EA-US, then replay.",
        {"Contracting_Entity__c": None}, {"Contracting_Entity__c": "EA-NL"}),
    Bad("legal_entity_unknown", "finance",
        "the ledger has no company 'EA-XX'; it has EA-NL, EA-US",
        "Correct the legal entity of the deal, then replay.",
        {"Contracting_Entity__c": "EA-XX"}, {"Contracting_Entity__c": "EA-NL"}),
    Bad("billing_model_missing", "pmo", "it does not say how the work is billed",
        "Set the billing model of the deal: fixed_fee, t_and_m, then replay.",
        {"Billing_Model__c": None}, {"Billing_Model__c": "T&M"}),
    Bad("billing_model_unsupported", "finance", "no rule bills retainer",
        "Sell it as fixed_fee, t_and_m, then replay.",
        {"Billing_Model__c": "Retainer"}, {"Billing_Model__c": "T&M"}),
    Bad("template_missing", "pmo", "it names no project template",
        "Set the project template of the deal, then replay.",
        {"Delivery_Template__c": None}, {"Delivery_Template__c": "Advisory template"}),
    Bad("template_unknown", "pmo",
        "the PSA has no template 'Advisory tmplate'; it has Advisory template",
        "Name a template of the PSA, or make this one there, then replay.",
        {"Delivery_Template__c": "Advisory tmplate"},
        {"Delivery_Template__c": "Advisory template"}),
    Bad("cap_not_positive", "pmo", "its cap is 0.00 EUR, which bills nothing",
        "Correct the cap, or leave it empty for none, then replay.",
        {"Cap_Amount__c": Decimal(0)}, {"Cap_Amount__c": Decimal(15000)}),
]  # fmt: skip

ACCOUNTS = [
    Bad("tax_country_unknown", "pmo", "Harbour Works has no country in its billing address",
        "Set the billing country of the account, then replay.",
        {"BillingCountry": None}, {"BillingCountry": "Netherlands"}),
    Bad("tax_registration_invalid", "finance", "'NL004495446B01' is not a tax registration of NL",
        "Ask the client for the number, correct it on the account, then replay.",
        {"Tax_Registration__c": "NL004495446B01"}, {"Tax_Registration__c": "NL004495445B01"}),
    Bad("tax_registration_missing", "finance",
        "Harbour Works in DE is billed from NL by reverse charge, which quotes its VAT number",
        "Set the VAT number of the account, then replay.",
        {"BillingCountry": "Germany", "Tax_Registration__c": None},
        {"Tax_Registration__c": "DE136695976"}),
    Bad("currency_mismatch", "finance", "it is in EUR, but the client is billed in USD",
        "Correct the currency of the deal, or of the client in the ledger, then replay.",
        {"CurrencyIsoCode": "USD"}, {"CurrencyIsoCode": "EUR"}),
]  # fmt: skip


async def written(firm: Firm) -> tuple[int, int, int]:
    """Projects (the template left out), customers and jobs that exist."""
    projects = [p for p in firm.org.rows("pse__Proj__c") if not p.get("pse__Is_Template__c")]
    return (
        len(projects),
        len(await firm.books.rows("customer")),
        len(await firm.books.rows("job")),
    )


async def assert_held(firm: Firm, bad: Bad) -> None:
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("held", bad.code, bad.owner)
    assert bad.reason in hold.reason
    assert hold.fix == bad.fix
    assert (hold.amount, hold.currency) == (Decimal(15000), "EUR")
    assert hold.customer == "Harbour Works"
    assert hold.flow == "opportunity_to_project"
    assert await written(firm) == (0, 0, 0)
    assert firm.org.rows("pse__Resource_Request__c") == []
    assert await firm.events("contract.opened") == []


async def assert_opened(firm: Firm, deal: str) -> None:
    assert await firm.open_holds() == []
    assert await written(firm) == (1, 1, 1)
    assert firm.org.row("Opportunity", deal)["Delivery_Status__c"] == "project opened"
    assert await firm.runs("opportunity_to_project") == [("succeeded", 2)]


@pytest.mark.parametrize("bad", sampled(DEALS, 3), ids=lambda b: b.code)
async def test_a_bad_deal_is_held_and_goes_on_once_corrected(firm: Firm, bad: Bad) -> None:
    account = await an_account(firm, **({"Payment_Terms__c": None} if "terms" in bad.code else {}))
    deal = await a_deal(firm, account, **bad.deal)
    await win(firm, deal)
    await assert_held(firm, bad)

    await firm.org.update("Opportunity", deal, **bad.right)
    await firm.replay(await firm.hold())
    await assert_opened(firm, deal)


@pytest.mark.parametrize("bad", sampled(ACCOUNTS, 1), ids=lambda b: b.code)
async def test_a_bad_account_holds_its_deal(firm: Firm, bad: Bad) -> None:
    account = await an_account(firm, **bad.deal)
    deal = await a_deal(firm, account)
    await win(firm, deal)
    await assert_held(firm, bad)

    await firm.org.update("Account", account, **bad.right)
    await firm.replay(await firm.hold())
    await assert_opened(firm, deal)


@pytest.mark.slow
async def test_two_accounts_with_one_tax_number_are_told_apart_by_a_person(firm: Firm) -> None:
    above = await an_account(firm, Name="Harbour Group")
    account = await an_account(firm, ParentId=above)
    await win(firm, await a_deal(firm, account))
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.customer) == ("customer_twins", "pmo", "Harbour Works")
    assert hold.reason == (
        f"Harbour Works and Harbour Group are two records of salesforce ({account} and {above}) "
        "and one customer of netsuite"
    )
    assert await written(firm) == (0, 1, 0)

    await firm.org.update("Account", account, Tax_Registration__c="NL810462783B01")
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert await written(firm) == (1, 2, 1)


@pytest.mark.slow
async def test_a_loop_of_accounts_holds_the_deal(firm: Firm) -> None:
    above = await an_account(firm, Name="Harbour Group", Tax_Registration__c=None)
    account = await an_account(firm, ParentId=above)
    await firm.org.update("Account", above, ParentId=account)
    deal = await a_deal(firm, account)
    await win(firm, deal)
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("hierarchy_cycle", "pmo")
    assert "Harbour Group is under one below it" in hold.reason
    assert await written(firm) == (0, 0, 0)

    await firm.org.update("Account", above, ParentId=None)
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert await written(firm) == (1, 2, 1)


@pytest.mark.slow
async def test_parents_are_in_the_ledger_before_their_children(firm: Firm) -> None:
    top = await an_account(firm, Name="Harbour Holding", Tax_Registration__c=None)
    middle = await an_account(
        firm, Name="Harbour Group", Tax_Registration__c=None, ParentId=top
    )  # fmt: skip
    account = await an_account(firm, ParentId=middle)
    await win(firm, await a_deal(firm, account))
    assert await firm.open_holds() == []
    customers = await firm.books.rows("customer")
    assert [c["companyName"] for c in customers] == [
        "Harbour Holding", "Harbour Group", "Harbour Works",
    ]  # fmt: skip
    by_name = {c["companyName"]: c for c in customers}
    assert "parent" not in by_name["Harbour Holding"]
    assert by_name["Harbour Group"]["parent"]["id"] == by_name["Harbour Holding"]["id"]
    assert by_name["Harbour Works"]["parent"]["id"] == by_name["Harbour Group"]["id"]


LEDGER_CUSTOMER: dict[str, Any] = {
    "externalId": "old-1", "companyName": "Harbour Works B.V.", "isPerson": False,
    "subsidiary": {"externalId": "EA-NL"}, "currency": {"externalId": "EUR"},
    "terms": {"externalId": "net30"},
}  # fmt: skip


def numbered(number: str) -> dict[str, Any]:
    line = {"nexusCountry": {"id": "NL"}, "taxRegistrationNumber": number}
    return {"taxRegistration": {"items": [line]}}


async def test_the_ledgers_own_customer_is_linked(firm: Firm) -> None:
    await firm.books.control(
        "seed", {"customer": [{**LEDGER_CUSTOMER, **numbered("NL004495445B01")}]}
    )
    await firm.read("netsuite")
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    assert await firm.open_holds() == []
    assert await written(firm) == (1, 1, 1)
    [customer], [job] = await firm.books.rows("customer"), await firm.books.rows("job")
    assert job["parent"]["id"] == customer["id"]
    returned = firm.org.row("Opportunity", deal)
    assert returned["ERP_Customer_Number__c"] == customer["entityId"]
    async with firm.app.database.begin() as tx:
        assert (await tx.records.counts())["customer"] == 1


async def test_two_likely_customers_are_a_persons_to_choose(firm: Firm) -> None:
    twins = [
        {**LEDGER_CUSTOMER, "companyName": "Harbour Works"},
        {**LEDGER_CUSTOMER, "externalId": "old-2", "companyName": "HARBOUR WORKS"},
    ]
    for twin, name in zip(twins, ("HW-1", "HW-2"), strict=True):
        twin["entityId"] = name
    await firm.books.control("seed", {"customer": twins})
    await win(firm, await a_deal(firm, await an_account(firm)))
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.customer) == ("customer_match", "finance", "Harbour Works")
    assert (hold.amount, hold.currency) == (Decimal(15000), "EUR")
    assert hold.reason.startswith("Harbour Works may exist in netsuite already: ")
    assert await written(firm) == (0, 2, 0)

    [first, *_] = await firm.books.rows("customer")
    await firm.books.control(
        "seed", {"customer": [{"externalId": first["externalId"], **numbered("NL004495445B01")}]}
    )
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert await written(firm) == (1, 2, 1)
    [job] = await firm.books.rows("job")
    assert job["parent"]["id"] == first["id"]


@pytest.mark.slow
async def test_a_client_on_hold_gets_no_second_project(firm: Firm) -> None:
    account = await an_account(firm)
    await win(firm, await a_deal(firm, account))
    [customer] = await firm.books.rows("customer")
    key = {"externalId": customer["externalId"]}
    await firm.books.control("seed", {"customer": [{**key, "creditHoldOverride": {"id": "ON"}}]})
    await firm.read("netsuite")

    await win(firm, await a_deal(firm, account, Name="Harbour phase 2"))
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("customer_on_hold", "finance")
    assert hold.reason == "Harbour phase 2: Harbour Works is on hold in the ledger"
    assert await written(firm) == (1, 1, 1)

    await firm.books.control("seed", {"customer": [{**key, "creditHoldOverride": {"id": "AUTO"}}]})
    await firm.read("netsuite")
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert await written(firm) == (2, 1, 2)


async def test_a_deal_in_pounds(firm: Firm) -> None:
    account = await an_account(
        firm, BillingCountry="United Kingdom", CurrencyIsoCode="GBP", Tax_Registration__c=None
    )
    deal = await a_deal(firm, account, CurrencyIsoCode="GBP")
    await win(firm, deal)
    assert await firm.open_holds() == []
    project = project_of(firm, deal)
    assert project["CurrencyIsoCode"] == "GBP"
    [customer], currencies = (
        await firm.books.rows("customer"), await firm.books.rows("currency"),
    )  # fmt: skip
    [pound] = [c for c in currencies if c["symbol"] == "GBP"]
    assert customer["currency"]["id"] == pound["id"]


async def test_a_fixed_fee_becomes_milestones(firm: Firm) -> None:
    deal = await a_deal(
        firm, await an_account(firm), Billing_Model__c="Fixed",
        lines=[("Design", Decimal(1), Decimal("12000.50"), "2026-07-31"),
               ("Build", Decimal(1), Decimal("20000.25"), "2026-08-31")],
    )  # fmt: skip
    await win(firm, deal)
    assert await firm.open_holds() == []
    milestones = sorted(firm.org.rows("pse__Milestone__c"), key=lambda m: m["pse__Target_Date__c"])
    assert [
        (m["Name"], m["pse__Milestone_Amount__c"], m["pse__Target_Date__c"], m["CurrencyIsoCode"])
        for m in milestones
    ] == [
        ("Design", Decimal("12000.50"), "2026-07-31", "EUR"),
        ("Build", Decimal("20000.25"), "2026-08-31", "EUR"),
    ]
    project = project_of(firm, deal)
    assert {m["pse__Project__c"] for m in milestones} == {project["Id"]}
    assert project["pse__Billing_Type__c"] == "Fixed Price"
    assert firm.org.rows("pse__Resource_Request__c") == []


async def test_instalments_must_sum_to_the_deal(firm: Firm) -> None:
    deal = await a_deal(
        firm, await an_account(firm), Billing_Model__c="Fixed",
        lines=[("Design", Decimal(1), Decimal(12000), None)],
    )  # fmt: skip
    await win(firm, deal)
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("line_date_missing", "pmo")
    assert hold.amount == Decimal(12000)
    assert await written(firm) == (0, 0, 0)


async def test_what_is_returned_to_sales(firm: Firm) -> None:
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project, [customer] = project_of(firm, deal), await firm.books.rows("customer")
    shown = firm.org.row("Opportunity", deal)
    assert shown["PSA_Project_Id__c"] == project["Id"]
    assert shown["Delivery_Status__c"] == "project opened"
    assert shown["ERP_Customer_Number__c"] == customer["entityId"]
    account = firm.org.row("Account", shown["AccountId"])
    assert account["ERP_Customer_Number__c"] == customer["entityId"]
    told = [t for t in ("project.opened", "resource_demand.published", "workspace.requested",
                        "billing_schedule.review_requested") if await firm.events(t)]  # fmt: skip
    assert len(told) == 4


async def test_the_same_event_twice_is_one_project(firm: Firm) -> None:
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    await firm.org.update("Opportunity", deal, StageName="Negotiation/Review")
    await firm.read()
    await win(firm, deal)
    assert len(await firm.events("opportunity.closed_won")) == 2
    assert await firm.runs("opportunity_to_project") == [("succeeded", 1)]
    assert await written(firm) == (1, 1, 1)


async def test_a_persons_correction_stands_beside_the_original(firm: Firm) -> None:
    deal = await a_deal(firm, await an_account(firm), Contracting_Entity__c="EA-XX")
    await win(firm, deal)
    hold = await firm.hold()
    await firm.correct(hold, legal_entity="EA-NL")
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert await written(firm) == (1, 1, 1)
    assert project_of(firm, deal)["Legal_Entity__c"] == "EA-NL"
    assert firm.org.row("Opportunity", deal)["Contracting_Entity__c"] == "EA-XX"


@pytest.mark.slow
async def test_a_correction_yields_to_the_owner(firm: Firm) -> None:
    """Sales corrects the deal to another company after a person corrected it here: sales wins."""
    deal = await a_deal(firm, await an_account(firm), Contracting_Entity__c="EA-XX")
    await win(firm, deal)
    hold = await firm.hold()
    await firm.correct(hold, legal_entity="EA-NL")
    await firm.org.update("Opportunity", deal, Contracting_Entity__c="EA-US")
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert project_of(firm, deal)["Legal_Entity__c"] == "EA-US"
