"""Describe results, with the attributes that integrations read."""

from typing import Any

from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.schema import NUMBERS, Field, SObject

_SOAP = {
    "boolean": "xsd:boolean",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "id": "tns:ID",
    "reference": "tns:ID",
}


def summary(sobject: SObject, base: str) -> dict[str, Any]:
    url = f"{base}/sobjects/{sobject.name}"
    return {
        "name": sobject.name,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "keyPrefix": sobject.prefix,
        "custom": sobject.is_custom,
        "createable": not sobject.read_only,
        "updateable": not sobject.read_only,
        "deletable": not sobject.read_only,
        "queryable": True,
        "retrieveable": True,
        "urls": {
            "sobject": url,
            "describe": f"{url}/describe",
            "rowTemplate": f"{url}/{{ID}}",
        },
    }


def describe(org: Org, sobject: SObject, base: str) -> dict[str, Any]:
    return {
        **summary(sobject, base),
        "fields": [_field(org, sobject, known) for known in sobject.fields.values()],
        "childRelationships": [
            {
                "childSObject": child.name,
                "field": link.name,
                "relationshipName": link.child_relationship_name or None,
                "cascadeDelete": link.cascade,
            }
            for child, link in org.schema.children(sobject)
        ],
    }


def _field(org: Org, sobject: SObject, known: Field) -> dict[str, Any]:
    writable = known.is_writable and not sobject.read_only
    is_number = known.type in NUMBERS
    return {
        "name": known.name,
        "label": known.label,
        "type": known.type,
        "soapType": _SOAP.get(known.type, "xsd:string"),
        "length": known.length,
        "precision": known.precision if is_number and known.type != "int" else 0,
        "scale": known.scale,
        "digits": known.precision if known.type == "int" else 0,
        "custom": known.name.endswith("__c"),
        "externalId": known.external_id,
        "idLookup": known.external_id or known.name == "Id",
        "unique": known.unique,
        "caseSensitive": known.case_sensitive,
        "nillable": not known.required and known.type not in ("boolean", "id"),
        "defaultedOnCreate": known.type == "boolean" or known.owner,
        "createable": writable,
        "updateable": writable and not known.create_only,
        "calculated": known.formula,
        "autoNumber": bool(known.auto_number),
        "filterable": not (known.type == "textarea" and known.length > 255),
        "restrictedPicklist": known.restricted,
        "picklistValues": [_picklist_value(value) for value in _values(org, known)],
        "referenceTo": [known.reference_to] if known.reference_to else [],
        "relationshipName": known.relationship_name or None,
        "cascadeDelete": known.cascade,
    }


def _values(org: Org, known: Field) -> list[str]:
    if known.values_from:
        rows = [row for row in org.live(known.values_from) if row["IsActive"]]
        return [row["ApiName"] for row in sorted(rows, key=lambda row: row["SortOrder"])]
    return list(known.values)


def _picklist_value(value: str) -> dict[str, Any]:
    return {"active": True, "defaultValue": False, "label": value, "value": value}
