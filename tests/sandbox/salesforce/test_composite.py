from typing import Any

import pytest
from tests.sandbox.salesforce.client import Client, V, external_id_files

pytestmark = pytest.mark.anyio

UPSERT = f"{V}/composite/sobjects/Account/Isthmus_Id__c"


def account(**values: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Account"}, **values}


@pytest.fixture
async def keyed(sf: Client) -> Client:
    await sf.control("deploy", {"files": external_id_files("Account", "Contact")})
    return sf


async def count(sf: Client) -> int:
    return int((await sf.query("SELECT COUNT() FROM Account"))["totalSize"])


async def test_one_bad_record_leaves_the_others(keyed: Client) -> None:
    records = [
        account(Isthmus_Id__c="1", Name="One"),
        account(Isthmus_Id__c="2", Name=""),
        account(Isthmus_Id__c="3", Name="Three"),
    ]
    answer = await keyed.http.patch(UPSERT, json={"allOrNone": False, "records": records})
    assert answer.status_code == 200
    first, second, third = answer.json()
    assert first == {"id": first["id"], "success": True, "errors": [], "created": True}
    assert second == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [Name]",
                "fields": ["Name"],
            }
        ],
    }
    assert third["success"]
    assert await count(keyed) == 2
    again = await keyed.http.patch(UPSERT, json={"records": records[:1]})
    assert again.json() == [{**first, "created": False}]


async def test_all_or_none_leaves_nothing(keyed: Client) -> None:
    records = [account(Isthmus_Id__c="1", Name="One"), account(Isthmus_Id__c="2", Name="")]
    answer = await keyed.http.patch(UPSERT, json={"allOrNone": True, "records": records})
    codes = [result["errors"][0]["statusCode"] for result in answer.json()]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert await count(keyed) == 0


async def test_the_same_key_twice_in_one_call(keyed: Client) -> None:
    records = [account(Isthmus_Id__c="1", Name="One"), account(Isthmus_Id__c="1", Name="Two")]
    answer = await keyed.http.patch(UPSERT, json={"records": records})
    assert [result["success"] for result in answer.json()] == [True, False]
    assert answer.json()[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


async def test_two_hundred_records_are_the_limit(keyed: Client) -> None:
    records = [account(Isthmus_Id__c=str(n), Name="A") for n in range(201)]
    answer = await keyed.http.patch(UPSERT, json={"records": records})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")
    answer = await keyed.http.patch(UPSERT, json={"records": records[:200]})
    assert [result["success"] for result in answer.json()] == [True] * 200


async def test_create_update_read_delete(sf: Client) -> None:
    url = f"{V}/composite/sobjects"
    contact = {"attributes": {"type": "Contact"}, "LastName": "Ode"}
    made = (await sf.http.post(url, json={"records": [account(Name="A"), contact]})).json()
    assert made[0] == {"id": made[0]["id"], "success": True, "errors": []}
    changes = [account(id=made[0]["id"], Name="B"), account(id="0015e0000009999AAA", Name="C")]
    changed = (await sf.http.patch(url, json={"records": changes})).json()
    assert [result["success"] for result in changed] == [True, False]
    assert changed[1]["errors"][0]["statusCode"] == "NOT_FOUND"
    wanted = {"ids": [made[0]["id"], "0015e0000009999AAA"], "fields": ["Name"]}
    read = (await sf.http.post(f"{url}/Account", json=wanted)).json()
    assert (read[0]["Name"], read[1]) == ("B", None)
    ids = ",".join(result["id"] for result in made)
    gone = (await sf.http.delete(url, params={"ids": ids, "allOrNone": "true"})).json()
    assert [result["success"] for result in gone] == [True, True]
    assert await count(sf) == 0


async def composite(sf: Client, *requests: dict[str, Any], all_or_none: bool = True) -> Any:
    body = {"allOrNone": all_or_none, "compositeRequest": list(requests)}
    answer = await sf.http.post(f"{V}/composite", json=body)
    return answer.json()["compositeResponse"]


async def test_later_requests_refer_to_earlier_results(sf: Client) -> None:
    answers = await composite(
        sf,
        {
            "method": "POST",
            "url": f"{V}/sobjects/Account",
            "referenceId": "acc",
            "body": {"Name": "Acme"},
        },
        {
            "method": "POST",
            "url": f"{V}/sobjects/Contact",
            "referenceId": "con",
            "body": {"LastName": "Ode", "AccountId": "@{acc.id}"},
        },
        {
            "method": "GET",
            "url": f"{V}/query?q=SELECT+Id,+Account.Name+FROM+Contact"
            "+WHERE+AccountId='@{acc.id}'",
            "referenceId": "found",
        },
        {
            "method": "PATCH",
            "url": f"{V}/sobjects/Contact/@{{found.records[0].Id}}",
            "referenceId": "rename",
            "body": {"LastName": "Odd"},
        },
    )
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200, 204]
    assert answers[2]["body"]["records"][0]["Account"]["Name"] == "Acme"
    assert (await sf.query("SELECT LastName FROM Contact"))["records"][0]["LastName"] == "Odd"


async def test_one_failure_rolls_all_back(sf: Client) -> None:
    good = {
        "method": "POST",
        "url": f"{V}/sobjects/Account",
        "referenceId": "good",
        "body": {"Name": "Acme"},
    }
    bad = {**good, "referenceId": "bad", "body": {}}
    answers = await composite(sf, good, bad)
    assert answers[0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert answers[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert await count(sf) == 0
    answers = await composite(sf, good, bad, all_or_none=False)
    assert [answer["httpStatusCode"] for answer in answers] == [201, 400]
    assert await count(sf) == 1


async def test_twenty_five_subrequests_are_the_limit(sf: Client) -> None:
    requests = [{"method": "GET", "url": f"{V}/limits", "referenceId": f"r{n}"} for n in range(26)]
    answer = await sf.http.post(f"{V}/composite", json={"compositeRequest": requests})
    assert answer.status_code == 400
