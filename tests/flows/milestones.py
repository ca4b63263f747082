"""Milestones as the project office and the client move them, and the terms they are billed by."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, win
from tests.flows.work import contract

from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import FixedFeeTerms
from isthmus.events.envelope import Event
from isthmus.rules.calendar import month_end

SIGNED = {"pse__Status__c": "Approved", "pse__Approved__c": True}
RELEASED = {
    **SIGNED, "pse__Include_In_Financials__c": True, "pse__Approved_for_Billing__c": True,
}  # fmt: skip


async def fixed_fee(firm: Firm, **terms: Any) -> str:
    """A won deal of 12000.00 for Design and 20000.00 for Build; its id."""
    deal = await a_deal(
        firm, await an_account(firm), Billing_Model__c="Fixed",
        lines=[("Design", Decimal(1), Decimal("12000.00"), "2026-07-31"),
               ("Build", Decimal(1), Decimal("20000.00"), "2026-08-31")],
    )  # fmt: skip
    await win(firm, deal)
    agreed = await contract(firm)
    async with firm.app.database.begin() as tx:
        await tx.records.save(agreed.changed(terms=Terms(fixed_fee=FixedFeeTerms(**terms))))
    return deal


async def move(firm: Firm, name: str, **fields: Any) -> None:
    """The PSA says something new of a milestone, and is read."""
    [id] = [m["Id"] for m in firm.org.rows("pse__Milestone__c") if m["Name"] == name]
    await firm.org.update("pse__Milestone__c", id, **fields)
    await firm.read()


async def deliver(firm: Firm, name: str, day: str, **fields: Any) -> None:
    await move(firm, name, pse__Actual_Date__c=day, **fields)


async def sign(firm: Firm, name: str, day: str, **fields: Any) -> None:
    """The client signs, and the project office releases it for billing."""
    await move(firm, name, Accepted_On__c=day, **{**RELEASED, **fields})


async def invoiced(firm: Firm) -> list[tuple[str, list[tuple[str, Decimal]], Decimal]]:
    """(day, lines as description and amount, total before tax) of the ledger's invoices."""
    return [
        (
            row["tranDate"],
            [(n["description"], n["amount"]) for n in row["item"]["items"]],
            row["subtotal"],
        )
        for row in await firm.books.rows("invoice")
    ]


async def months(firm: Firm, *firsts: date) -> None:
    """The ledger opens further calendar months."""
    rows = [
        {"externalId": f"{d:%Y-%m}", "periodName": f"{d:%b %Y}", "startDate": f"{d:%Y-%m}-01",
         "endDate": month_end(d).isoformat()}
        for d in firsts
    ]  # fmt: skip
    await firm.books.control("seed", {"accountingPeriod": rows})
    await firm.read("netsuite")


async def tell_again(firm: Firm, *types: str) -> int:
    """Every event of these types once more, under new ids, as another delivery would have it."""
    told = [row for type in types for row in await firm.events(type)]
    async with firm.app.database.begin() as tx:
        for row in told:
            event = Event(
                type=row["type"], source=row["source"], subject=row["subject"],
                correlation_id=row["correlation_id"], data=row["data"],
            )  # fmt: skip
            await firm.app.outbox.emit(tx, event)
    await firm.settle()
    return len(told)


async def earned(firm: Firm) -> list[tuple[str, str, str, str]]:
    """(day, basis, price, what was billed in advance) of milestones, as they were earned."""
    events = [e["data"] for e in await firm.events("milestone.earned")]
    return [(e["on"], e["basis"], e["amount"], e["billed_in_advance"]) for e in events]
