"""What timecards and expenses share: on which project and assignment they may be entered."""

from collections.abc import Iterable

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.change import Change
from isthmus.sandbox.salesforce.errors import validation_failed
from isthmus.sandbox.salesforce.org import Org

_CLOSABLE = (
    ("pse__Project__c", "pse__Proj__c", "Project"),
    ("pse__Assignment__c", "pse__Assignment__c", "Assignment"),
    ("pse__Milestone__c", "pse__Milestone__c", "Milestone"),
)
_MAY_ALLOW = (("pse__Proj__c", "pse__Project__c"), ("Contact", "pse__Resource__c"))


def check_assignment(org: Org, change: Change, noun: str, allowed_by: str) -> None:
    """`noun` is "timecard" or "expense"; `allowed_by` the field that lets one do without."""
    new = change.new
    for name, label in (("pse__Resource__c", "Resource"), ("pse__Project__c", "Project")):
        if new.get(name) is None:
            raise validation_failed(f"{label} is required on a {noun}.", name)
    assignment = org.find("pse__Assignment__c", new.get("pse__Assignment__c"))
    if assignment is None:
        _check_may_go_without(org, new, noun, allowed_by)
    elif (assignment["pse__Project__c"], assignment["pse__Resource__c"]) != (
        new["pse__Project__c"],
        new["pse__Resource__c"],
    ):
        raise validation_failed(
            "The assignment belongs to another project or resource.", "pse__Assignment__c"
        )


def _check_may_go_without(org: Org, new: Row, noun: str, allowed_by: str) -> None:
    for object_name, name in _MAY_ALLOW:
        holder = org.find(object_name, new[name])
        if holder is not None and holder.get(allowed_by):
            return
    raise validation_failed(
        f"An assignment is required: neither the project nor the resource allows {noun}s without"
        " assignment.",
        "pse__Assignment__c",
    )


def check_open(org: Org, change: Change, entered: Iterable[str], noun: str, flag: str) -> None:
    """Closed for entry stops new entries, not the approval of those already entered."""
    if change.writer.kind == "package" or not any(map(change.moved, entered)):
        return
    for name, object_name, label in _CLOSABLE:
        holder = org.find(object_name, change.new.get(name))
        if holder is not None and holder[flag]:
            raise validation_failed(f"{label} {holder['Name']} is closed for {noun} entry.", name)
