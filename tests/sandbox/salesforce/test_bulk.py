import csv
import io

import pytest
from tests.sandbox.salesforce.client import Client, V, external_id_files

pytestmark = pytest.mark.anyio

INGEST = {
    "object": "Contact",
    "operation": "upsert",
    "externalIdFieldName": "Isthmus_Id__c",
    "contentType": "CSV",
    "lineEnding": "LF",
}


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


async def test_an_upsert_job(sf: Client) -> None:
    await sf.control("deploy", {"files": external_id_files("Account", "Contact")})
    account = await sf.create("Account", Name="Acme", Isthmus_Id__c="A")
    known = await sf.create("Contact", LastName="Old", Isthmus_Id__c="1", Phone="1")
    made = (await sf.http.post(f"{V}/jobs/ingest", json=INGEST)).json()
    assert (made["state"], made["id"][:3]) == ("Open", "750")
    job = f"{V}/jobs/ingest/{made['id']}"
    data = (
        "Isthmus_Id__c,LastName,Phone,Account.Isthmus_Id__c\n"
        '1,"New, name",#N/A,A\n'
        "2,Two,,A\n"
        "3,,,A\n"
        "4,Four,,B\n"
    )
    headers = {"Content-Type": "text/csv"}
    assert (
        await sf.http.put(f"/{made['contentUrl']}", content=data, headers=headers)
    ).status_code == 201
    closed = await sf.http.patch(job, json={"state": "UploadComplete"})
    assert closed.json()["state"] == "UploadComplete"
    states = [(await sf.http.get(job)).json()["state"] for _ in range(3)]
    assert states == ["InProgress", "JobComplete", "JobComplete"]
    done = (await sf.http.get(job)).json()
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (4, 2)
    good = table((await sf.http.get(f"{job}/successfulResults")).text)
    assert [(row["sf__Id"] == known, row["sf__Created"]) for row in good] == [
        (True, "false"),
        (False, "true"),
    ]
    bad = table((await sf.http.get(f"{job}/failedResults")).text)
    assert [row["sf__Error"] for row in bad] == [
        "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName",
        "INVALID_FIELD:Foreign key external ID: B not found for field Isthmus_Id__c in entity"
        " Account:--",
    ]
    row = await sf.read("Contact", known)
    assert (row["LastName"], row["Phone"], row["AccountId"]) == ("New, name", None, account)


async def test_a_query_job_in_pages(sf: Client) -> None:
    await sf.seed("Account", *({"Name": f"A{n:03}"} for n in range(250)))
    soql = "SELECT Id, Name, Owner.Username, IsDeleted, AnnualRevenue FROM Account ORDER BY Name"
    made = await sf.http.post(f"{V}/jobs/query", json={"operation": "query", "query": soql})
    job = f"{V}/jobs/query/{made.json()['id']}"
    early = await sf.http.get(f"{job}/results")
    assert early.status_code == 400
    while (await sf.http.get(job)).json()["state"] != "JobComplete":
        pass
    first = await sf.http.get(f"{job}/results", params={"maxRecords": 200})
    assert first.headers["Sforce-Locator"] == "200"
    assert table(first.text)[0] == {
        "Id": table(first.text)[0]["Id"],
        "Name": "A000",
        "Owner.Username": "admin@sandbox.invalid",
        "IsDeleted": "false",
        "AnnualRevenue": "",
    }
    rest = await sf.http.get(f"{job}/results", params={"maxRecords": 200, "locator": "200"})
    assert rest.headers["Sforce-Locator"] == "null"
    assert len(table(rest.text)) == 50
