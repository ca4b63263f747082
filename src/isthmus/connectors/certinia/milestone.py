"""Milestone <-> pse__Milestone__c: its state is what the checkboxes say, not the status text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from isthmus.canonical import Milestone
from isthmus.canonical.milestone import MilestoneState
from isthmus.connect import Capability, Outgoing
from isthmus.connect.mapping import Translated
from isthmus.connectors.certinia.wire import PACKAGE, PROJECT_IS_REAL, after_approval
from isthmus.platforms.salesforce import SObject

BILLABLE = ("pse__Include_In_Financials__c", "pse__Approved_for_Billing__c")
HELD = ("pse__Billing_Hold__c", "pse__Exclude_from_Billing__c")


class Milestones(SObject):
    model = Milestone
    package = PACKAGE
    mapping_name = "milestone"
    capability = Capability(
        reads=True, writes=True, pushes=True, finds_by=("project", "name"), batch=200
    )
    extra = (
        "pse__Status__c", "pse__Approved__c", "pse__Invoiced__c", *BILLABLE, *HELD,
    )  # fmt: skip
    where = PROJECT_IS_REAL
    on_create: ClassVar[Mapping[str, Any]] = {"pse__Status__c": "Planned"}
    read_back = True

    def translate(self, record: Mapping[str, Any]) -> Translated:
        base = super().translate(record)
        read = MilestoneState(base.attributes.get("state", MilestoneState.PLANNED))
        held = any(record[f] for f in HELD)
        known = {**base.attributes, "state": state(read, record), "billing_hold": held}
        return Translated(known, base.problems)

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        record, milestone, only = super().record(outgoing), outgoing.obj, outgoing.only
        assert isinstance(milestone, Milestone)
        if milestone.invoice_number and (only is None or "invoice_number" in only):
            record |= {
                "pse__Invoiced__c": True,
                "pse__Billed__c": True,
                "pse__Invoice_Number__c": milestone.invoice_number,
                **after_approval(f"Isthmus: invoiced on {milestone.invoice_number}"),
            }
        elif only is not None and "invoice_number" in only:
            record |= {
                "pse__Invoiced__c": False,
                "pse__Billed__c": False,
                "pse__Invoice_Number__c": None,
                **after_approval("Isthmus: credited, on no invoice any more"),
            }
        return record


def state(read: MilestoneState, record: Mapping[str, Any]) -> MilestoneState:
    """Vendor page, section 8. A milestone on billing hold is accepted but not ready to bill."""
    if record["pse__Invoiced__c"]:
        return MilestoneState.INVOICED
    if read is MilestoneState.CANCELLED:
        return read
    if record["pse__Approved__c"]:
        ready = all(record[f] for f in BILLABLE) and not any(record[f] for f in HELD)
        return MilestoneState.READY_TO_BILL if ready else MilestoneState.ACCEPTED
    return MilestoneState.DELIVERED if record["pse__Actual_Date__c"] else read
