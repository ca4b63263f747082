"""The transport against the simulated org and its faults."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from tests.platforms.salesforce.world import World, open_crm, read_all

from isthmus.canonical import Customer, Invoice
from isthmus.connect import (
    Conflict,
    ConnectionContext,
    Invalid,
    Outgoing,
    Receipt,
    Throttled,
    Unauthorized,
    Unavailable,
    Watermark,
)
from isthmus.connectors.salesforce import CONNECTOR
from isthmus.kit.ids import new_id
from isthmus.platforms.salesforce import ApiUsage, SalesforceTransport
from isthmus.platforms.salesforce.bulk import bulk_query
from isthmus.platforms.salesforce.saving import Saved, save, upsert

pytestmark = pytest.mark.anyio


@pytest.fixture
async def transport(world: World) -> AsyncIterator[SalesforceTransport]:
    crm = open_crm(world.url, bulk_over=3)
    assert isinstance(crm.transport, SalesforceTransport)
    yield crm.transport
    await crm.close()


async def fault(world: World, **rule: Any) -> None:
    await world.control("faults", rule)


def accounts(count: int) -> list[dict[str, Any]]:
    return [{"Name": f"A{n:04}", "CurrencyIsoCode": "EUR"} for n in range(count)]


async def test_a_revoked_session_is_renewed_without_anybody_noticing(world: World) -> None:
    await world.seed("Account", *accounts(1))
    assert (await world.crm.health()).ok is True
    await world.control("revoke-tokens", {})
    changes, _ = await read_all(world.crm, Customer, Watermark())
    assert len(changes) == 1


async def test_the_jwt_bearer_flow_is_let_in_and_a_strange_key_is_not(world: World) -> None:
    key, strange = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
    await world.control(
        "connected-apps",
        {
            "client_id": "3MVG9-jwt",
            "username": "isthmus@firm.example",
            "public_key": key.as_pem(private=False).decode(),
        },
    )
    for used, ok in ((key, True), (strange, False)):
        auth = {
            "flow": "jwt_bearer",
            "client_id": "3MVG9-jwt",
            "username": "isthmus@firm.example",
            "private_key": used.as_pem(private=True).decode(),
        }
        config = CONNECTOR.config.model_validate({"url": world.url, "auth": auth})
        system = CONNECTOR.open(ConnectionContext("crm"), config)
        health = await system.health()
        await system.close()
        assert health.ok is ok, health


async def test_usage_is_kept_from_every_reply(world: World) -> None:
    await world.control("settings", {"daily_limit": 50, "api_used": 10})
    health = await world.crm.health()
    assert isinstance(world.crm.transport, SalesforceTransport)
    assert world.crm.transport.api_usage == ApiUsage(11, 50)
    assert health.detail == "API 66.0, 11 of 50 calls used"


async def test_a_spent_quota_is_throttled(world: World) -> None:
    await world.control("settings", {"daily_limit": 1, "api_used": 1})
    with pytest.raises(Throttled) as caught:
        await read_all(world.crm, Customer, Watermark())
    assert caught.value.code == "REQUEST_LIMIT_EXCEEDED"


async def test_pages_are_followed_to_the_end(world: World, transport: SalesforceTransport) -> None:
    await world.seed("Account", *accounts(2500))
    rows = await transport.rows("SELECT Name FROM Account ORDER BY Name")
    assert [r["Name"] for r in rows] == [f"A{n:04}" for n in range(2500)]
    assert set(rows[0]) == {"Name"}


async def test_equal_stamps_across_a_page_neither_miss_nor_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isthmus.platforms.salesforce.reading.PAGE", 7)
    rows = [{"Name": f"I{n}", "CurrencyIsoCode": "EUR", "Status__c": "draft"} for n in range(30)]
    ids = await world.seed("Isthmus_Invoice__c", *rows)
    changes, mark = await read_all(world.crm, Invoice, Watermark())
    assert sorted(c.external_id for c in changes) == sorted(ids)
    assert (await read_all(world.crm, Invoice, mark))[0] == []
    await world.update("Isthmus_Invoice__c", ids[4], Status__c="posted")
    changes, _ = await read_all(world.crm, Invoice, mark)
    assert [c.external_id for c in changes] == [ids[4]]


async def test_a_first_reading_of_many_rows_goes_by_bulk_and_reads_the_same(world: World) -> None:
    rows = [
        {
            "Name": f"I{n}",
            "CurrencyIsoCode": "EUR",
            "Status__c": "posted",
            "Total__c": Decimal("1.05") + n,
            "Issued_On__c": "2026-01-31",
        }
        for n in range(6)
    ]
    await world.seed("Isthmus_Invoice__c", *rows)
    plain, _ = await read_all(world.crm, Invoice, Watermark())
    bulk = open_crm(world.url, bulk_over=3)
    read, mark = await read_all(bulk, Invoice, Watermark())
    assert read == plain
    assert (await read_all(bulk, Invoice, mark))[0] == []
    await bulk.close()


async def test_bulk_rows_have_their_types_and_relations(
    world: World, transport: SalesforceTransport
) -> None:
    [account] = await world.seed("Account", {"Name": "Top", "CurrencyIsoCode": "EUR"})
    invoice = {"Name": 'No. "1", b', "Account__c": account, "Total__c": 12.5}
    await world.seed("Isthmus_Invoice__c", {**invoice, "CurrencyIsoCode": "EUR"})
    soql = "SELECT Name, Account__r.Name, Total__c, IsDeleted, Paid_On__c FROM Isthmus_Invoice__c"
    assert [row async for row in bulk_query(transport, "Isthmus_Invoice__c", soql)] == [
        {
            "Name": 'No. "1", b',
            "Account__r": {"Name": "Top"},
            "Total__c": Decimal("12.5"),
            "IsDeleted": False,
            "Paid_On__c": None,
        }
    ]


async def test_bulk_ingest_answers_in_the_order_asked_with_each_records_error(
    world: World, transport: SalesforceTransport
) -> None:
    keys = [new_id() for _ in range(5)]
    records: list[dict[str, Any]] = [
        {"Isthmus_Id__c": k, "Name": f"N{i}", "CurrencyIsoCode": "EUR"} for i, k in enumerate(keys)
    ]
    records[2]["Billing_Status__c"] = "no such status"
    results = await save(transport, "Account", "Isthmus_Id__c", records)
    assert [isinstance(r, Saved) and r.created for r in results] == [True, True, False, True, True]
    bad = results[2]
    assert not isinstance(bad, Saved)
    assert bad.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    by_id = {r["Id"]: r["Isthmus_Id__c"] for r in world.rows("Account")}
    assert [by_id[r.id] for r in results if isinstance(r, Saved)] == keys[:2] + keys[3:]
    again = await save(transport, "Account", "Isthmus_Id__c", records[:2] + records[3:])
    assert [isinstance(r, Saved) and r.created for r in again] == [False] * 4


async def test_an_answer_lost_after_commit_leaves_one_record(world: World) -> None:
    await fault(world, kind="timeout_after_commit", path="/sobjects/Account", times=1)
    customer = Customer(id=new_id(), name="Once", currency="EUR")
    receipt = await world.crm.put(Outgoing(customer, "k"))
    [row] = world.rows("Account")
    assert row["Id"] == receipt.external_id


async def test_an_outage_is_unavailable(world: World) -> None:
    await fault(world, kind="outage")
    with pytest.raises(Unavailable):
        await world.crm.put(Outgoing(Customer(id=new_id(), name="X"), "k"))
    assert (await world.crm.health()).ok is False
    assert world.rows("Account") == []


LOCKED = [{"message": "unable to obtain exclusive access", "errorCode": "UNABLE_TO_LOCK_ROW"}]


async def test_a_row_lock_is_tried_three_times(world: World) -> None:
    rule = {"kind": "error", "path": "/sobjects/Account", "status": 400, "body": LOCKED}
    await fault(world, **rule, times=2)
    await world.crm.put(Outgoing(Customer(id=new_id(), name="Third time"), "k"))
    assert [r["Name"] for r in world.rows("Account")] == ["Third time"]
    await fault(world, **rule, times=3)
    with pytest.raises(Conflict):
        await world.crm.put(Outgoing(Customer(id=new_id(), name="Never"), "k"))
    assert len(world.rows("Account")) == 1


async def test_a_key_on_several_records_writes_nothing(world: World) -> None:
    found = ["/services/data/v66.0/sobjects/Account/001A", "/services/data/v66.0/sobjects/x/001B"]
    await fault(world, kind="error", path="/sobjects/Account", status=300, body=found, times=1)
    with pytest.raises(Invalid, match="001A, 001B"):
        await world.crm.put(Outgoing(Customer(id=new_id(), name="X"), "k"))


async def test_a_short_429_is_waited_for(world: World) -> None:
    await fault(world, kind="throttle", path="/sobjects/Account", retry_after=0, times=2)
    await world.crm.put(Outgoing(Customer(id=new_id(), name="Patient"), "k"))
    assert [r["Name"] for r in world.rows("Account")] == ["Patient"]


async def test_a_body_that_is_not_json_is_an_outage(world: World) -> None:
    await fault(world, kind="malformed", path="/query", times=1)
    with pytest.raises(Unavailable, match="not JSON"):
        await read_all(world.crm, Customer, Watermark())


async def test_one_key_twice_in_a_batch_leaves_one_record(world: World) -> None:
    customer = Customer(id=new_id(), name="First", currency="EUR")
    batch = [Outgoing(customer, "a"), Outgoing(customer.changed(name="Second"), "b")]
    results = await world.crm.put_many(batch)
    assert [r.created for r in results if isinstance(r, Receipt)] == [True, False]
    assert [r["Name"] for r in world.rows("Account")] == ["Second"]


async def test_a_key_with_a_slash_is_one_key(world: World, transport: SalesforceTransport) -> None:
    record = {"Isthmus_Id__c": "a/b ü", "Name": "Slash", "CurrencyIsoCode": "EUR"}
    first = await upsert(transport, "Account", "Isthmus_Id__c", record)
    again = await upsert(transport, "Account", "Isthmus_Id__c", record)
    assert (first.created, again.created, first.id == again.id) == (True, False, True)


async def test_a_wrong_secret_stops_the_connection(world: World) -> None:
    auth = {"flow": "client_credentials", "client_id": "nobody", "client_secret": "not-real"}
    config = CONNECTOR.config.model_validate({"url": world.url, "auth": auth})
    system = CONNECTOR.open(ConnectionContext("crm"), config)
    with pytest.raises(Unauthorized):
        await system.get(Customer, "001000000000001AAA")
    await system.close()


async def test_both_connections_share_the_org_and_keep_their_own_names(world: World) -> None:
    await world.control("settings", {"daily_limit": 100, "api_used": 5})
    await world.psa.health()
    crm, psa = world.crm.transport, world.psa.transport
    assert isinstance(crm, SalesforceTransport)
    assert isinstance(psa, SalesforceTransport)
    assert (crm.name, psa.name) == ("crm", "psa")
    assert crm.api_usage == psa.api_usage == ApiUsage(6, 100)


async def test_an_object_is_described_once(world: World, transport: SalesforceTransport) -> None:
    described = await transport.describe("Account")
    assert "Isthmus_Id__c" in {f["name"] for f in described["fields"]}
    assert await transport.describe("Account") is described
