"""Invoices: amounts to the minor unit, tax, due date, status, and what is refused."""

from typing import Any

import pytest

from .conftest import RECORD, Api, invoice, line

pytestmark = pytest.mark.anyio


async def test_an_invoice_in_the_country_is_taxed_and_numbered(api: Api) -> None:
    row_id = await api.create("invoice", **invoice(externalId="inv-1"))
    shown = await api.get("invoice", row_id)
    assert (shown["subtotal"], shown["taxTotal"], shown["total"]) == (1000.0, 210.0, 1210.0)
    assert (shown["amountPaid"], shown["amountRemaining"]) == (0.0, 1210.0)
    assert shown["status"] == {"id": "Open", "refName": "Open"}
    assert shown["dueDate"] == "2026-03-12"
    assert shown["postingPeriod"]["refName"] == "Feb 2026"
    assert shown["entity"]["refName"] == "Client NL"
    assert shown["tranId"] == "INV1-00001"


@pytest.mark.parametrize(
    ("customer", "lines", "amounts"),
    [
        ("cust-nl", [line(7.5, 133.33)], (999.98, 210.0, 1209.98)),
        ("cust-nl", [line(1, 0.05), line(1, 0.05)], (0.1, 0.02, 0.12)),
        ("cust-de", [line(3, 99.99)], (299.97, 0.0, 299.97)),
        ("cust-nl", [line(2, 100, amount=150)], (150.0, 31.5, 181.5)),
        ("cust-nl", [line(-1, 100), line(3, 100)], (200.0, 42.0, 242.0)),
    ],
)
async def test_amounts(
    api: Api, customer: str, lines: list[dict[str, Any]], amounts: tuple[float, float, float]
) -> None:
    row_id = await api.create("invoice", **invoice(customer, *lines))
    shown = await api.get("invoice", row_id)
    assert (shown["subtotal"], shown["taxTotal"], shown["total"]) == amounts


async def test_the_yen_has_no_cents(api: Api) -> None:
    body = invoice("cust-nl", line(7.5, 1333), currency={"externalId": "JPY"})
    shown = await api.get("invoice", await api.create("invoice", **body))
    assert (shown["subtotal"], shown["taxTotal"], shown["total"]) == (9998, 2100, 12098)
    assert shown["exchangeRate"] == 0.00625


async def test_reverse_charge_and_export_name_their_codes(api: Api) -> None:
    us = {
        "companyName": "Client US",
        "subsidiary": {"externalId": "NL"},
        "addressBook": {
            "items": [{"defaultBilling": True, "addressBookAddress": {"country": {"id": "US"}}}]
        },
    }
    await api.control("seed", {"customer": [us | {"externalId": "cust-us"}]})
    codes = {}
    for customer in ("cust-nl", "cust-de", "cust-us"):
        row_id = await api.create("invoice", **invoice(customer))
        (tax,) = (await api.get("invoice", row_id, expandSubResources="true"))["taxDetails"][
            "items"
        ]
        codes[customer] = (tax["taxCode"]["refName"], tax["taxRate"], tax["taxAmount"])
    assert codes == {
        "cust-nl": ("S-NL", 21, 210.0),
        "cust-de": ("RC-DE", 0, 0.0),
        "cust-us": ("EXPORT-NL", 0, 0.0),
    }


async def test_a_private_buyer_in_the_eu_pays_the_sellers_rate(api: Api) -> None:
    body = {
        "companyName": "Private BE",
        "externalId": "cust-be",
        "subsidiary": {"externalId": "NL"},
        "addressBook": {
            "items": [{"defaultBilling": True, "addressBookAddress": {"country": "BE"}}]
        },
    }
    await api.control("seed", {"customer": [body]})
    shown = await api.get("invoice", await api.create("invoice", **invoice("cust-be")))
    assert shown["taxTotal"] == 210.0


async def test_a_state_rate_within_the_united_states(api: Api) -> None:
    for state in ("NY", "OR"):
        body = {
            "companyName": f"Client {state}",
            "externalId": state,
            "subsidiary": {"externalId": "US"},
            "addressBook": {
                "items": [
                    {
                        "defaultBilling": True,
                        "addressBookAddress": {"country": "US", "state": state},
                    }
                ]
            },
        }
        await api.control("seed", {"customer": [body]})
    taxes = [
        (await api.get("invoice", await api.create("invoice", **invoice(state))))["taxTotal"]
        for state in ("NY", "OR")
    ]
    assert taxes == [88.75, 0.0]


async def test_numbers_run_per_subsidiary(api: Api) -> None:
    await api.control(
        "seed",
        {
            "customer": [
                {"externalId": "us", "companyName": "US", "subsidiary": {"externalId": "US"}}
            ]
        },
    )
    for customer in ("cust-nl", "us", "cust-nl"):
        await api.create("invoice", **invoice(customer))
    assert [row["tranId"] for row in await api.rows("invoice")] == [
        "INV1-00001",
        "INV2-00001",
        "INV1-00002",
    ]


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"entity": None}, "USER_ERROR", "entity"),
        ({"entity": {"id": "999"}}, "INVALID_CONTENT", "entity"),
        ({"item": {"items": []}}, "USER_ERROR", "item"),
        ({"item": {"items": [{"quantity": 1}]}}, "USER_ERROR", "item.items[0].item"),
        (
            {"item": {"items": [{"item": {"id": "77"}, "rate": 1}]}},
            "INVALID_CONTENT",
            "item.items[0].item",
        ),
        ({"subsidiary": {"externalId": "US"}}, "USER_ERROR", "entity"),
        ({"currency": {"externalId": "USD"}}, "USER_ERROR", "currency"),
        ({"tranDate": "10-02-2026"}, "INVALID_CONTENT", "tranDate"),
        ({"tranDate": "2027-02-10"}, "USER_ERROR", "tranDate"),
        ({"otherRefNum": 12}, "INVALID_CONTENT", "otherRefNum"),
    ],
)
async def test_what_is_refused_leaves_nothing(
    api: Api, change: dict[str, Any], code: str, path: str
) -> None:
    refusal = await api.refused("POST", f"{RECORD}/invoice", invoice() | change)
    assert refusal == (400, code, path)
    assert await api.rows("invoice") == []
    assert await api.create("invoice", **invoice()) == "1", "no id was used up"


async def test_an_upsert_repeated_without_replace_adds_its_lines_again(api: Api) -> None:
    path = f"{RECORD}/invoice/eid:inv-9"
    for _ in range(2):
        assert (await api.send("PUT", path, invoice())).status_code == 204
    (row,) = await api.rows("invoice")
    assert len(row["item"]["items"]) == 2
    await api.send("PUT", path, invoice(), params={"replace": "item"})
    assert (await api.get("invoice", "eid:inv-9"))["total"] == 1210.0
    assert len(await api.rows("invoice")) == 1


async def test_a_patched_line_is_recomputed(api: Api) -> None:
    row_id = await api.create("invoice", **invoice("cust-nl", line(), line(1, 50)))
    body = {"item": {"items": [{"line": 2, "rate": 80}]}}
    assert (await api.send("PATCH", f"{RECORD}/invoice/{row_id}", body)).status_code == 204
    shown = await api.get("invoice", row_id)
    assert (shown["subtotal"], shown["total"]) == (1080.0, 1306.8)


async def test_a_project_may_be_billed(api: Api) -> None:
    row_id = await api.create("invoice", **invoice("proj-1"))
    assert (await api.get("invoice", row_id))["entity"]["refName"] == "Project One"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"rate": None}, "item.items[0].amount"),
        ({"rate": 1e30}, "item.items[0].rate"),
        ({"rate": True}, "item.items[0].rate"),
        ({"rate": "100"}, "item.items[0].rate"),
    ],
)
async def test_a_line_needs_a_price_within_reason(
    api: Api, change: dict[str, Any], path: str
) -> None:
    body = invoice("cust-nl", line(**change))
    assert (await api.refused("POST", f"{RECORD}/invoice", body))[2] == path
