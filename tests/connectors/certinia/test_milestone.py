"""Milestones and their checkboxes, against the simulated org."""

from datetime import date
from typing import Any

import pytest
from tests.connectors.certinia.engagement import an_engagement
from tests.platforms.salesforce.world import World

from isthmus.canonical import Milestone
from isthmus.canonical.milestone import MilestoneState
from isthmus.connect import Outgoing
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio

ACCEPTED = {"pse__Status__c": "Approved", "pse__Approved__c": True}
READY = {
    **ACCEPTED,
    "pse__Include_In_Financials__c": True,
    "pse__Approved_for_Billing__c": True,
}


def milestone(project: str, **values: Any) -> Milestone:
    return Milestone.model_validate(
        {
            "id": new_id(),
            "name": "Go live",
            "project": project,
            "amount": Money.of("12000.50", "EUR"),
            "due_on": date(2026, 4, 30),
            **values,
        }
    )


async def test_a_milestone_is_made_planned_with_its_price(world: World) -> None:
    work = await an_engagement(world)
    obj = milestone(work.project)
    receipt = await world.psa.put(Outgoing(obj, "k"))
    assert receipt.attributes["state"] is MilestoneState.PLANNED
    assert receipt.attributes["amount"] == Money.of("12000.50", "EUR")
    [row] = world.rows("pse__Milestone__c")
    assert (row["pse__Status__c"], row["pse__Target_Date__c"]) == ("Planned", "2026-04-30")
    assert row["Isthmus_Id__c"] == obj.id


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, MilestoneState.PLANNED),
        ({"pse__Status__c": "Approved"}, MilestoneState.PLANNED),
        ({"pse__Actual_Date__c": "2026-04-28"}, MilestoneState.DELIVERED),
        (ACCEPTED, MilestoneState.ACCEPTED),
        (READY, MilestoneState.READY_TO_BILL),
        ({**READY, "pse__Billing_Hold__c": True}, MilestoneState.ACCEPTED),
        ({**READY, "pse__Invoiced__c": True}, MilestoneState.INVOICED),
        ({"pse__Status__c": "Canceled"}, MilestoneState.CANCELLED),
    ],
)
async def test_the_checkboxes_decide_the_state(
    world: World, values: dict[str, Any], expected: MilestoneState
) -> None:
    work = await an_engagement(world)
    [made] = await world.seed(
        "pse__Milestone__c",
        {
            "Name": "M",
            "pse__Project__c": work.project,
            "pse__Target_Date__c": "2026-04-30",
            "pse__Milestone_Amount__c": 100,
            "CurrencyIsoCode": "EUR",
            **values,
        },
    )
    found = await world.psa.get(Milestone, made)
    assert found is not None
    assert found.problems == ()
    assert found.attributes["state"] is expected


async def test_a_repeat_does_not_set_the_status_back(world: World) -> None:
    work = await an_engagement(world)
    obj = milestone(work.project)
    receipt = await world.psa.put(Outgoing(obj, "k"))
    await world.update("pse__Milestone__c", receipt.external_id, **READY)
    again = await world.psa.put(Outgoing(obj, "k", only=frozenset({"name"})))
    assert again.created is False
    assert again.attributes["state"] is MilestoneState.READY_TO_BILL


async def test_an_invoice_is_marked_on_an_approved_milestone(world: World) -> None:
    work = await an_engagement(world)
    obj = milestone(work.project)
    made = await world.psa.put(Outgoing(obj, "k"))
    await world.update("pse__Milestone__c", made.external_id, **READY)
    marked = obj.changed(invoice_number="INV-7")
    only = frozenset({"invoice_number"})
    receipt = await world.psa.put(Outgoing(marked, "k2", made.external_id, only))
    assert receipt.attributes["state"] is MilestoneState.INVOICED
    row = world.row("pse__Milestone__c", made.external_id)
    assert (row["pse__Invoice_Number__c"], row["pse__Billed__c"]) == ("INV-7", True)
    assert "INV-7" in row["pse__Audit_Notes__c"]


async def test_a_mark_is_taken_back_and_the_milestone_is_ready_again(world: World) -> None:
    work = await an_engagement(world)
    obj = milestone(work.project)
    made = await world.psa.put(Outgoing(obj, "k"))
    await world.update("pse__Milestone__c", made.external_id, **READY)
    only = frozenset({"invoice_number"})
    marked = obj.changed(invoice_number="INV-7")
    await world.psa.put(Outgoing(marked, "k2", made.external_id, only))
    receipt = await world.psa.put(Outgoing(obj, "k3", made.external_id, only))
    assert receipt.attributes["state"] is MilestoneState.READY_TO_BILL
    row = world.row("pse__Milestone__c", made.external_id)
    assert (row["pse__Invoice_Number__c"], row["pse__Billed__c"]) == (None, False)
