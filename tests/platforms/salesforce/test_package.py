"""The metadata package: well-formed source format, with the fields that flows rely on."""

import re
from collections import defaultdict
from importlib import resources
from pathlib import PurePosixPath

from defusedxml.ElementTree import fromstring
from tests.platforms.salesforce.specs import vendor_fields

from isthmus.platforms.salesforce import package_files

NS = "{http://soap.sforce.com/2006/04/metadata}"
KEYED = {
    "Account", "Opportunity", "Isthmus_Invoice__c", "pse__Proj__c", "pse__Milestone__c",
    "pse__Project_Phase__c", "pse__Project_Task__c", "pse__Resource_Request__c",
    "pse__Budget__c", "pse__Rate_Card__c",
}  # fmt: skip


def fields() -> dict[str, dict[str, dict[str, str]]]:
    """SObject -> field -> its direct elements."""
    found: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for path, text in package_files().items():
        if path.endswith(".field-meta.xml"):
            root = fromstring(text)
            assert root.tag == f"{NS}CustomField"
            values = {e.tag.removeprefix(NS): e.text or "" for e in root}
            assert PurePosixPath(path).name == f"{values['fullName']}.field-meta.xml"
            found[PurePosixPath(path).parts[1]][values["fullName"]] = values
    return dict(found)


def picklist(path: str) -> list[str]:
    root = fromstring(package_files()[path])
    return [e.text or "" for e in root.iter(f"{NS}fullName")][1:]


def test_every_key_is_a_unique_case_sensitive_external_id() -> None:
    keys = {name: given["Isthmus_Id__c"] for name, given in fields().items() if name in KEYED}
    assert set(keys) == KEYED
    for key in keys.values():
        assert (key["type"], key["length"]) == ("Text", "255")
        assert (key["externalId"], key["unique"], key["caseSensitive"]) == ("true",) * 3


def test_the_fields_are_those_that_flows_rely_on() -> None:
    given = {name: set(found) - {"Isthmus_Id__c"} for name, found in fields().items()}
    assert given == {
        "Account": {
            "Tax_Registration__c", "Payment_Terms__c", "ERP_Customer_Number__c",
            "Billing_Status__c",
        },
        "Contact": {
            "Employee_Number__c", "Cost_Centre__c", "Legal_Entity__c", "Practice_Role__c",
        },
        "Opportunity": {
            "Billing_Model__c", "Contracting_Entity__c", "Delivery_Template__c",
            "Work_Starts_On__c", "Work_Ends_On__c", "Payment_Terms__c", "Purchase_Order__c",
            "Cap_Amount__c", "Minimum_Increment__c", "Amends__c", "PSA_Project_Id__c",
            "Delivery_Status__c", "Delivery_Message__c", "ERP_Customer_Number__c",
        },
        "Isthmus_Invoice__c": {
            "Account__c", "Opportunity__c", "Status__c", "Total__c", "Amount_Due__c",
            "Credited__c", "Issued_On__c", "Due_On__c", "Paid_On__c",
        },
        "pse__Proj__c": {"Legal_Entity__c", "Delivery_Template__c", "Profit_Centre__c"},
        "pse__Milestone__c": {"Accepted_On__c", "Objected_On__c"},
        "pse__Project_Phase__c": set(),
        "pse__Project_Task__c": set(),
        "pse__Resource_Request__c": {"Role_Requested__c"},
        "OpportunityLineItem": {"Reprices_Role__c"},
        "pse__Budget__c": set(),
        "pse__Rate_Card__c": {"Project__c"},
    }  # fmt: skip


def test_picklists_have_the_values_that_mappings_expect() -> None:
    assert picklist("objects/Account/fields/Billing_Status__c.field-meta.xml") == [
        "prospect", "active", "on_hold", "inactive",
    ]  # fmt: skip
    assert picklist("objects/Opportunity/fields/Billing_Model__c.field-meta.xml") == [
        "T&M", "Fixed", "Retainer",
    ]  # fmt: skip
    assert picklist("objects/Isthmus_Invoice__c/fields/Status__c.field-meta.xml") == [
        "draft", "posted", "partially_paid", "paid", "credited", "void",
    ]  # fmt: skip


def test_no_field_of_ours_takes_a_vendors_name() -> None:
    vendors = vendor_fields()
    taken = [
        f"{name}.{field}"
        for name, found in fields().items()
        for field in found
        if field in vendors.get(name, {})
    ]
    assert taken == []


def test_the_permission_set_opens_every_field_to_our_user() -> None:
    folder = resources.files("isthmus.platforms.salesforce.package")
    text = folder.joinpath("permissionsets", "Isthmus.permissionset-meta.xml").read_text("utf-8")
    granted = re.findall(r"<field>([^<]+)</field>", text)
    shipped = [f"{name}.{field}" for name, found in fields().items() for field in found]
    assert sorted(granted) == sorted(shipped)
