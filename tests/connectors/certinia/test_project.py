"""Projects made from templates, against the simulated org."""

from datetime import date
from typing import Any

import pytest
from tests.platforms.salesforce.world import World, read_all

from isthmus.canonical import Phase, Project, Task
from isthmus.canonical.opportunity import BillingModel
from isthmus.canonical.project import ProjectStatus
from isthmus.connect import Invalid, Outgoing, Watermark
from isthmus.kit.ids import new_id

pytestmark = pytest.mark.anyio


async def template(world: World) -> str:
    """Starts on 1 January: two phases, and a task with a task below it."""
    [made] = await world.seed(
        "pse__Proj__c",
        {
            "Name": "ERP",
            "pse__Is_Template__c": True,
            "pse__Start_Date__c": "2025-01-01",
            "CurrencyIsoCode": "EUR",
        },
    )
    await world.seed(
        "pse__Project_Phase__c",
        {
            "Name": "Design",
            "pse__Project__c": made,
            "pse__Start_Date__c": "2025-01-01",
            "pse__End_Date__c": "2025-01-31",
        },
        {"Name": "Build", "pse__Project__c": made, "pse__Start_Date__c": "2025-02-01"},
    )
    [parent] = await world.seed("pse__Project_Task__c", {"Name": "Build", "pse__Project__c": made})
    await world.seed(
        "pse__Project_Task__c",
        {
            "Name": "Interfaces",
            "pse__Project__c": made,
            "pse__Parent_Task__c": parent,
            "pse__Start_Date_Time__c": "2025-02-03T09:00:00.000+0000",
        },
    )
    return made


async def an_account(world: World) -> str:
    [account] = await world.seed("Account", {"Name": "Acme", "CurrencyIsoCode": "EUR"})
    return account


def project(account: str, **values: Any) -> Project:
    return Project.model_validate(
        {
            "id": new_id(),
            "name": "Acme rollout",
            "customer": account,
            "template": "ERP",
            "legal_entity": "DE01",
            "billing_model": "t_and_m",
            "currency": "EUR",
            "starts_on": date(2026, 1, 11),
            **values,
        }
    )


def children(world: World, sobject: str, parent: str) -> list[dict[str, Any]]:
    rows = [r for r in world.rows(sobject) if r["pse__Project__c"] == parent]
    return sorted(rows, key=lambda r: str(r["Name"]))


async def test_a_project_gets_its_templates_phases_and_tasks_from_its_own_start(
    world: World,
) -> None:
    await template(world)
    obj = project(await an_account(world))
    receipt = await world.psa.put(Outgoing(obj, "k"))
    assert receipt.created is True
    assert receipt.attributes["template"] == "ERP"
    assert receipt.attributes["status"] is ProjectStatus.PLANNED
    row = world.row("pse__Proj__c", receipt.external_id)
    assert (row["pse__Billing_Type__c"], row["pse__Stage__c"], row["pse__Is_Active__c"]) == (
        "Time and Materials",
        "Planned",
        True,
    )
    phases = children(world, "pse__Project_Phase__c", receipt.external_id)
    assert [(p["Name"], p["pse__Start_Date__c"], p["pse__End_Date__c"]) for p in phases] == [
        ("Build", "2026-02-11", None),
        ("Design", "2026-01-11", "2026-02-10"),
    ]
    build, interfaces = children(world, "pse__Project_Task__c", receipt.external_id)
    assert interfaces["pse__Parent_Task__c"] == build["Id"]
    assert str(interfaces["pse__Start_Date_Time__c"]).startswith("2026-02-13T09:00:00")


async def test_a_repeat_copies_nothing_again_and_leaves_peoples_changes(world: World) -> None:
    await template(world)
    obj = project(await an_account(world))
    first = await world.psa.put(Outgoing(obj, "k"))
    build, _ = children(world, "pse__Project_Phase__c", first.external_id)
    await world.update("pse__Project_Phase__c", build["Id"], Name="Build it")
    second = await world.psa.put(Outgoing(obj, "k"))
    assert (second.external_id, second.created) == (first.external_id, False)
    names = [r["Name"] for r in children(world, "pse__Project_Phase__c", first.external_id)]
    assert names == ["Build it", "Design"]
    assert len(children(world, "pse__Project_Task__c", first.external_id)) == 2


async def test_a_copy_cut_off_half_way_is_completed_without_a_second_row(world: World) -> None:
    await template(world)
    obj = project(await an_account(world))
    made = await world.psa.put(Outgoing(obj, "k"))
    await world.update("pse__Proj__c", made.external_id, Delivery_Template__c=None)
    _, interfaces = children(world, "pse__Project_Task__c", made.external_id)
    await world.control("delete", {"ids": [interfaces["Id"]]})
    await world.psa.put(Outgoing(obj, "k"))
    tasks = children(world, "pse__Project_Task__c", made.external_id)
    assert [t["Name"] for t in tasks] == ["Build", "Interfaces"]
    assert len(children(world, "pse__Project_Phase__c", made.external_id)) == 2


async def test_a_missing_template_is_named_and_leaves_no_project(world: World) -> None:
    obj = project(await an_account(world), template="No such")
    with pytest.raises(Invalid) as caught:
        await world.psa.put(Outgoing(obj, "k"))
    [problem] = caught.value.fields
    assert (problem.field, problem.value) == ("Delivery_Template__c", "No such")
    assert world.rows("pse__Proj__c") == []


async def test_templates_are_no_projects_and_ours_are_recognised(world: World) -> None:
    await template(world)
    obj = project(await an_account(world), accepts_time=False, status="active")
    receipt = await world.psa.put(Outgoing(obj, "k"))
    [read], _ = await read_all(world.psa, Project, Watermark())
    assert (read.external_id, read.canonical_id) == (receipt.external_id, obj.id)
    assert read.problems == ()
    assert read.attributes == {
        "name": "Acme rollout",
        "customer": obj.customer,
        "opportunity": None,
        "template": "ERP",
        "legal_entity": "DE01",
        "billing_model": BillingModel.T_AND_M,
        "currency": "EUR",
        "status": ProjectStatus.ACTIVE,
        "starts_on": date(2026, 1, 11),
        "ends_on": None,
        "is_billable": True,
        "accepts_time": False,
        "accepts_expenses": True,
        "profit_centre": None,
    }
    phases, _ = await read_all(world.psa, Phase, Watermark())
    assert sorted(p.attributes["name"] for p in phases) == ["Build", "Design"]
    tasks, _ = await read_all(world.psa, Task, Watermark())
    assert len(tasks) == 2


async def test_an_inactive_project_under_way_is_on_hold(world: World) -> None:
    obj = project(await an_account(world), template=None, status="active")
    receipt = await world.psa.put(Outgoing(obj, "k"))
    await world.update("pse__Proj__c", receipt.external_id, pse__Is_Active__c=False)
    found = await world.psa.get(Project, receipt.external_id)
    assert found is not None
    assert found.attributes["status"] is ProjectStatus.ON_HOLD


async def test_a_billing_model_without_counterpart_is_invalid(world: World) -> None:
    obj = project(await an_account(world), template=None, billing_model="cost_plus")
    with pytest.raises(Invalid) as caught:
        await world.psa.put(Outgoing(obj, "k"))
    assert caught.value.fields[0].field == "pse__Billing_Type__c"
    assert world.rows("pse__Proj__c") == []
