"""Assignment <- pse__Assignment__c. Its dates are formulas over the schedule behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.canonical import Assignment
from isthmus.connect import Capability
from isthmus.connect.mapping import Translated
from isthmus.connectors.certinia.wire import PACKAGE, PROJECT_IS_REAL, without_daily_rate
from isthmus.platforms.salesforce import SObject


class Assignments(SObject):
    model = Assignment
    package = PACKAGE
    mapping_name = "assignment"
    capability = Capability(reads=True, finds_by=("project", "resource"))
    keyed = False
    extra = ("pse__Daily_Bill_Rate__c",)
    where = PROJECT_IS_REAL
    parents = ("pse__Schedule__r",)

    def translate(self, record: Mapping[str, Any]) -> Translated:
        return without_daily_rate(
            super().translate(record),
            record,
            "pse__Assignment__c",
            "pse__Daily_Bill_Rate__c",
            "bill_rate",
        )
