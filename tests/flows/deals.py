"""Deals, projects and hours as people enter them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.firm import Firm

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


async def an_account(firm: Firm, **values: Any) -> str:
    defaults = {
        "Name": "Harbour Works",
        "BillingCountry": "Netherlands",
        "BillingCity": "Rotterdam",
        "CurrencyIsoCode": "EUR",
        "Tax_Registration__c": "NL004495445B01",
        "Payment_Terms__c": "Net 30",
    }
    return await firm.org.seed("Account", **{**defaults, **values})


async def a_deal(firm: Firm, account: str, **values: Any) -> str:
    """An open time-and-materials deal with one line: 100 hours of a Consultant at 150. A line
    with a fifth part, True, changes the price of its role.
    """
    defaults = {
        "Name": "Harbour redesign",
        "AccountId": account,
        "StageName": "Prospecting",
        "CloseDate": "2026-06-30",
        "CurrencyIsoCode": "EUR",
        "Billing_Model__c": "T&M",
        "Contracting_Entity__c": "EA-NL",
        "Delivery_Template__c": "Advisory template",
        "Work_Starts_On__c": "2026-07-01",
        "Work_Ends_On__c": "2026-12-31",
        "Payment_Terms__c": "Net 30",
    }
    fields = {**defaults, **values}
    lines = fields.pop("lines", [("Consultant", Decimal(100), Decimal(150), None)])
    deal = await firm.org.seed("Opportunity", **fields)
    for product, quantity, price, due, *reprices in lines:
        more: dict[str, Any] = {"ServiceDate": due} if due else {}
        more |= {"Reprices_Role__c": any(reprices)}
        await _line(firm, deal, fields["CurrencyIsoCode"], product, quantity, price, more)
    return deal


async def _line(
    firm: Firm,
    deal: str,
    currency: str,
    product: str,
    quantity: Decimal,
    price: Decimal,
    values: dict[str, Any],
) -> None:
    ids = firm.org.ids
    key = f"{product}/{currency}"
    if product not in ids:
        ids[product] = await firm.org.seed("Product2", Name=product, IsActive=True)
    if "book" not in ids:
        books = [b["Id"] for b in firm.org.rows("Pricebook2")]
        ids["book"] = books[0] if books else await firm.org.seed(
            "Pricebook2", Name="Standard", IsActive=True
        )  # fmt: skip
    if key not in ids:
        ids[key] = await firm.org.seed(
            "PricebookEntry", Pricebook2Id=ids["book"], Product2Id=ids[product],
            UnitPrice=price, IsActive=True, CurrencyIsoCode=currency,
        )  # fmt: skip
    await firm.org.update("Opportunity", deal, Pricebook2Id=ids["book"])
    await firm.org.seed(
        "OpportunityLineItem", OpportunityId=deal, PricebookEntryId=ids[key], Quantity=quantity,
        UnitPrice=price, Description=product, **values,
    )  # fmt: skip


async def win(firm: Firm, deal: str) -> None:
    await firm.org.update("Opportunity", deal, StageName="Closed Won")
    await firm.read()


def project_of(firm: Firm, deal: str) -> dict[str, Any]:
    [project] = [p for p in firm.org.rows("pse__Proj__c") if p.get("pse__Opportunity__c") == deal]
    return project


async def staff(
    firm: Firm, project: dict[str, Any], rate: Decimal = Decimal(150), person: str | None = None
) -> str:
    """What the project office does once a project is open: under way, and someone on it."""
    await firm.org.update(
        "pse__Proj__c", project["Id"], pse__Stage__c="In Progress", Profit_Centre__c="PC-A",
        pse__Is_Active__c=True,
    )  # fmt: skip
    schedule = await firm.org.seed(
        "pse__Schedule__c", pse__Start_Date__c="2026-07-01", pse__End_Date__c="2026-12-31",
        **{f"pse__{day}_Hours__c": Decimal(8 if n < 5 else 0) for n, day in enumerate(DAYS)},
    )  # fmt: skip
    return await firm.org.seed(
        "pse__Assignment__c", Name="Consultant One", pse__Project__c=project["Id"],
        pse__Resource__c=person or firm.org.ids["E001"], pse__Role__c="Consultant",
        pse__Schedule__c=schedule, pse__Bill_Rate__c=rate, pse__Is_Billable__c=True,
        CurrencyIsoCode=project["CurrencyIsoCode"],
    )  # fmt: skip


async def log_week(
    firm: Firm,
    project: dict[str, Any],
    assignment: str,
    monday: str,
    hours: list[str],
    *,
    approved: bool = True,
    **values: Any,
) -> str:
    """One weekly timecard; `hours` from Monday on."""
    from datetime import date, timedelta

    start = date.fromisoformat(monday)
    days = {
        f"pse__{day}_Hours__c": Decimal(h) for day, h in zip(DAYS, hours, strict=False) if h != "0"
    }
    state: dict[str, Any] = {"pse__Status__c": "Saved"}
    if approved:
        state = {"pse__Status__c": "Approved", "pse__Submitted__c": True,
                 "pse__Approved__c": True, "pse__Include_In_Financials__c": True}  # fmt: skip
    return await firm.org.seed(
        "pse__Timecard_Header__c",
        **{
            "pse__Resource__c": firm.org.ids["E001"],
            "pse__Project__c": project["Id"],
            "pse__Assignment__c": assignment,
            "pse__Start_Date__c": start.isoformat(),
            "pse__End_Date__c": (start + timedelta(days=6)).isoformat(),
            "pse__Billable__c": True,
            "CurrencyIsoCode": project["CurrencyIsoCode"],
            **days,
            **state,
            **values,
        },
    )


async def edit_card(firm: Firm, card: str, **values: Any) -> None:
    """A change of a timecard that is in financials already, as its administrator may make it."""
    await firm.org.update(
        "pse__Timecard_Header__c", card, pse__Admin_Global_Edit__c=True,
        pse__Audit_Notes__c="corrected by the project office", **values,
    )  # fmt: skip
