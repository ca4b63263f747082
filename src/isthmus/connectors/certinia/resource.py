"""Resource <- Contact marked as one: the PSA staffs contacts, not users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.canonical import Resource
from isthmus.connect import Capability
from isthmus.connect.mapping import Translated
from isthmus.connectors.certinia.wire import PACKAGE, without_daily_rate
from isthmus.platforms.salesforce import SObject


class Resources(SObject):
    model = Resource
    package = PACKAGE
    mapping_name = "resource"
    capability = Capability(reads=True, finds_by=("employee_number", "email", "name"))
    keyed = False
    extra = ("pse__Resource_Role__c", "pse__Daily_Default_Cost_Rate__c")
    where = "pse__Is_Resource__c = true"

    def translate(self, record: Mapping[str, Any]) -> Translated:
        base = super().translate(record)
        role = base.attributes.get("role") or record["pse__Resource_Role__c"]
        return without_daily_rate(
            Translated({**base.attributes, "role": role}, base.problems),
            record,
            "Contact",
            "pse__Daily_Default_Cost_Rate__c",
            "cost_rate",
        )
