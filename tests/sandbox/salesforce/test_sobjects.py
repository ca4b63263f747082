from typing import Any

import pytest
from tests.sandbox.salesforce.client import Client, V, external_id_files

pytestmark = pytest.mark.anyio


async def error(sf: Client, kind: str, **values: Any) -> Any:
    answer = await sf.http.post(f"{V}/sobjects/{kind}", json=values)
    assert answer.status_code == 400, answer.text
    return answer.json()[0]


async def test_create_read_update_delete(sf: Client) -> None:
    answer = await sf.http.post(
        f"{V}/sobjects/Account", json={"name": "Acme", "BillingCity": "Ulm"}
    )
    made = answer.json()["id"]
    assert (answer.status_code, answer.json()) == (201, {"id": made, "success": True, "errors": []})
    assert made.startswith("001")
    assert len(made) == 18
    assert (
        await sf.patch("Account", made[:15], Phone="+49 731 1", BillingCity=None)
    ).status_code == 204
    row = await sf.read("Account", made)
    assert row["attributes"] == {"type": "Account", "url": f"{V}/sobjects/Account/{made}"}
    assert (row["Name"], row["BillingCity"], row["Phone"]) == ("Acme", None, "+49 731 1")
    assert (row["CurrencyIsoCode"], row["IsDeleted"]) == ("USD", False)
    assert row["SystemModstamp"].endswith(".000+0000")
    assert (await sf.http.delete(f"{V}/sobjects/Account/{made}")).status_code == 204
    gone = await sf.http.get(f"{V}/sobjects/Account/{made}")
    assert gone.status_code == 404
    assert gone.json() == [
        {"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}
    ]


async def test_missing_things(sf: Client) -> None:
    for path in ("/sobjects/Account/001000000000001AAA", "/sobjects/Nothing/x", "/nowhere"):
        answer = await sf.http.get(V + path)
        assert answer.status_code == 404
        assert answer.json() == [
            {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
        ]


async def test_required_fields(sf: Client) -> None:
    assert await error(sf, "Opportunity", Name="Deal") == {
        "message": "Required fields are missing: [StageName, CloseDate]",
        "errorCode": "REQUIRED_FIELD_MISSING",
        "fields": ["StageName", "CloseDate"],
    }
    made = await sf.create("Account", Name="Acme")
    assert (await sf.patch("Account", made, Name="")).json()[0]["fields"] == ["Name"]


async def test_unknown_and_read_only_fields(sf: Client) -> None:
    assert await error(sf, "Account", Name="A", Foo__c=1) == {
        "message": "No such column 'Foo__c' on sobject of type Account",
        "errorCode": "INVALID_FIELD",
    }
    refused = await error(sf, "Account", Name="A", CreatedDate="2026-01-01T00:00:00Z")
    assert refused["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert refused["fields"] == ["CreatedDate"]
    refused = await error(sf, "pse__Timecard_Header__c", pse__Total_Hours__c=3)
    assert refused["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"


@pytest.mark.parametrize(
    ("values", "code", "message"),
    [
        (
            {"AccountNumber": "9" * 41},
            "STRING_TOO_LONG",
            f"Account Number: data value too large: {'9' * 41} (max length=40)",
        ),
        (
            {"CurrencyIsoCode": "QQQ"},
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "Currency ISO Code: bad value for restricted picklist field: QQQ",
        ),
        (
            {"ParentId": "0015e0000009999AAA"},
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        ),
        ({"ParentId": "abc"}, "MALFORMED_ID", "Parent Account ID: id value of incorrect type: abc"),
        (
            {"AnnualRevenue": "much"},
            "JSON_PARSER_ERROR",
            "Cannot deserialize instance of double from VALUE_STRING value much or request may be"
            " missing a required field at AnnualRevenue",
        ),
        (
            {"NumberOfEmployees": 123456789},
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Employees: value outside of valid range on numeric field: 123456789",
        ),
    ],
)
async def test_bad_values(sf: Client, values: dict[str, Any], code: str, message: str) -> None:
    refused = await error(sf, "Account", Name="A", **values)
    assert (refused["errorCode"], refused["message"]) == (code, message)
    assert await sf.query("SELECT COUNT() FROM Account") == {
        "totalSize": 0,
        "done": True,
        "records": [],
    }


async def test_a_lookup_to_the_wrong_kind_of_row(sf: Client) -> None:
    product = await sf.create("Product2", Name="Hours")
    refused = await error(sf, "Account", Name="A", ParentId=product)
    assert refused["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"


async def test_a_body_that_is_no_json(sf: Client) -> None:
    answer = await sf.http.post(f"{V}/sobjects/Account", content=b"{")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


async def test_extra_decimals_are_rounded_without_a_word(sf: Client) -> None:
    schedule = await sf.create(
        "pse__Schedule__c",
        pse__Start_Date__c="2026-01-05",
        pse__End_Date__c="2026-01-09",
        pse__Monday_Hours__c=7.333,
    )
    row = await sf.read("pse__Schedule__c", schedule)
    assert row["pse__Monday_Hours__c"] == 7.33
    assert row["pse__Scheduled_Hours__c"] == 7.33


async def upsert(sf: Client, key: str, body: dict[str, Any], query: str = "") -> Any:
    return await sf.http.patch(f"{V}/sobjects/Account/Isthmus_Id__c/{key}{query}", json=body)


async def test_upsert_by_external_id(sf: Client) -> None:
    await sf.control("deploy", {"files": external_id_files("Account")})
    first = await upsert(sf, "C%2F1", {"Name": "Acme"})
    made = first.json()["id"]
    expected = {"id": made, "success": True, "errors": [], "created": True}
    assert (first.status_code, first.json()) == (201, expected)
    second = await upsert(sf, "C%2F1", {"Name": "Acme Ltd"})
    assert (second.status_code, second.json()) == (200, {**expected, "created": False})
    found = await sf.http.get(f"{V}/sobjects/Account/isthmus_id__c/C%2F1?fields=Name,Isthmus_Id__c")
    row = found.json()
    assert (row["Name"], row["Isthmus_Id__c"], len(row)) == ("Acme Ltd", "C/1", 3)


async def test_upsert_refusals(sf: Client) -> None:
    await sf.control("deploy", {"files": external_id_files("Account")})
    assert (await upsert(sf, "C-9", {"Name": "A"}, "?updateOnly=true")).status_code == 404
    named_twice = await upsert(sf, "C-9", {"Name": "A", "Isthmus_Id__c": "C-9"})
    assert named_twice.json() == [
        {
            "message": "The Isthmus_Id__c field should not be specified in the sobject data.",
            "errorCode": "INVALID_FIELD",
        }
    ]
    unkeyed = await sf.http.patch(f"{V}/sobjects/Account/Phone/1", json={"Name": "A"})
    assert (unkeyed.status_code, unkeyed.json()[0]["message"]) == (
        404,
        "Provided external ID field does not exist or is not accessible: Phone",
    )


async def test_a_unique_key_admits_one_row(sf: Client) -> None:
    await sf.control("deploy", {"files": external_id_files("Account")})
    first = await sf.create("Account", Name="A", Isthmus_Id__c="K")
    assert await error(sf, "Account", Name="B", Isthmus_Id__c="K") == {
        "message": "duplicate value found: Isthmus_Id__c duplicates value on record with id:"
        f" {first}",
        "errorCode": "DUPLICATE_VALUE",
        "fields": [],
    }
    assert (await sf.create("Account", Name="B", Isthmus_Id__c="k")) != first


async def test_several_matches_write_nothing(sf: Client) -> None:
    tasks = [await sf.create("pse__Project_Task__c", pse__External_Task_ID__c="T") for _ in "ab"]
    path = f"{V}/sobjects/pse__Project_Task__c/pse__External_Task_ID__c/t"
    answer = await sf.http.patch(path, json={"Name": "changed"})
    assert answer.status_code == 300
    assert answer.json() == [f"{V}/sobjects/pse__Project_Task__c/{one}" for one in tasks]
    assert await sf.query("SELECT Id FROM pse__Project_Task__c WHERE Name = 'changed'") == {
        "totalSize": 0,
        "done": True,
        "records": [],
    }


async def test_parents_by_their_own_external_id(sf: Client) -> None:
    await sf.control("deploy", {"files": external_id_files("Account", "pse__Proj__c")})
    parent = (await upsert(sf, "P", {"Name": "Parent"})).json()["id"]
    await upsert(sf, "C", {"Name": "Child", "Parent": {"Isthmus_Id__c": "P"}})
    project = await sf.create("pse__Proj__c", Name="X", pse__Account__r={"Isthmus_Id__c": "P"})
    assert (await sf.read("pse__Proj__c", project))["pse__Account__c"] == parent
    answer = await upsert(sf, "C", {"Parent": {"Isthmus_Id__c": "Q"}})
    assert answer.json() == [
        {
            "message": "Foreign key external ID: Q not found for field Isthmus_Id__c in entity"
            " Account",
            "errorCode": "INVALID_FIELD",
            "fields": [],
        }
    ]


async def test_deleted_rows_are_listed_and_queried(sf: Client) -> None:
    kept = await sf.create("Account", Name="Kept")
    gone = await sf.create("Account", Name="Gone")
    child = await sf.create("Contact", LastName="Child", AccountId=gone)
    await sf.http.delete(f"{V}/sobjects/Account/{gone}")
    today = sf.org.org.now()[:10]
    span = {"start": f"{today}T00:00:00Z", "end": "2099-01-01T00:00:00+00:00"}
    body = (await sf.http.get(f"{V}/sobjects/Account/deleted/", params=span)).json()
    assert [one["id"] for one in body["deletedRecords"]] == [gone]
    live = await sf.query("SELECT Id FROM Account")
    assert [row["Id"] for row in live["records"]] == [kept]
    everything = await sf.http.get(
        f"{V}/queryAll", params={"q": "SELECT Id FROM Account WHERE IsDeleted = true"}
    )
    assert [row["Id"] for row in everything.json()["records"]] == [gone]
    assert (await sf.read("Contact", child))["AccountId"] is None


async def test_describe(sf: Client) -> None:
    body = (await sf.http.get(f"{V}/sobjects/pse__Timecard_Header__c/describe")).json()
    assert (body["keyPrefix"], body["label"], body["custom"]) == ("a0H", "Timecard", True)
    fields = {field["name"]: field for field in body["fields"]}
    hours, total = fields["pse__Monday_Hours__c"], fields["pse__Total_Hours__c"]
    assert (hours["type"], hours["precision"], hours["scale"]) == ("double", 4, 2)
    assert (total["calculated"], total["updateable"]) == (True, False)
    assert fields["pse__Project__c"]["relationshipName"] == "pse__Project__r"
    assert fields["pse__Project__c"]["referenceTo"] == ["pse__Proj__c"]
    statuses = [value["value"] for value in fields["pse__Status__c"]["picklistValues"]]
    assert statuses == ["Saved", "Submitted", "Approved", "Rejected"]
    assert fields["pse__Start_Date__c"]["nillable"] is False
