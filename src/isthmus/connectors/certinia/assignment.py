"""Assignment <-> pse__Assignment__c: read, and its rate written where a price was agreed anew.

Its dates are formulas over the schedule behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.canonical import Assignment
from isthmus.connect import Capability, Outgoing, Refused
from isthmus.connect.mapping import Translated
from isthmus.connectors.certinia.wire import PACKAGE, PROJECT_IS_REAL, without_daily_rate
from isthmus.platforms.salesforce import SObject

WRITTEN = frozenset({"bill_rate"})


class Assignments(SObject):
    model = Assignment
    package = PACKAGE
    mapping_name = "assignment"
    capability = Capability(reads=True, writes=True, finds_by=("project", "resource"), batch=200)
    keyed = False
    read_back = True
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

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        if outgoing.only != WRITTEN:
            raise Refused(self.system, "people staff projects; of an assignment we write the rate")
        return super().record(outgoing)
