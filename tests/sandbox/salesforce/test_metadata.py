from pathlib import Path
from typing import Any

import pytest
from tests.sandbox.salesforce.client import Client, V, external_id_files

from isthmus.sandbox.salesforce import SalesforceOrg

pytestmark = pytest.mark.anyio

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
XMLNS = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
INVOICE = f"""{HEAD}
<CustomObject {XMLNS}>
    <deploymentStatus>Deployed</deploymentStatus>
    <label>Invoice</label>
    <nameField>
        <displayFormat>INV-{{0000}}</displayFormat>
        <label>Invoice Number</label>
        <type>AutoNumber</type>
    </nameField>
    <pluralLabel>Invoices</pluralLabel>
    <sharingModel>ReadWrite</sharingModel>
</CustomObject>
"""


def field(name: str, kind: str, more: str = "") -> str:
    return (
        f"{HEAD}\n<CustomField {XMLNS}><fullName>{name}</fullName><label>{name[:-3]}</label>"
        f"<type>{kind}</type>{more}</CustomField>"
    )


STATUS = """<valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>
<value><fullName>Posted</fullName><default>false</default><label>Posted</label></value>
<value><fullName>Paid</fullName><default>false</default><label>Paid</label></value>
</valueSetDefinition></valueSet>"""
PLACE = "objects/Isthmus_Invoice__c"
FILES = {
    f"{PLACE}/fields/Balance__c.field-meta.xml": field(
        "Balance__c", "Currency", "<precision>18</precision><scale>2</scale>"
    ),
    f"{PLACE}/fields/Status__c.field-meta.xml": field("Status__c", "Picklist", STATUS),
    f"{PLACE}/fields/Issued_On__c.field-meta.xml": field("Issued_On__c", "Date"),
    f"{PLACE}/fields/Disputed__c.field-meta.xml": field(
        "Disputed__c", "Checkbox", "<defaultValue>false</defaultValue>"
    ),
    f"{PLACE}/fields/Account__c.field-meta.xml": field(
        "Account__c",
        "Lookup",
        "<referenceTo>Account</referenceTo><relationshipName>Isthmus_Invoices</relationshipName>",
    ),
    f"{PLACE}/Isthmus_Invoice__c.object-meta.xml": INVOICE,
    **external_id_files("Isthmus_Invoice__c", "Account"),
}


async def test_a_deployed_object_is_written_and_queried(sf: Client) -> None:
    deployed = await sf.control("deploy", {"files": FILES})
    assert deployed["deployed"][0] == "Isthmus_Invoice__c"
    assert len(deployed["deployed"]) == 8
    await sf.create("Account", Name="Acme", Isthmus_Id__c="A")
    path = f"{V}/sobjects/Isthmus_Invoice__c/Isthmus_Id__c/I-1"
    body: dict[str, Any] = {
        "Balance__c": 10.005,
        "Status__c": "Posted",
        "Issued_On__c": "2026-07-01",
        "Account__r": {"Isthmus_Id__c": "A"},
    }
    assert (await sf.http.patch(path, json=body)).status_code == 201
    found = await sf.query(
        "SELECT Name, Balance__c, Disputed__c, Account__r.Name FROM Isthmus_Invoice__c"
        " WHERE Issued_On__c = 2026-07-01"
    )
    row = found["records"][0]
    assert (row["Name"], row["Balance__c"], row["Disputed__c"]) == ("INV-0001", 10.01, False)
    assert row["Account__r"]["Name"] == "Acme"
    children = await sf.query("SELECT (SELECT Name FROM Isthmus_Invoices__r) FROM Account")
    assert children["records"][0]["Isthmus_Invoices__r"]["totalSize"] == 1
    refused = await sf.http.patch(path, json={"Status__c": "Lost"})
    assert refused.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    described = (await sf.http.get(f"{V}/sobjects/Isthmus_Invoice__c/describe")).json()
    keys = [f["name"] for f in described["fields"] if f["externalId"] and f["unique"]]
    assert keys == ["Isthmus_Id__c"]


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        (
            "objects/Nothing__c/fields/A__c.field-meta.xml",
            field("A__c", "Date"),
            "Nothing__c cannot",
        ),
        ("objects/Account/fields/A__c.field-meta.xml", field("B__c", "Date"), "the file's name"),
        ("objects/Account/fields/A__c.field-meta.xml", field("A__c", "Number"), "'precision'"),
        ("objects/Account/fields/A__c.field-meta.xml", field("A__c", "Colour"), "'Colour'"),
        ("objects/Account/fields/A__c.field-meta.xml", "<CustomField>", "Error parsing"),
        ("objects/Account/fields/A__c.field-meta.xml", "<CustomField/>", "root element"),
        (
            "objects/Account/fields/A__c.field-meta.xml",
            '<!DOCTYPE x [<!ENTITY e "boom">]><CustomField>&e;</CustomField>',
            "Error parsing",
        ),
    ],
)
async def test_a_bad_file_deploys_nothing(sf: Client, name: str, text: str, problem: str) -> None:
    files = {**external_id_files("Account"), name: text}
    answer = await sf.http.post("/__control/deploy", json={"files": files})
    assert answer.status_code == 400
    failure = answer.json()["componentFailures"][0]
    assert failure["fileName"] == name
    assert problem in failure["problem"]
    refused = await sf.query("SELECT Isthmus_Id__c FROM Account")
    assert refused[0]["errorCode"] == "INVALID_FIELD"


def test_a_deployment_outlives_the_process(tmp_path: Path) -> None:
    org = SalesforceOrg(tmp_path / "org.db")
    org.deploy(FILES)
    prefix = org.org.schema.get("Isthmus_Invoice__c").prefix
    record = {"attributes": {"type": "Isthmus_Invoice__c"}, "Isthmus_Id__c": "I-1"}
    made = org.seed([record])
    org.close()
    reopened = SalesforceOrg(tmp_path / "org.db")
    sobject = reopened.org.schema.get("Isthmus_Invoice__c")
    assert sobject.prefix == prefix == made[0][:3]
    key = sobject.get("Isthmus_Id__c")
    assert [row["Id"] for row in reopened.org.matches(sobject, key, "I-1")] == made
    reopened.close()
