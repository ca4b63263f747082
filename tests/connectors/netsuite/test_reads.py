"""What the account's lists become."""

from datetime import date

import pytest

from isthmus.canonical import (
    AccountingPeriod,
    CostCentre,
    Currency,
    Customer,
    LegalEntity,
    ProfitCentre,
    Resource,
    TimeEntry,
)
from isthmus.connect import Refused, Unauthorized, Watermark, Webhook
from isthmus.connectors.netsuite.system import NetSuite

from .conftest import Opener, Sandbox
from .firm import Firm, out, read

pytestmark = pytest.mark.anyio


async def test_dimensions(erp: NetSuite) -> None:
    entities, _ = await read(erp, LegalEntity)
    assert [dict(c.attributes) for c in entities] == [
        {"code": "NL", "name": "Firm NL", "country": "NL", "currency": "EUR"},
        {"code": "US", "name": "Firm US", "country": "US", "currency": "USD"},
    ]
    departments, _ = await read(erp, CostCentre)
    assert [dict(c.attributes) for c in departments] == [{"code": "advisory", "name": "Advisory"}]
    classes, _ = await read(erp, ProfitCentre)
    assert [dict(c.attributes) for c in classes] == [{"code": "banking", "name": "Banking"}]
    currencies, _ = await read(erp, Currency)
    assert [c.attributes["code"] for c in currencies] == ["EUR", "USD"]


async def test_a_code_may_come_from_another_column(opener: Opener) -> None:
    erp = opener({"cost_centre": {"code": "name"}})
    departments, _ = await read(erp, CostCentre)
    assert [c.attributes["code"] for c in departments] == ["Advisory"]


async def test_a_mapping_cannot_carry_sql(opener: Opener) -> None:
    erp = opener({"cost_centre": {"code": "name FROM employee --"}})
    with pytest.raises(ValueError, match="is no SuiteQL column; correct it in the mapping"):
        await read(erp, CostCentre)


async def test_a_list_is_delivered_once_and_again_when_it_changes(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    first, mark = await read(erp, CostCentre)
    again, mark = await read(erp, CostCentre, mark)
    await sandbox.control("seed", {"department": [{"externalId": "advisory", "name": "Advice"}]})
    changed, mark = await read(erp, CostCentre, mark)
    settled, _ = await read(erp, CostCentre, mark)
    assert [len(first), len(again), len(changed), len(settled)] == [1, 0, 1, 0]
    assert changed[0].attributes["name"] == "Advice"


async def test_periods_without_quarters_and_years_with_their_locks(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    span = {"startDate": "2026-01-01", "endDate": "2026-03-31"}
    await sandbox.control(
        "seed",
        {
            "accountingPeriod": [
                {"externalId": "Q1", "periodName": "Q1 2026", "isQuarter": True} | span,
                {"externalId": "2026-01", "closed": True, "allLocked": True},
                {"externalId": "2026-02", "arLocked": True},
            ]
        },
    )
    periods, _ = await read(erp, AccountingPeriod)
    shown = [(c.attributes["name"], c.attributes["state"].value) for c in periods]
    assert shown == [("Jan 2026", "closed"), ("Feb 2026", "locked"), ("Mar 2026", "open")]
    assert periods[0].attributes["starts_on"] == date(2026, 1, 1)
    assert periods[0].attributes["ends_on"] == date(2026, 1, 31)


async def test_a_resource_has_the_number_that_systems_share(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    await sandbox.control(
        "seed", {"employee": [{"entityId": "K-7", "subsidiary": {"externalId": "NL"}}]}
    )
    people, _ = await read(erp, Resource)
    assert [dict(c.attributes) for c in people] == [
        {"employee_number": "E-100", "name": "Con Sultant"},
        {"employee_number": "K-7", "name": "K-7"},
    ]


async def test_changes_move_by_key_through_pages(
    erp: NetSuite, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seven customers of the same second in pages of three: none missed, none twice."""
    rows = [
        {
            "externalId": f"c-{n}",
            "companyName": f"Client {n}",
            "subsidiary": {"externalId": "NL"},
        }
        for n in range(7)
    ]
    await sandbox.control("seed", {"customer": rows})
    monkeypatch.setattr(erp._reads[Customer], "page", 3, raising=False)
    pages = [p async for p in erp.changes(Customer, Watermark())]
    names = [c.attributes["name"] for p in pages for c in p.changes]
    assert names == [f"Client {n}" for n in range(7)]
    assert [len(p.changes) for p in pages] == [3, 3, 1]
    again, _ = await read(erp, Customer, pages[-1].watermark)
    assert again == []


async def test_stamps_are_utc_whatever_the_user_s_zone(opener: Opener, sandbox: Sandbox) -> None:
    await sandbox.control("settings", {"timezone": "America/Los_Angeles"})
    here = opener(time_zone="America/Los_Angeles")
    (local,), mark = await read(here, Resource)
    await sandbox.control("settings", {"timezone": "UTC"})
    (utc,), _ = await read(opener(), Resource)
    assert local.modified_at == utc.modified_at
    assert mark.position == utc.modified_at


async def test_customers_by_tax_number_name_and_number(erp: NetSuite, sandbox: Sandbox) -> None:
    firm = await Firm.of(sandbox)
    made = await erp.put(out(firm.customer(name="O'Neil & Co")))
    other = await erp.put(out(firm.customer(name="Other", tax_registration="NL000099998B57")))
    number = made.attributes["account_number"]
    for criteria in (
        {"tax_registration": "NL 1234.56.782.B90"},
        {"name": "o'neil & co"},
        {"account_number": number},
        {"tax_registration": "NL123456782B90", "name": "O'Neil & Co"},
    ):
        found = await erp.find(Customer, criteria)
        assert [c.external_id for c in found] == [made.external_id], criteria
    assert await erp.find(Customer, {"tax_registration": "NL1"}) == []
    assert other.external_id != made.external_id
    with pytest.raises(Refused, match="customer cannot be found by website; use"):
        await erp.find(Customer, {"website": "x"})
    with pytest.raises(Refused, match="accounting_period cannot be found by name"):
        await erp.find(AccountingPeriod, {"name": "Jan 2026"})


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({}, "active"),
        ({"creditHoldOverride": "ON"}, "on_hold"),
        ({"creditHoldOverride": "AUTO"}, "active"),
        ({"isInactive": True, "creditHoldOverride": "ON"}, "inactive"),
    ],
)
async def test_customer_status(
    erp: NetSuite, sandbox: Sandbox, row: dict[str, object], status: str
) -> None:
    base = {"externalId": "c", "companyName": "C", "subsidiary": {"externalId": "NL"}}
    await sandbox.control("seed", {"customer": [base | row]})
    (change,), _ = await read(erp, Customer)
    assert change.attributes["status"].value == status
    assert change.canonical_id is None


async def test_what_is_not_there(erp: NetSuite) -> None:
    assert await erp.get(Customer, "999") is None
    with pytest.raises(Refused, match="time_entry is not read from NetSuite"):
        await erp.get(TimeEntry, "1")
    with pytest.raises(Unauthorized, match="sends nothing by itself"):
        erp.receive(Webhook({}, b"{}"))


async def test_health(erp: NetSuite, sandbox: Sandbox) -> None:
    assert (await erp.health()).ok is True
    await sandbox.control("reset", {})
    sick = await erp.health()
    assert sick.ok is False
    assert "gave no token" in sick.detail
