"""Expenses as people enter them, and what Isthmus knows of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.firm import Firm
from tests.flows.work import Work

from isthmus.canonical import Contract
from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import ExpenseTerms
from isthmus.engine import History, steps_of
from isthmus.store.fact_rows import FactRow

REPORT, LINE = "pse__Expense_Report__c", "pse__Expense__c"
APPROVED = {
    "pse__Status__c": "Approved", "pse__Submitted__c": True, "pse__Approved__c": True,
    "pse__Include_In_Financials__c": True,
}  # fmt: skip
TAKEN_BACK = {
    "pse__Status__c": "Rejected", "pse__Approved__c": False,
    "pse__Include_In_Financials__c": False,
}  # fmt: skip
ADMIN = {"pse__Admin_Global_Edit__c": True, "pse__Audit_Notes__c": "corrected by the office"}


async def a_report(work: Work, **values: Any) -> str:
    return await work.firm.org.seed(
        REPORT,
        **{
            "Name": "July", "pse__Resource__c": work.firm.org.ids["E001"],
            "pse__Project__c": work.project["Id"], "pse__Assignment__c": work.assignment,
            "pse__Status__c": "Draft", "CurrencyIsoCode": work.project["CurrencyIsoCode"],
            **values,
        },
    )  # fmt: skip


async def add_line(work: Work, report: str, amount: str, day: str, **values: Any) -> str:
    return await work.firm.org.seed(
        LINE,
        **{
            "pse__Expense_Report__c": report, "pse__Type__c": "Taxi",
            "pse__Amount__c": Decimal(amount), "pse__Expense_Date__c": day,
            "pse__Billable__c": True, "CurrencyIsoCode": work.project["CurrencyIsoCode"],
            **values,
        },
    )  # fmt: skip


async def approve(work: Work, report: str) -> None:
    await work.firm.org.update(REPORT, report, **APPROVED)


async def spend(work: Work, amount: str, day: str = "2026-07-06", **values: Any) -> str:
    """An expense on a report of its own, approved; its line's id."""
    report = await a_report(work)
    line = await add_line(work, report, amount, day, **values)
    await approve(work, report)
    return line


async def edit_line(work: Work, line: str, **values: Any) -> None:
    """A change of what is in financials already, as its administrator may make it."""
    await work.firm.org.update(LINE, line, **ADMIN, **values)


async def unapprove(work: Work, line: str) -> None:
    report = work.firm.org.row(LINE, line)["pse__Expense_Report__c"]
    await work.firm.org.update(REPORT, report, **ADMIN, **TAKEN_BACK)


async def agree(firm: Firm, **terms: Any) -> None:
    """The one contract of the firm says this of expenses."""
    async with firm.app.database.begin() as tx:
        [contract] = await tx.records.list(Contract)
        said = Terms(expenses=ExpenseTerms(**terms))
        await tx.records.save(contract.changed(terms=said.model_dump()))


async def expenses(firm: Firm) -> dict[str, int]:
    async with firm.app.database.begin() as tx:
        return await tx.expenses.counts()


async def facts(firm: Firm) -> list[FactRow]:
    """Everything ever rated for expenses, reversals too."""
    async with firm.app.database.begin() as tx:
        return [f for f in await tx.ledger._select() if f.source_kind == "expense_entry"]


async def said(firm: Firm, step: str) -> Any:
    """The result of a step in the latest run of the flow."""
    history = History(firm.app.database.url)
    async with firm.app.database.begin() as tx:
        latest = (await tx.runs.list(flow="expense_to_finance"))[0]
    found = {s.name: s.output for s in await steps_of(history, latest.id)}
    await history.close()
    return found[step]
