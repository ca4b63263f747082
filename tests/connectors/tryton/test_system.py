from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.connectors.tryton.conftest import opened
from tests.connectors.tryton.world import World, outgoing
from tests.tryton_server.fixtures import require_tryton
from tests.tryton_server.server import TrytonServer, running

from isthmus.canonical import (
    AccountingPeriod,
    CanonicalObject,
    CostCentre,
    Customer,
    LegalEntity,
    Project,
    TimeEntry,
)
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.connect import Change, Refused, Unauthorized, Unavailable, Watermark
from isthmus.connectors.tryton.system import TrytonSystem
from isthmus.kit.ids import new_id
from isthmus.sandbox.tryton import proxy

pytestmark = [pytest.mark.anyio, pytest.mark.tryton]


async def test_health_says_for_which_company(ledger: TrytonSystem) -> None:
    health = await ledger.health()
    assert (health.ok, health.detail) == (True, "signed in for Example Consulting SA")


async def test_a_wrong_password_is_unauthorized(tryton: TrytonServer) -> None:
    """As a user of its own: the server slows down and locks out whoever fails to log in."""
    auth = {"username": "auditor", "password": "not-the-Password1"}
    async with opened(tryton, auth=auth) as ledger:
        with pytest.raises(Unauthorized):
            await ledger.get(Customer, "1")


async def test_an_unknown_database_is_refused(tryton: TrytonServer) -> None:
    async with opened(tryton, database="nowhere") as ledger:
        with pytest.raises(Refused, match="no such database"):
            await ledger.get(Customer, "1")


async def test_nobody_listening_is_unavailable(tryton: TrytonServer) -> None:
    async with opened(tryton, url="http://127.0.0.1:9") as ledger:
        with pytest.raises(Unavailable) as caught:
            await ledger.get(Customer, "1")
    assert not caught.value.outcome_unknown


async def test_a_right_that_is_missing_is_refused(tryton: TrytonServer, world: World) -> None:
    auth = {"username": "auditor", "password": tryton.users["auditor"]}
    async with opened(tryton, auth=auth) as ledger:
        with pytest.raises(Refused, match="Give the connection's user that right"):
            await ledger.put(outgoing(project(world, "1")))


async def test_the_ledgers_dimensions(ledger: TrytonSystem, world: World) -> None:
    (company,) = await changes(ledger, LegalEntity)
    assert company.external_id == str(world.ids["company"])
    assert company.attributes == {
        "code": "BE01", "name": "Example Consulting SA", "country": "BE", "currency": "EUR",
    }  # fmt: skip
    centres = await changes(ledger, CostCentre)
    assert sorted(c.attributes["code"] for c in centres) == ["CONSULTING", "SUPPORT"]
    periods = await changes(ledger, AccountingPeriod)
    assert len(periods) == 36
    assert {p.attributes["legal_entity"] for p in periods} == {company.external_id}
    tomorrow = Watermark(datetime.now(UTC) + timedelta(days=1))
    assert await changes(ledger, AccountingPeriod, tomorrow) == []
    found = await ledger.find(LegalEntity, {"code": "BE01"})
    assert [c.external_id for c in found] == [company.external_id]
    assert await ledger.find(LegalEntity, {"code": "XX99"}) == []


async def test_the_landscape_names_the_company(tryton: TrytonServer) -> None:
    async with opened(tryton, companies={"HQ": "Example Consulting SA"}) as ledger:
        (company,) = await changes(ledger, LegalEntity)
    assert company.attributes["code"] == "HQ"


async def test_a_project_is_made_once_and_renamed(ledger: TrytonSystem, world: World) -> None:
    customer = await ledger.put(outgoing(world.customer()))
    wanted = project(world, customer.external_id)
    first = await ledger.put(outgoing(wanted))
    second = await ledger.put(outgoing(wanted.changed(name="ERP roll-out, phase 1")))
    assert (first.created, second.created) == (True, False)
    assert second.external_id == first.external_id
    found = await ledger.get(Project, first.external_id)
    assert found is not None
    assert found.canonical_id == wanted.id
    assert found.attributes == {
        "name": "ERP roll-out, phase 1", "customer": customer.external_id,
    }  # fmt: skip
    assert world.rpc.count("project.work", ["comment", "ilike", f"%{wanted.id}%"]) == 1


async def test_many_projects_at_once_take_a_number_each(ledger: TrytonSystem, world: World) -> None:
    customer = await ledger.put(outgoing(world.customer(name="Builds NV")))
    wanted = [project(world, customer.external_id) for _ in range(8)]
    receipts = await asyncio.gather(*(ledger.put(outgoing(one)) for one in wanted))
    ids = [int(receipt.external_id) for receipt in receipts]
    numbers = world.rpc.model("project.work", "read", ids, ["number"])
    assert len({record["number"] for record in numbers}) == 8


async def test_a_project_whose_answer_was_lost_is_found(tryton: TrytonServer, world: World) -> None:
    async with proxy(tryton.url) as between, opened(tryton, url=between.url) as ledger:
        customer = await ledger.put(outgoing(world.customer()))
        wanted = project(world, customer.external_id)
        between.lose = "model.project.work.create"
        receipt = await ledger.put(outgoing(wanted))
    assert receipt.created
    assert world.rpc.count("project.work", ["comment", "ilike", f"%{wanted.id}%"]) == 1


async def test_equal_stamps_are_neither_missed_nor_repeated(
    ledger: TrytonSystem, world: World
) -> None:
    """Records of one call share the stamp of its transaction."""
    mark = Watermark()
    async for page in ledger.changes(Customer, mark):
        mark = page.watermark
    pair = world.rpc.model("party.party", "create", [{"name": "Same 1"}, {"name": "Same 2"}])
    stamps = [world.rpc.read("party.party", p, "write_date", "create_date") for p in pair]
    assert stamps[0]["create_date"] == stamps[1]["create_date"]
    seen = []
    async for page in ledger.changes(Customer, mark):
        mark = Watermark.from_json(page.watermark.to_json())
        seen += [c.external_id for c in page.changes]
    assert seen == [str(p) for p in sorted(pair)]
    again = [c async for page in ledger.changes(Customer, mark) for c in page.changes]
    assert again == []
    world.rpc.write("party.party", pair[0], name="Same 1, renamed")
    third = [c async for page in ledger.changes(Customer, mark) for c in page.changes]
    assert [(c.external_id, c.attributes["name"]) for c in third] == [
        (str(pair[0]), "Same 1, renamed")
    ]


async def test_what_this_ledger_does_not_have_is_refused(ledger: TrytonSystem) -> None:
    assert TimeEntry not in ledger.capabilities
    with pytest.raises(Refused, match="no time_entry"):
        await ledger.get(TimeEntry, "1")
    with pytest.raises(Refused, match="not found by phone here, but by: name, tax_registration"):
        await ledger.find(Customer, {"phone": "1"})


async def test_posting_signs_in_again_when_the_session_is_no_longer_fresh() -> None:
    """`post` alone refuses a session that was idle; here after one second instead of 300."""
    require_tryton()
    with running(TRYTOND_SESSION__TIMEOUT="1") as server:
        world = World(server)
        async with proxy(server.url) as between, opened(server, url=between.url) as ledger:
            customer = await ledger.put(outgoing(world.customer()))
            await asyncio.sleep(2)
            receipt = await ledger.put(outgoing(world.invoice(customer.external_id)))
        assert receipt.attributes["status"] == InvoiceStatus.POSTED
        assert world.rpc.count("account.invoice") == 1


def project(world: World, customer: str) -> Project:
    return Project(
        id=new_id(), name="ERP roll-out", customer=customer, currency="EUR", legal_entity="BE01"
    )


async def changes(
    ledger: TrytonSystem, model: type[CanonicalObject], since: Watermark | None = None
) -> list[Change]:
    pages = ledger.changes(model, since or Watermark())
    return [c async for page in pages for c in page.changes]
