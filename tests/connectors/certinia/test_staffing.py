"""Resources, assignments, prices and demands, against the simulated org."""

from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError
from tests.connectors.certinia.engagement import an_engagement
from tests.platforms.salesforce.world import CLIENT, World, read_all

from isthmus.canonical import Assignment, Phase, RateCard, Resource, ResourceDemand
from isthmus.canonical.resource import WorkerStatus
from isthmus.canonical.resource_demand import DemandStatus
from isthmus.connect import ConnectionContext, Outgoing, Receipt, Refused, Unauthorized, Watermark
from isthmus.connectors.certinia import CONNECTOR
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio

OWN = {
    "url": "https://acme.my.salesforce.com",
    "auth": {"flow": "client_credentials", "client_id": "x", "client_secret": "not-real"},
}


async def test_only_contacts_marked_as_resources_are_resources(world: World) -> None:
    work = await an_engagement(world)
    await world.seed("Contact", {"LastName": "Client", "AccountId": work.account})
    [change], _ = await read_all(world.psa, Resource, Watermark())
    assert change.external_id == work.resource
    assert change.problems == ()
    assert change.attributes == {
        "name": "Ana Lee",
        "employee_number": "E-1",
        "email": "ana@firm.example",
        "role": "Consultant",
        "legal_entity": "DE01",
        "cost_centre": "CC1",
        "cost_rate": Money.of("70", "EUR"),
        "status": WorkerStatus.ACTIVE,
    }
    await world.update("Contact", work.resource, Practice_Role__c="Senior Consultant")
    [found] = await world.psa.find(Resource, {"employee_number": "E-1"})
    assert found.attributes["role"] == "Senior Consultant"


async def test_an_assignment_has_its_schedules_dates(world: World) -> None:
    work = await an_engagement(world)
    found = await world.psa.get(Assignment, work.assignment)
    assert found is not None
    assert found.problems == ()
    assert found.attributes == {
        "project": work.project,
        "resource": work.resource,
        "role": "Consultant",
        "bill_rate": Money.of("150", "EUR"),
        "planned_hours": Decimal(0),
        "starts_on": date(2026, 1, 5),
        "ends_on": date(2026, 12, 31),
        "is_billable": True,
        "accepts_time": True,
    }


async def test_a_moved_schedule_brings_its_assignment_once(world: World) -> None:
    work = await an_engagement(world)
    first, mark = await read_all(world.psa, Assignment, Watermark())
    assert [c.external_id for c in first] == [work.assignment]
    [schedule] = world.rows("pse__Schedule__c")
    await world.update("pse__Schedule__c", schedule["Id"], pse__End_Date__c="2027-01-31")
    [change], mark = await read_all(world.psa, Assignment, mark)
    assert change.attributes["ends_on"] == date(2027, 1, 31)
    assert (await read_all(world.psa, Assignment, mark))[0] == []


async def test_a_daily_bill_rate_is_no_hourly_one(world: World) -> None:
    work = await an_engagement(world, pse__Daily_Bill_Rate__c=True)
    found = await world.psa.get(Assignment, work.assignment)
    assert found is not None
    assert found.attributes["bill_rate"] is None
    assert [p.field for p in found.problems] == ["pse__Daily_Bill_Rate__c"]


async def test_a_price_without_a_start_has_always_applied(world: World) -> None:
    work = await an_engagement(world)
    rate = {
        "pse__Role__c": "Consultant",
        "pse__Suggested_Bill_Rate__c": Decimal("151.75"),
        "pse__Average_Cost_Rate__c": 70,
        "CurrencyIsoCode": "EUR",
    }
    [general, _] = await world.seed(
        "pse__Rate_Card__c",
        rate,
        {**rate, "pse__Account__c": work.account, "pse__Start_Date__c": "2026-01-01"},
    )
    changes, _ = await read_all(world.psa, RateCard, Watermark())
    by_id = {c.external_id: c for c in changes}
    number = world.row("pse__Rate_Card__c", general)["Name"]
    assert by_id[general].problems == ()
    assert by_id[general].attributes == {
        "number": number,
        "role": "Consultant",
        "project": None,
        "customer": None,
        "bill_rate": Money.of("151.75", "EUR"),
        "cost_rate": Money.of("70", "EUR"),
        "effective_from": date(1970, 1, 1),
        "effective_to": None,
    }
    [agreed] = [c for c in changes if c.external_id != general]
    assert agreed.attributes["customer"] == work.account
    assert agreed.attributes["effective_from"] == date(2026, 1, 1)


async def test_a_demand_is_made_ready_to_staff_and_its_status_read(world: World) -> None:
    work = await an_engagement(world)
    demand = ResourceDemand(
        id=new_id(),
        name="Senior for design",
        project=work.project,
        role="Management Consultant III",
        hours=Decimal("120.5"),
        starts_on=date(2026, 2, 1),
        bill_rate=Money.of("210.10", "EUR"),
    )
    first = await world.psa.put(Outgoing(demand, "k"))
    assert first.attributes["status"] is DemandStatus.OPEN
    [row] = world.rows("pse__Resource_Request__c")
    assert (row["pse__Status__c"], row["Role_Requested__c"]) == (
        "Ready to Staff",
        "Management Consultant III",
    )
    await world.update("pse__Resource_Request__c", first.external_id, pse__Status__c="Assigned")
    second = await world.psa.put(Outgoing(demand, "k"))
    assert (second.created, second.attributes["status"]) == (False, DemandStatus.ASSIGNED)


async def test_a_price_of_a_project_is_written_once_and_ended(world: World) -> None:
    work = await an_engagement(world)
    card = RateCard(
        id=new_id(),
        number="C-1/1 Consultant",
        role="Consultant",
        project=work.project,
        customer=work.account,
        bill_rate=Money.of("165", "EUR"),
        cost_rate=Money.of("80", "EUR"),
        effective_from=date(2026, 7, 8),
    )
    first, second = [await world.psa.put(Outgoing(card, "k")) for _ in range(2)]
    assert (first.created, second.created, second.external_id) == (True, False, first.external_id)
    row = world.row("pse__Rate_Card__c", first.external_id)
    assert (row["Project__c"], row["pse__Account__c"]) == (work.project, work.account)
    assert row["pse__Suggested_Bill_Rate__c"] == Decimal(165)
    assert first.attributes["number"] == row["Name"], "the package numbers its rows"
    ended = card.changed(effective_to=date(2026, 8, 31), bill_rate=Money.of("1", "EUR"))
    only = frozenset({"effective_to"})
    await world.psa.put(Outgoing(ended, "e", first.external_id, only))
    row = world.row("pse__Rate_Card__c", first.external_id)
    assert row["pse__End_Date__c"] == "2026-08-31"
    assert row["pse__Suggested_Bill_Rate__c"] == Decimal(165)


async def test_of_an_assignment_the_rate_is_written_and_nothing_else(world: World) -> None:
    work = await an_engagement(world)
    found = await world.psa.get(Assignment, work.assignment)
    assert found is not None
    dearer = Assignment.model_validate(
        {**found.attributes, "id": new_id(), "bill_rate": Money.of("165", "EUR"), "role": "Pilot"}
    )
    only = frozenset({"bill_rate"})
    receipt = await world.psa.put(Outgoing(dearer, "k", work.assignment, only))
    assert receipt.attributes["bill_rate"] == Money.of("165", "EUR")
    row = world.row("pse__Assignment__c", work.assignment)
    assert (row["pse__Bill_Rate__c"], row["pse__Role__c"]) == (Decimal(165), "Consultant")
    with pytest.raises(Refused, match="people staff projects"):
        await world.psa.put(Outgoing(dearer, "k", work.assignment))


async def test_what_cannot_be_written_does_not_stop_what_can(world: World) -> None:
    work = await an_engagement(world)
    person = Resource(id=new_id(), name="Consultant 1", employee_number="E-9")
    phase = Phase(id=new_id(), name="Design", project=work.project)
    refused, written = await world.psa.put_many([Outgoing(person, "a"), Outgoing(phase, "b")])
    assert isinstance(refused, Refused)
    assert isinstance(written, Receipt)
    assert [r["Name"] for r in world.rows("pse__Project_Phase__c")] == ["Design"]


def test_without_a_way_into_the_org_the_connection_says_what_to_give() -> None:
    with pytest.raises(Unauthorized, match="`platform`"):
        CONNECTOR.open(ConnectionContext("psa"), CONNECTOR.config.model_validate({"platform": "x"}))


@pytest.mark.parametrize("keys", [{}, {"url": "https://a.example"}, {"platform": "crm", **OWN}])
def test_a_connection_has_one_way_into_its_org(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CONNECTOR.config.model_validate(keys)


async def test_a_connection_may_have_its_own_login(world: World) -> None:
    config = CONNECTOR.config.model_validate(
        {"url": world.url, "auth": {"flow": "client_credentials", **CLIENT}}
    )
    system = CONNECTOR.open(ConnectionContext("psa"), config)
    assert (await system.health()).ok is True
    await system.close()
    assert (await world.psa.health()).ok is True
