"""Each shipped field exists in the vendors' published metadata, with the same type."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from isthmus.sandbox.salesforce.schema import Schema

SPECS = Path(
    os.environ.get("ISTHMUS_VENDOR_SPECS")
    or Path(__file__).parents[3] / ".." / "shared" / "reference" / "specs"
)
TYPES = {
    "Text": "string",
    "TextArea": "textarea",
    "LongTextArea": "textarea",
    "Checkbox": "boolean",
    "Number": "double",
    "Currency": "currency",
    "Percent": "percent",
    "Date": "date",
    "DateTime": "datetime",
    "Lookup": "reference",
    "MasterDetail": "reference",
    "Picklist": "picklist",
    "AutoNumber": "string",
}
STANDARD_TYPES = {
    "boolean": {"boolean"},
    "number": {"currency", "double", "percent", "int"},
    "DateString": {"date", "datetime"},
}
OF_EVERY_ROW = {"Id", "IsDeleted", "CreatedDate", "CreatedById", "LastModifiedDate"} | {
    "LastModifiedById",
    "SystemModstamp",
    "CurrencyIsoCode",
    "OwnerId",
    "Name",
}
SIMULATED = {
    "pse__Proj__c",
    "pse__Project_Phase__c",
    "pse__Project_Task__c",
    "pse__Milestone__c",
    "pse__Assignment__c",
    "pse__Schedule__c",
    "pse__Rate_Card__c",
    "pse__Rate_Card_Set__c",
    "pse__Rate_Card_Set_Junction__c",
    "pse__Resource_Request__c",
    "pse__Timecard_Header__c",
    "pse__Timecard__c",
    "pse__Expense_Report__c",
    "pse__Expense__c",
    "pse__Billing_Event__c",
    "pse__Billing_Event_Item__c",
    "pse__Region__c",
    "pse__Budget__c",
}
NOT_IN_THE_SPEC = {"Account": {"AccountNumber", "Site"}}


def _load(name: str) -> Any:
    path = SPECS / name
    if not path.is_file():
        pytest.skip(f"{path} is absent; set ISTHMUS_VENDOR_SPECS to the vendors' specifications")
    return json.loads(path.read_text())["objects"]


def _package_fields() -> dict[str, Any]:
    objects = _load("certinia_psa/pse_objects.json")
    on_standard = _load("certinia_psa/pse_fields_on_standard_objects.json")
    return {name: spec["fields"] for name, spec in objects.items()} | on_standard


def test_package_fields_are_the_vendors() -> None:
    theirs = _package_fields()
    checked = 0
    for sobject in Schema():
        for field in sobject.fields.values():
            if not field.name.startswith("pse__"):
                continue
            spec = theirs[sobject.name].get(field.name)
            assert spec is not None, f"{sobject.name}.{field.name} is not in the package"
            where = f"{sobject.name}.{field.name}"
            assert field.type == TYPES[spec["type"]], where
            assert field.formula == bool(spec.get("is_formula")), where
            assert field.external_id == bool(spec.get("externalId")), where
            assert field.unique == bool(spec.get("unique")), where
            assert field.reference_to == spec.get("referenceTo", ""), where
            if "precision" in spec and not field.formula:
                given = (field.precision, field.scale)
                assert given == (int(spec["precision"]), int(spec["scale"])), where
            if spec["type"] in ("Lookup", "Date", "Number", "Currency", "Text"):
                assert field.required == bool(spec.get("required")), where
            checked += 1
    assert checked >= 395


def test_every_package_object_has_the_vendors_name() -> None:
    theirs = _package_fields()
    ours = [sobject.name for sobject in Schema() if sobject.is_custom]
    assert [name for name in ours if name not in theirs] == []
    assert len(ours) == 20


def test_standard_fields_are_the_vendors() -> None:
    theirs = _load("salesforce/standard_objects.json")
    wrong = []
    for sobject in Schema():
        if sobject.is_custom:
            continue
        for field in sobject.fields.values():
            if field.name in OF_EVERY_ROW | NOT_IN_THE_SPEC.get(sobject.name, set()):
                continue
            if field.name.startswith("pse__"):
                continue
            spec = theirs[sobject.name].get(field.name)
            allowed = spec and STANDARD_TYPES.get(spec["type"])
            if spec is None or (allowed and field.type not in allowed):
                wrong.append((sobject.name, field.name))
    assert wrong == []


def test_lookups_point_to_objects_that_the_org_has() -> None:
    schema = Schema()
    targets = {f.reference_to for sobject in schema for f in sobject.fields.values()} - {""}
    assert {target for target in targets if schema.find(target) is None} == set()
    prefixes = [sobject.prefix for sobject in schema]
    assert len(prefixes) == len(set(prefixes))
