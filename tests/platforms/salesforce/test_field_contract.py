"""Every field that the connectors name exists: at the vendor, or in our package."""

from __future__ import annotations

import pytest
from tests.platforms.salesforce.specs import SYSTEM_FIELDS, vendor_fields
from tests.platforms.salesforce.world import org_config

from isthmus.connectors.certinia.invoice_marks import SOURCE
from isthmus.connectors.certinia.system import OBJECTS as PSA
from isthmus.connectors.certinia.template import PHASE, PHASE_FIELDS, TASK, TASK_FIELDS
from isthmus.connectors.salesforce.system import OBJECTS as CRM
from isthmus.platforms.salesforce import SObject, Source, open_transport, package_files
from isthmus.platforms.salesforce.config import OrgConfig

TRANSPORT = open_transport("x", OrgConfig.model_validate(org_config("https://a.example")))


def known(sobject: str) -> frozenset[str]:
    prefix = f"objects/{sobject}/fields/"
    ours = {
        path.removeprefix(prefix).removesuffix(".field-meta.xml")
        for path in package_files()
        if path.startswith(prefix)
    }
    return SYSTEM_FIELDS | ours | set(vendor_fields().get(sobject, {}))


def target(sobject: str, relation: str) -> str:
    """Where a relation leads: `X__r` belongs to the lookup `X__c`, `Product2` to `Product2Id`."""
    if relation.endswith("__r"):
        spec = vendor_fields()[sobject][relation.removesuffix("__r") + "__c"]
        return str(spec["referenceTo"])
    return relation


def unknown(sobject: str, fields: tuple[str, ...]) -> list[str]:
    wrong = []
    for path in fields:
        *relations, field = path.split(".")
        owner = sobject
        for relation in relations:
            owner = target(owner, relation)
        if field not in known(owner):
            wrong.append(f"{owner}.{field}")
    return wrong


def source_problems(source: Source) -> list[str]:
    children = [w for c in source.children for w in unknown(c.sobject, (c.parent, *c.fields))]
    return unknown(source.sobject, source.fields) + children


@pytest.mark.parametrize("kind", [*CRM, *PSA], ids=lambda kind: kind.__name__)
def test_every_field_read_or_mapped_exists(kind: type[SObject]) -> None:
    made = kind(TRANSPORT, {})
    mapped = tuple(spec.field for spec in made.mapping.attributes.values())
    assert source_problems(made.source) == []
    assert unknown(made.mapping.object, (*mapped, *kind.on_create)) == []


def test_the_fields_of_templates_and_invoice_marks_exist() -> None:
    assert unknown(PHASE, PHASE_FIELDS) == []
    assert unknown(TASK, (*TASK_FIELDS, "pse__Status__c", "pse__Project__c")) == []
    assert source_problems(SOURCE) == []
    written = ("pse__Admin_Global_Edit__c", "pse__Audit_Notes__c", "pse__Invoiced__c")
    assert unknown("pse__Timecard_Header__c", (*written, "pse__Billed__c")) == []
    assert unknown("pse__Milestone__c", (*written, "pse__Billed__c")) == []


def test_this_test_can_fail() -> None:
    assert unknown("Account", ("Name", "No_Such__c")) == ["Account.No_Such__c"]
