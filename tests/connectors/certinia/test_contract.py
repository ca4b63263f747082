"""What a contract is worth, as budgets of its project in the simulated org."""

from decimal import Decimal
from typing import Any

import pytest
from tests.connectors.certinia.engagement import Engagement, an_engagement
from tests.platforms.salesforce.world import CLIENT, World

from isthmus.canonical import Contract
from isthmus.connect import ConnectionContext, Invalid, Outgoing
from isthmus.connectors.certinia import CONNECTOR
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio


async def agreed(world: World, work: Engagement, **changes: Any) -> Contract:
    [deal] = await world.seed(
        "Opportunity",
        {"Name": "Rollout", "AccountId": work.account, "StageName": "Closed Won",
         "CloseDate": "2026-01-01", "CurrencyIsoCode": "EUR"},
    )  # fmt: skip
    facts = {
        "id": new_id(), "number": "C-1", "customer": work.account, "opportunity": deal,
        "project": work.project, "legal_entity": "NL", "billing_model": "t_and_m",
        "currency": "EUR", "value": Money.of("15000", "EUR"), "starts_on": "2026-01-05",
    }  # fmt: skip
    return Contract.model_validate(facts | changes)


def booked(world: World, work: Engagement) -> Decimal:
    amount: Decimal = world.row("pse__Proj__c", work.project)["pse__Bookings__c"]
    return amount


async def test_a_contract_and_each_change_of_its_value_are_booked_once(world: World) -> None:
    work = await an_engagement(world)
    contract = await agreed(world, work)
    first = await world.psa.put(Outgoing(contract, "a"))
    assert booked(world, work) == Decimal(15000)
    amended = contract.changed(amendments=[
        {"number": 1, "effective_on": "2026-03-01", "value_change": Money.of("2500", "EUR")},
        {"number": 2, "effective_on": "2026-04-01", "ends_on": "2026-12-31"},
        {"number": 3, "effective_on": "2026-05-01", "value_change": Money.of("-500", "EUR")},
    ])  # fmt: skip
    repeated = [await world.psa.put(Outgoing(amended, "b")) for _ in range(2)]
    assert [(r.external_id, r.created) for r in repeated] == [(first.external_id, False)] * 2
    assert booked(world, work) == Decimal(17000)
    rows = sorted(world.rows("pse__Budget__c"), key=lambda r: str(r["Name"]))
    assert [(r["Name"], r["pse__Amount__c"], r["pse__Effective_Date__c"]) for r in rows] == [
        ("C-1", Decimal(15000), "2026-01-05"),
        ("C-1 amendment 1", Decimal(2500), "2026-03-01"),
        ("C-1 amendment 3", Decimal(-500), "2026-05-01"),
    ]
    assert {(r["pse__Status__c"], r["pse__Include_In_Financials__c"]) for r in rows} == {
        ("Approved", True)
    }
    assert {r["pse__Billable__c"] for r in rows} == {False}


async def test_a_budget_that_people_changed_stays_as_it_is(world: World) -> None:
    work = await an_engagement(world)
    contract = await agreed(world, work)
    receipt = await world.psa.put(Outgoing(contract, "a"))
    await world.update(
        "pse__Budget__c", receipt.external_id, pse__Amount__c=14000,
        pse__Admin_Global_Edit__c=True, pse__Audit_Notes__c="agreed by phone",
    )  # fmt: skip
    assert booked(world, work) == Decimal(14000)
    await world.psa.put(Outgoing(contract, "b"))
    assert booked(world, work) == Decimal(14000)


async def test_a_contract_whose_project_is_not_there_is_a_persons(world: World) -> None:
    work = await an_engagement(world)
    with pytest.raises(Invalid, match="a budget belongs to a project"):
        await world.psa.put(Outgoing(await agreed(world, work, project=None), "a"))
    assert world.rows("pse__Budget__c") == []


async def test_budgets_are_switched_off_where_people_make_them(world: World) -> None:
    config = CONNECTOR.config.model_validate(
        {"url": world.url, "auth": {"flow": "client_credentials", **CLIENT}, "budgets": False}
    )
    system = CONNECTOR.open(ConnectionContext("psa"), config)
    assert Contract not in system.capabilities
