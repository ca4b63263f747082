"""What the package's own rules ask of a write, and rates that are not by the hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from isthmus.connect import FieldProblem
from isthmus.connect.mapping import Translated

PACKAGE = "isthmus.connectors.certinia"
PROJECT_IS_REAL = "pse__Project__r.pse__Is_Template__c = false"

NOTE_LENGTH = 255
APPROVAL = ("pse__Status__c", "pse__Approved__c", "pse__Include_In_Financials__c")


def approved(record: Mapping[str, Any]) -> bool:
    """The status text alone does nothing in financials; all three must say so."""
    status, *flags = APPROVAL
    return record[status] == "Approved" and all(record[flag] for flag in flags)


def after_approval(note: str) -> dict[str, Any]:
    """Rows that are in financials refuse an edit without these two in the same update."""
    return {"pse__Admin_Global_Edit__c": True, "pse__Audit_Notes__c": note[:NOTE_LENGTH]}


def without_daily_rate(
    translated: Translated, record: Mapping[str, Any], sobject: str, flag: str, rate: str
) -> Translated:
    """A rate per day is not a rate per hour; hours of a day differ by calendar, so it is refused
    here rather than divided by a guess.
    """
    if not record.get(flag) or translated.attributes.get(rate) is None:
        return translated
    problem = FieldProblem(
        sobject, flag, "true", "the rate is per day, not per hour", "Give it as an hourly rate."
    )
    return Translated({**translated.attributes, rate: None}, (*translated.problems, problem))
