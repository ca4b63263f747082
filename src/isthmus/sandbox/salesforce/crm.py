"""What the standard sales objects do beyond their schema."""

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from isthmus.sandbox.rows import Row
from isthmus.sandbox.salesforce.change import Behaviour, Change
from isthmus.sandbox.salesforce.errors import SalesforceError
from isthmus.sandbox.salesforce.org import Org
from isthmus.sandbox.salesforce.values import as_decimal, bad_picklist_value

CENT = Decimal("0.01")
STAGES = (
    ("Prospecting", 10, "Pipeline", False, False),
    ("Qualification", 10, "Pipeline", False, False),
    ("Needs Analysis", 20, "Pipeline", False, False),
    ("Value Proposition", 50, "Pipeline", False, False),
    ("Id. Decision Makers", 60, "Pipeline", False, False),
    ("Perception Analysis", 70, "Pipeline", False, False),
    ("Proposal/Price Quote", 75, "Pipeline", False, False),
    ("Negotiation/Review", 90, "Pipeline", False, False),
    ("Closed Won", 100, "Closed", True, True),
    ("Closed Lost", 0, "Omitted", True, False),
)
_CONTRACT_CODES = {"Draft": "Draft", "In Approval Process": "InApproval", "Activated": "Activated"}


def install(behaviour: Behaviour) -> None:
    behaviour.before |= {
        "Contact": [_full_name],
        "User": [_full_name],
        "Opportunity": [_follow_stage, _fiscal_period],
        "OpportunityLineItem": [_price_line],
        "PricebookEntry": [_copy_product],
        "Contract": [_contract_dates],
    }
    behaviour.after["OpportunityLineItem"] = [_roll_up]
    behaviour.after_delete["OpportunityLineItem"] = [_roll_up]


def stage_rows() -> list[Row]:
    return [
        {
            "MasterLabel": label,
            "ApiName": label,
            "IsActive": True,
            "SortOrder": position,
            "DefaultProbability": probability,
            "ForecastCategory": forecast,
            "ForecastCategoryName": forecast,
            "IsClosed": closed,
            "IsWon": won,
        }
        for position, (label, probability, forecast, closed, won) in enumerate(STAGES, 1)
    ]


def _full_name(org: Org, change: Change) -> None:
    first, last = change.new.get("FirstName"), change.new.get("LastName")
    change.new["Name"] = " ".join(part for part in (first, last) if part) or None


def _follow_stage(org: Org, change: Change) -> None:
    """Closed and won come from the stage's row; labels are each firm's own."""
    new = change.new
    if change.old and change.old["HasOpportunityLineItem"] and change.writer.kind != "package":
        new["Amount"] = change.old["Amount"]
    if not change.moved("StageName") or new.get("StageName") is None:
        return
    stage = _stage(org, new["StageName"])
    if stage is None:
        field = change.sobject.fields["StageName"]
        raise bad_picklist_value(field, new["StageName"])
    new["IsClosed"], new["IsWon"] = stage["IsClosed"], stage["IsWon"]
    new["ForecastCategory"] = stage["ForecastCategory"]
    if "ForecastCategoryName" not in change.given:
        new["ForecastCategoryName"] = stage["ForecastCategoryName"]
    if "Probability" not in change.given:
        new["Probability"] = stage["DefaultProbability"]


def _stage(org: Org, label: str) -> Row | None:
    rows = (row for row in org.live("OpportunityStage") if row["IsActive"])
    return next((row for row in rows if label in (row["ApiName"], row["MasterLabel"])), None)


def _fiscal_period(org: Org, change: Change) -> None:
    if change.new.get("CloseDate"):
        closes_on = date.fromisoformat(change.new["CloseDate"])
        change.new["FiscalYear"] = Decimal(closes_on.year)
        change.new["FiscalQuarter"] = Decimal((closes_on.month + 2) // 3)


def _price_line(org: Org, change: Change) -> None:
    new = change.new
    opportunity = org.find("Opportunity", new.get("OpportunityId"))
    entry = org.find("PricebookEntry", new.get("PricebookEntryId"))
    if opportunity is None:
        return
    new["CurrencyIsoCode"] = opportunity["CurrencyIsoCode"]
    if change.old is None:
        entry = entry or _entry_of_product(org, opportunity, new.get("Product2Id"))
        _check_entry(opportunity, entry)
    if entry is not None:
        _copy_entry(new, entry)
    if new.get("Quantity"):
        _total(change)


def _entry_of_product(org: Org, opportunity: Row, product_id: str | None) -> Row | None:
    wanted = (product_id, opportunity["Pricebook2Id"], opportunity["CurrencyIsoCode"])
    for row in org.live("PricebookEntry"):
        if (row["Product2Id"], row["Pricebook2Id"], row["CurrencyIsoCode"]) == wanted:
            return row
    return None


def _check_entry(opportunity: Row, entry: Row | None) -> None:
    if entry is None:
        raise SalesforceError(
            "REQUIRED_FIELD_MISSING",
            "Required fields are missing: [PricebookEntryId]",
            ["PricebookEntryId"],
        )
    if opportunity["Pricebook2Id"] != entry["Pricebook2Id"]:
        raise _bad_entry("pricebook entry is not in the opportunity's price book")
    if opportunity["CurrencyIsoCode"] != entry["CurrencyIsoCode"]:
        raise _bad_entry("pricebook entry currency code does not match opportunity currency code")


def _bad_entry(reason: str) -> SalesforceError:
    return SalesforceError(
        "FIELD_INTEGRITY_EXCEPTION",
        f"field integrity exception: PricebookEntryId ({reason})",
        ["PricebookEntryId"],
    )


def _copy_entry(new: Row, entry: Row) -> None:
    new["PricebookEntryId"] = entry["Id"]
    new["Product2Id"] = entry["Product2Id"]
    new["Name"], new["ProductCode"] = entry["Name"], entry["ProductCode"]
    new["ListPrice"] = entry["UnitPrice"]
    if new.get("UnitPrice") is None and new.get("TotalPrice") is None:
        new["UnitPrice"] = entry["UnitPrice"]


def _total(change: Change) -> None:
    """The price counts; a total alone gives the price."""
    new = change.new
    if "TotalPrice" in change.given and "UnitPrice" not in change.given:
        new["UnitPrice"] = _cents(as_decimal(new["TotalPrice"]) / new["Quantity"])
    else:
        new["TotalPrice"] = _cents(as_decimal(new.get("UnitPrice")) * new["Quantity"])


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _roll_up(org: Org, change: Change) -> None:
    """The deal's amount is the sum of its lines as long as it has any."""
    child = change.sobject
    link = child.fields["OpportunityId"]
    opportunity = org.find("Opportunity", change.new["OpportunityId"])
    if opportunity is None:
        return
    lines = org.linked(child, link, opportunity["Id"])
    rolled: Row = {"HasOpportunityLineItem": bool(lines)}
    if lines:
        rolled["Amount"] = sum((as_decimal(line["TotalPrice"]) for line in lines), Decimal(0))
    org.write_as_package("Opportunity", opportunity["Id"], **rolled)


def _copy_product(org: Org, change: Change) -> None:
    product = org.find("Product2", change.new.get("Product2Id"))
    if product is not None:
        change.new["Name"], change.new["ProductCode"] = product["Name"], product["ProductCode"]


def _contract_dates(org: Org, change: Change) -> None:
    new = change.new
    new["StatusCode"] = _CONTRACT_CODES.get(new.get("Status") or "Draft")
    if new.get("StartDate") and new.get("ContractTerm"):
        starts_on = date.fromisoformat(new["StartDate"])
        new["EndDate"] = (_months_later(starts_on, int(new["ContractTerm"]))).isoformat()


def _months_later(day: date, months: int) -> date:
    """The last day of a term: one day before the same day so many months on."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) - timedelta(days=1)
