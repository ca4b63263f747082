"""Deals, against the simulated org."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.salesforce.world import World, read_all

from isthmus.canonical import Opportunity
from isthmus.canonical.opportunity import BillingModel, OpportunityLine, Stage
from isthmus.connect import Outgoing, Refused, Watermark
from isthmus.connectors.salesforce.opportunity import stage
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio


async def deal(world: World, **values: Any) -> str:
    [account] = await world.seed("Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"})
    row = {
        "Name": "ERP rollout",
        "AccountId": account,
        "StageName": "Closed Won",
        "CloseDate": "2026-01-05",
        "CurrencyIsoCode": "EUR",
        "Billing_Model__c": "T&M",
        "Contracting_Entity__c": "DE01",
        "Delivery_Template__c": "ERP",
        "Work_Starts_On__c": "2026-01-12",
        "Cap_Amount__c": 50000,
        "Minimum_Increment__c": 15,
        **values,
    }
    [made] = await world.seed("Opportunity", row)
    return made


async def line(world: World, opportunity: str, product: str, **values: Any) -> str:
    [sold] = await world.seed("Product2", {"Name": product, "IsActive": True})
    [book] = [b for b in world.rows("Pricebook2") if b.get("IsStandard")][:1]
    [entry] = await world.seed(
        "PricebookEntry",
        {
            "Pricebook2Id": book["Id"],
            "Product2Id": sold,
            "UnitPrice": 100,
            "CurrencyIsoCode": "EUR",
            "IsActive": True,
        },
    )
    await world.update("Opportunity", opportunity, Pricebook2Id=book["Id"])
    row = {"OpportunityId": opportunity, "PricebookEntryId": entry, **values}
    [made] = await world.seed("OpportunityLineItem", row)
    return made


async def test_a_won_deal_with_its_lines(world: World) -> None:
    won = await deal(world)
    await line(world, won, "Consultant", Quantity=100, UnitPrice=Decimal("150.25"))
    found = await world.crm.get(Opportunity, won)
    assert found is not None
    assert found.problems == ()
    assert found.attributes["stage"] is Stage.CLOSED_WON
    assert found.attributes["billing_model"] is BillingModel.T_AND_M
    assert found.attributes["cap"] == Money.of("50000", "EUR")
    assert found.attributes["minimum_increment"] == 15
    assert found.attributes["close_on"] == date(2026, 1, 5)
    assert found.attributes["starts_on"] == date(2026, 1, 12)
    assert (found.attributes["legal_entity"], found.attributes["project_template"]) == (
        "DE01",
        "ERP",
    )
    assert found.attributes["lines"] == (
        OpportunityLine(
            description="Consultant",
            role="Consultant",
            quantity=Decimal("100"),
            unit_price=Money.of("150.25", "EUR"),
        ),
    )


async def test_a_fixed_fee_line_has_no_role_and_is_due_on_its_service_date(world: World) -> None:
    won = await deal(world, Billing_Model__c="Fixed")
    await line(
        world,
        won,
        "Fee",
        Quantity=1,
        UnitPrice=900,
        Description="Go live",
        ServiceDate="2026-04-30",
    )
    found = await world.crm.get(Opportunity, won)
    assert found is not None
    [sold] = found.attributes["lines"]
    assert (sold.description, sold.role, sold.due_on) == ("Go live", None, date(2026, 4, 30))


async def test_a_new_line_brings_the_deal_again(world: World) -> None:
    won = await deal(world)
    [first], mark = await read_all(world.crm, Opportunity, Watermark())
    assert first.attributes["lines"] == ()
    await line(world, won, "Consultant", Quantity=10, UnitPrice=100)
    again, mark = await read_all(world.crm, Opportunity, mark)
    assert {c.external_id for c in again} == {won}
    assert len(again[-1].attributes["lines"]) == 1
    assert (await read_all(world.crm, Opportunity, mark))[0] == []


@pytest.mark.parametrize(
    ("closed", "won", "expected"),
    [
        (False, False, Stage.OPEN),
        (True, True, Stage.CLOSED_WON),
        (True, False, Stage.CLOSED_LOST),
    ],
)
def test_the_stage_is_two_flags(closed: bool, won: bool, expected: Stage) -> None:
    assert stage({"IsClosed": closed, "IsWon": won, "StageName": "Gewonnen!"}) is expected


async def test_only_the_hand_over_is_written(world: World) -> None:
    won = await deal(world)
    before = world.row("Opportunity", won)
    obj = Opportunity(
        id=new_id(),
        name="Other name",
        customer="001000000000001AAA",
        psa_project="a0X1",
        delivery_status="handed_over",
        erp_customer_number="C-9",
    )
    await world.crm.put(Outgoing(obj, "k", external_id=won))
    after = world.row("Opportunity", won)
    changed = {k for k in after if after[k] != before.get(k)} - {
        "SystemModstamp",
        "LastModifiedDate",
    }
    assert changed - {"LastModifiedById"} == {
        "PSA_Project_Id__c",
        "Delivery_Status__c",
        "ERP_Customer_Number__c",
        "Isthmus_Id__c",
    }
    assert after["Isthmus_Id__c"] == obj.id


async def test_a_deal_is_never_made_by_us(world: World) -> None:
    obj = Opportunity(id=new_id(), name="X", customer="001000000000001AAA")
    with pytest.raises(Refused, match="made in the CRM"):
        await world.crm.put(Outgoing(obj, "k"))
    assert world.rows("Opportunity") == []
