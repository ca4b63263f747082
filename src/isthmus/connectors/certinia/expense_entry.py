"""ExpenseEntry <- pse__Expense__c, a line of pse__Expense_Report__c: the report is approved.

A line counts as approved when its report and the line itself say so in status and checkboxes, as
for time. The mark-up of the package (`pse__Billable_Fee_*`) is not read: the contract's applies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.canonical import ExpenseEntry
from isthmus.canonical.time_entry import Approval
from isthmus.connect import Capability, Outgoing
from isthmus.connect.mapping import Translated, lookup
from isthmus.connectors.certinia.invoice_marks import MARKED, invoice_mark, without_number
from isthmus.connectors.certinia.wire import APPROVAL, PACKAGE, approved
from isthmus.platforms.salesforce import SObject

LINE = "pse__Expense__c"
REPORT = "pse__Expense_Report__r"
NOT_BILLED = ("pse__Exclude_from_Billing__c", "pse__Billing_Hold__c")


class ExpenseEntries(SObject):
    model = ExpenseEntry
    package = PACKAGE
    mapping_name = "expense_entry"
    capability = Capability(reads=True, writes=True, batch=200)
    keyed = False
    extra = (
        *APPROVAL, *NOT_BILLED, "pse__Expense_Report__c",
        *(f"{REPORT}.{field}" for field in (*APPROVAL, "pse__Exclude_from_Billing__c")),
    )  # fmt: skip
    parents = (REPORT,)

    def translate(self, record: Mapping[str, Any]) -> Translated:
        base = super().translate(record)
        excluded = lookup(record, f"{REPORT}.pse__Exclude_from_Billing__c") or any(
            record[field] for field in NOT_BILLED
        )
        attributes = {
            **base.attributes,
            "is_billable": bool(record["pse__Billable__c"] and not excluded),
        }
        report = lookup(record, REPORT)
        if report is not None and approved(report) and approved(record):
            attributes["approval"] = Approval.APPROVED
        return Translated(attributes, base.problems)

    def record(self, outgoing: Outgoing) -> dict[str, Any]:
        """The invoice's mark and nothing else: the expense is the PSA's."""
        expense, only = outgoing.obj, outgoing.only
        assert isinstance(expense, ExpenseEntry)
        if only is not None and not only & MARKED:
            return {}
        if expense.invoice_number is None:
            raise without_number(self.system, LINE, str(outgoing.external_id))
        return invoice_mark(expense.invoice_number, expense.invoiced_on)
