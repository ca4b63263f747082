"""Billing events: their items, what they stamp on the billed rows, and who is eligible."""

from decimal import Decimal
from typing import Any

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.change import Behaviour, Change, Formula
from isthmus.sandbox.salesforce.errors import validation_failed
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.values import as_decimal

EVENT = "pse__Billing_Event__c"
ITEM = "pse__Billing_Event_Item__c"
_SOURCES = (
    ("pse__Timecard_Split__c", "pse__Timecard__c"),
    ("pse__Expense__c", "pse__Expense__c"),
    ("pse__Milestone__c", "pse__Milestone__c"),
)
_EVENT_FLAGS = {
    "pse__Billing_Event_Invoiced__c": "pse__Invoiced__c",
    "pse__Billing_Event_Released__c": "pse__Is_Released__c",
    "pse__Billing_Event_Status__c": "pse__Status__c",
    "pse__Billing_Event__c": "Name",
}


def install(behaviour: Behaviour) -> None:
    behaviour.before[EVENT] = [_event_key]
    behaviour.after[EVENT] = [_stamp_items]
    behaviour.before[ITEM] = [_item_defaults, _claim_once]
    behaviour.after[ITEM] = [_link_source, _roll_up]
    behaviour.after_delete[ITEM] = [_free_source, _roll_up]
    behaviour.formulas |= {
        (ITEM, "pse__Invoiced__c"): _of_event("pse__Invoiced__c"),
        (ITEM, "pse__Is_Released__c"): _of_event("pse__Is_Released__c"),
        ("pse__Timecard__c", "pse__Eligible_for_Billing__c"): _eligible_work,
        ("pse__Expense__c", "pse__Eligible_for_Billing__c"): _eligible_work,
        ("pse__Milestone__c", "pse__Eligible_for_Billing__c"): _eligible_milestone,
    }
    for _, source in _SOURCES:
        for name, of_event in _EVENT_FLAGS.items():
            behaviour.formulas[(source, name)] = _over_item(of_event)


def _event_key(org: Org, change: Change) -> None:
    """The package writes the key itself; one that a user sends is kept, as any external id."""
    new = change.new
    if new.get("pse__Event_Key__c") is None:
        new["pse__Event_Key__c"] = new["Name"]
    project = org.find("pse__Proj__c", new.get("pse__Project__c"))
    if project is not None and change.old is None and "CurrencyIsoCode" not in change.given:
        new["CurrencyIsoCode"] = project["CurrencyIsoCode"]
    if new["pse__Is_Released__c"] and change.moved("pse__Is_Released__c"):
        new["pse__Status__c"] = "Completed"


def _stamp_items(org: Org, change: Change) -> None:
    """Released: the billed rows are billed. Invoiced: they carry the invoice's number and date."""
    event = change.new
    watched = ("pse__Is_Released__c", "pse__Invoiced__c", "pse__Invoice_Number__c")
    if change.old is None or not any(map(change.moved, (*watched, "pse__Invoice_Date__c"))):
        return
    stamp = {
        "pse__Billed__c": event["pse__Is_Released__c"],
        "pse__Invoiced__c": event["pse__Invoiced__c"],
        "pse__Invoice_Number__c": event["pse__Invoice_Number__c"],
        "pse__Invoice_Date__c": event["pse__Invoice_Date__c"],
    }
    for item in items_of(org, event["Id"]):
        for link, source in _SOURCES:
            if item.get(link):
                org.write_as_package(source, item[link], **stamp)


def items_of(org: Org, event_id: str) -> list[Row]:
    sobject = org.schema.get(ITEM)
    return org.linked(sobject, sobject.fields["pse__Billing_Event__c"], event_id)


def _item_defaults(org: Org, change: Change) -> None:
    new = change.new
    event = org.find(EVENT, new.get("pse__Billing_Event__c"))
    if event is None or change.old is not None:
        return
    if "CurrencyIsoCode" not in change.given:
        new["CurrencyIsoCode"] = event["CurrencyIsoCode"]
    if new.get("pse__Project__c") is None:
        new["pse__Project__c"] = event["pse__Project__c"]


def _claim_once(org: Org, change: Change) -> None:
    for link, source in _SOURCES:
        row = org.find(source, change.new.get(link))
        if row is not None and row["pse__Billing_Event_Item__c"] not in (None, change.record_id):
            raise validation_failed(f"{row['Name']} is already in a billing event.", link)


def _link_source(org: Org, change: Change) -> None:
    for link, source in _SOURCES:
        if change.new.get(link) and change.moved(link):
            org.write_as_package(
                source, change.new[link], pse__Billing_Event_Item__c=change.record_id
            )


def _free_source(org: Org, change: Change) -> None:
    for link, source in _SOURCES:
        if org.find(source, change.new.get(link)) is not None:
            org.write_as_package(source, change.new[link], pse__Billing_Event_Item__c=None)


def _roll_up(org: Org, change: Change) -> None:
    event = org.find(EVENT, change.new.get("pse__Billing_Event__c"))
    if event is not None:
        amounts = (as_decimal(item["pse__Amount__c"]) for item in items_of(org, event["Id"]))
        total = sum(amounts, Decimal(0))
        org.write_as_package(EVENT, event["Id"], pse__Summary_Amount__c=total)


def _of_event(name: str) -> Formula:
    """On the item these are texts, on the event check boxes."""

    def formula(org: Org, row: Row) -> Any:
        event = org.find(EVENT, row.get("pse__Billing_Event__c"))
        return None if event is None else _as_text(event[name])

    return formula


def _over_item(name: str) -> Formula:
    def formula(org: Org, row: Row) -> Any:
        item = org.find(ITEM, row.get("pse__Billing_Event_Item__c"))
        event = None if item is None else org.find(EVENT, item.get("pse__Billing_Event__c"))
        return None if event is None else _as_text(event[name])

    return formula


def _as_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _eligible_work(org: Org, row: Row) -> str:
    return str(bool(row["pse__Billable__c"]) and _is_eligible(org, row)).lower()


def _eligible_milestone(org: Org, row: Row) -> str:
    return str(_is_eligible(org, row)).lower()


def _is_eligible(org: Org, row: Row) -> bool:
    blocked = ("pse__Billing_Hold__c", "pse__Exclude_from_Billing__c", "pse__Billed__c")
    if any(row[name] for name in (*blocked, "pse__Invoiced__c")):
        return False
    if row["pse__Billing_Event_Item__c"] or not row["pse__Include_In_Financials__c"]:
        return False
    project = org.find("pse__Proj__c", row.get("pse__Project__c"))
    if project is None or project["pse__Account__c"] is None:
        return False
    return not project["pse__Exclude_From_Billing__c"]
