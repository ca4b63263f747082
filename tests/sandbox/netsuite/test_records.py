"""The record service: create, upsert, references, validation headers, sublists, lists."""

from typing import Any

import pytest

from .conftest import RECORD, Api, invoice

pytestmark = pytest.mark.anyio
CUSTOMER = {"companyName": "Example BV", "subsidiary": {"externalId": "NL"}}


async def test_create_answers_204_with_location_and_no_body(api: Api) -> None:
    answer = await api.send("POST", f"{RECORD}/customer", CUSTOMER)
    assert (answer.status_code, answer.content) == (204, b"")
    place = f"{api.client.base_url}".rstrip("/") + f"{RECORD}/customer/"
    assert answer.headers["location"].startswith(place)
    shown = await api.get("customer", answer.headers["location"].removeprefix(place))
    assert shown["entityId"] == "Example BV"
    assert shown["currency"]["refName"] == "Euro"


async def test_upsert_by_external_id_makes_one_record(api: Api) -> None:
    places = set()
    for name in ("Example BV", "Example II BV"):
        body = CUSTOMER | {"companyName": name, "entityId": "C-1"}
        answer = await api.send("PUT", f"{RECORD}/customer/eid:crm-0017", body)
        assert answer.status_code == 204
        places.add(answer.headers["location"])
    assert len(places) == 1
    shown = await api.get("customer", "eid:crm-0017")
    assert (shown["companyName"], shown["externalId"]) == ("Example II BV", "crm-0017")


@pytest.mark.parametrize("key", ["crm 17", "crm|17", "crm.17"])
async def test_external_ids_have_letters_digits_underscore_hyphen(api: Api, key: str) -> None:
    refusal = await api.refused("PUT", f"{RECORD}/customer/eid:{key}", CUSTOMER)
    assert refusal == (400, "INVALID_CONTENT", "externalId")


async def test_duplicates(api: Api) -> None:
    path = f"{RECORD}/customer"
    twice = CUSTOMER | {"externalId": "cust-nl"}
    assert await api.refused("POST", path, twice) == (400, "DUP_RCRD", "externalId")
    named = CUSTOMER | {"companyName": "Client NL"}
    assert await api.refused("POST", path, named) == (400, "DUP_ENTITY", "entityId")
    assert len(await api.rows("customer")) == 2


async def test_a_misspelt_field_is_dropped_unless_asked_for(api: Api) -> None:
    body = CUSTOMER | {"compnyUrl": "x", "url": "https://client.example"}
    row_id = await api.create("customer", **body)
    assert "compnyUrl" not in await api.get("customer", row_id)
    strict = {"X-NetSuite-PropertyNameValidation": "Error"}
    refusal = await api.refused("POST", f"{RECORD}/customer", body, headers=strict)
    assert refusal == (400, "INVALID_CONTENT", "compnyUrl")
    lines = invoice()
    lines["item"]["items"][0]["qty"] = 1
    refusal = await api.refused("POST", f"{RECORD}/invoice", lines, headers=strict)
    assert refusal == (400, "INVALID_CONTENT", "item.items[0].qty")


async def test_a_wrong_value_is_refused_unless_waved_through(api: Api) -> None:
    body = CUSTOMER | {"creditHoldOverride": "SOMETIMES"}
    path = f"{RECORD}/customer"
    assert await api.refused("POST", path, body) == (400, "INVALID_CONTENT", "creditHoldOverride")
    loose = {"X-NetSuite-PropertyValueValidation": "Ignore"}
    answer = await api.send("POST", path, body, headers=loose)
    assert answer.status_code == 204
    odd = {"X-NetSuite-PropertyValueValidation": "Maybe"}
    assert (await api.refused("POST", path, body, headers=odd))[1] == "INVALID_HEADER"


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ({"companyName": None}, "USER_ERROR", "companyName"),
        ({"subsidiary": None}, "USER_ERROR", "subsidiary"),
        ({"subsidiary": {"id": "99"}}, "INVALID_CONTENT", "subsidiary"),
        ({"subsidiary": {"externalId": "XX"}}, "INVALID_CONTENT", "subsidiary"),
        ({"subsidiary": "1"}, "INVALID_CONTENT", "subsidiary"),
        ({"isPerson": "true"}, "INVALID_CONTENT", "isPerson"),
        ({"addressBook": []}, "INVALID_CONTENT", "addressBook"),
    ],
)
async def test_a_bad_customer_names_the_field(
    api: Api, body: dict[str, Any], code: str, path: str
) -> None:
    refusal = await api.refused("POST", f"{RECORD}/customer", CUSTOMER | body)
    assert refusal == (400, code, path)


async def test_a_project_belongs_to_a_customer(api: Api) -> None:
    (employee,) = await api.rows("employee")
    body = {"companyName": "P", "parent": {"id": employee["id"]}}
    assert (await api.refused("POST", f"{RECORD}/job", body))[2] == "parent"
    row_id = await api.create("job", companyName="P", parent={"externalId": "cust-nl"})
    shown = await api.get("job", row_id)
    assert shown["subsidiary"]["refName"] == "Firm NL"
    assert shown["entityStatus"] == {"id": "2", "refName": "In Progress"}


async def test_unknown_ids_and_types(api: Api) -> None:
    assert (await api.refused("GET", f"{RECORD}/customer/999"))[:2] == (404, "NONEXISTENT_ID")
    assert (await api.refused("DELETE", f"{RECORD}/job/eid:nope"))[:2] == (404, "NONEXISTENT_ID")
    refusal = await api.refused("GET", f"{RECORD}/revenueArrangement/1")
    assert refusal[:2] == (404, "INVALID_RCRD_TYPE")
    assert (await api.refused("GET", "/services/rest/nowhere"))[:2] == (404, "NOT_FOUND")


async def test_sublists_are_links_until_expanded(api: Api) -> None:
    shown = await api.get("customer", "eid:cust-nl")
    assert "items" not in shown["addressBook"]
    shown = await api.get("customer", "eid:cust-nl", expandSubResources="true")
    (entry,) = shown["addressBook"]["items"]
    assert entry["addressBookAddress"]["country"]["id"] == "NL"
    simple = await api.get("invoice", await api.create("invoice", **invoice()), fields="status")
    assert simple.keys() == {"links", "id", "status"}


async def test_patch_merges_a_sublist_and_replace_replaces_it(api: Api) -> None:
    path = f"{RECORD}/customer/eid:cust-nl"
    more = {"addressBook": {"items": [{"label": "office"}]}}
    await api.send("PATCH", path, more)
    assert await labels(api) == [None, "office"]
    await api.send("PATCH", path, {"addressBook": {"items": [{"internalId": 1, "label": "hq"}]}})
    assert await labels(api) == ["hq", "office"]
    await api.send("PATCH", path, more, params={"replace": "addressBook"})
    assert await labels(api) == ["office"]


async def labels(api: Api) -> list[str | None]:
    shown = await api.get("customer", "eid:cust-nl", expandSubResources="true")
    return [entry.get("label") for entry in shown["addressBook"]["items"]]


async def test_a_used_customer_is_not_deleted(api: Api) -> None:
    path = f"{RECORD}/customer/eid:cust-nl"
    assert (await api.refused("DELETE", path))[1] == "USER_ERROR"
    assert (await api.send("DELETE", f"{RECORD}/customer/eid:cust-de")).status_code == 204
    assert [row["externalId"] for row in await api.rows("customer")] == ["cust-nl"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ('companyName CONTAIN "client"', 2),
        ("companyName IS 'x'", 0),
        ('companyName START_WITH "Client N" AND lastModifiedDate ON_OR_AFTER "1/1/2026"', 1),
        ("email EMPTY", 2),
    ],
)
async def test_the_collection_filters_and_pages(api: Api, query: str, found: int) -> None:
    answer = await api.send("GET", f"{RECORD}/customer", params={"q": query})
    assert answer.json()["totalResults"] == found


async def test_collection_pages(api: Api) -> None:
    page = (await api.send("GET", f"{RECORD}/customer", params={"limit": 1})).json()
    assert (page["count"], page["hasMore"], page["totalResults"]) == (1, True, 2)
    assert [link["rel"] for link in page["links"]] == ["self", "next"]
    assert page["items"][0].keys() == {"links", "id"}
    refusal = await api.refused("GET", f"{RECORD}/customer", params={"q": "nope IS 1"})
    assert refusal == (400, "INVALID_PARAMETER", "q")


@pytest.mark.parametrize("hours", ["1:30", "1.5", "8"])
async def test_time_is_entered_as_text(api: Api, hours: str) -> None:
    body = time_entry(hours=hours)
    row_id = await api.create("timeBill", **body)
    assert (await api.get("timeBill", row_id))["hours"] == hours


def time_entry(**more: Any) -> dict[str, Any]:
    return {
        "employee": {"externalId": "emp-1"},
        "customer": {"externalId": "proj-1"},
        "item": {"externalId": "consulting"},
        "tranDate": "2026-02-03",
        "hours": "8",
        "isBillable": True,
    } | more


@pytest.mark.parametrize(
    ("change", "code", "path"),
    [
        ({"hours": 8}, "INVALID_CONTENT", "hours"),
        ({"hours": "eight"}, "USER_ERROR", "hours"),
        ({"hours": None}, "USER_ERROR", "hours"),
        ({"timeType": "X"}, "INVALID_CONTENT", "timeType"),
        ({"item": None}, "USER_ERROR", "item"),
    ],
)
async def test_bad_time(api: Api, change: dict[str, Any], code: str, path: str) -> None:
    refusal = await api.refused("POST", f"{RECORD}/timeBill", time_entry(**change))
    assert refusal == (400, code, path)


async def test_no_time_on_a_closed_project(api: Api) -> None:
    await api.send("PATCH", f"{RECORD}/job/eid:proj-1", {"entityStatus": {"id": "1"}})
    refusal = await api.refused("POST", f"{RECORD}/timeBill", time_entry())
    assert refusal == (400, "USER_ERROR", "customer")
    assert await api.rows("timeBill") == []


async def test_the_catalog_names_every_record(api: Api) -> None:
    catalog = (await api.send("GET", f"{RECORD}/metadata-catalog")).json()
    names = {item["name"] for item in catalog["items"]}
    assert {"customer", "job", "invoice", "timeBill", "accountingPeriod"} <= names
    schema = (await api.send("GET", f"{RECORD}/metadata-catalog/timeBill")).json()
    assert schema["properties"]["hours"] == {"type": "string"}
