"""A project under way, and what the ledgers say of its hours."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, log_week, project_of, staff, win

from isthmus.canonical import Contract
from isthmus.engine import hold_actions
from isthmus.flows.contract_to_invoice import request_billing

FIRST, SECOND = "2026-07-06", "2026-07-07"


class Work(NamedTuple):
    """A project under way, with someone on it."""

    firm: Firm
    deal: str
    project: dict[str, Any]
    assignment: str

    async def log(self, hours: list[str], monday: str = FIRST, **values: Any) -> str:
        return await log_week(self.firm, self.project, self.assignment, monday, hours, **values)

    async def set_project(self, **values: Any) -> None:
        await self.firm.org.update("pse__Proj__c", self.project["Id"], **values)

    async def set_assignment(self, **values: Any) -> None:
        await self.firm.org.update("pse__Assignment__c", self.assignment, **values)

    async def phase(self) -> str:
        [id] = [
            p["Id"]
            for p in self.firm.org.rows("pse__Project_Phase__c")
            if p["pse__Project__c"] == self.project["Id"]
        ]
        return str(id)


async def under_way(
    firm: Firm, account: dict[str, Any] | None = None, rate: int = 150, **deal: Any
) -> Work:
    won = await a_deal(firm, await an_account(firm, **(account or {})), **deal)
    await win(firm, won)
    assert await firm.open_holds() == []
    project = project_of(firm, won)
    work = Work(firm, won, project, await staff(firm, project, Decimal(rate)))
    await firm.read()
    return work


async def ledger(firm: Firm) -> list[tuple[str, str, Decimal, int]]:
    """(state, currency, amount, number) of the facts in force."""
    async with firm.app.database.begin() as tx:
        return [(s, c, a, n) for _, s, c, a, n in await tx.ledger.totals()]


async def entries(firm: Firm) -> dict[str, int]:
    async with firm.app.database.begin() as tx:
        return await tx.entries.counts()


async def posted(firm: Firm) -> list[tuple[str, Decimal, Decimal]]:
    """(day, hours, rate) of the ledger's own time records."""
    bills = await firm.books.rows("timeBill")
    return sorted((b["tranDate"], Decimal(b["hours"]), b["rate"]) for b in bills)


async def bill(firm: Firm, up_to: date = date(2026, 7, 31)) -> int:
    """Ask for the invoices of all contracts; the number of contracts with something to bill."""
    asked = await request_billing(firm.app.engine, up_to, "person@firm.example")
    await firm.settle()
    return asked


async def amend(work: Work, **values: Any) -> str:
    """A deal that amends the work's own, won; its id in the CRM."""
    firm = work.firm
    account = firm.org.row("Opportunity", work.deal)["AccountId"]
    deal = await a_deal(
        firm, account, **{"Name": "More of it", "Amends__c": work.deal, "lines": [], **values}
    )
    await win(firm, deal)
    return deal


async def contract(firm: Firm) -> Contract:
    async with firm.app.database.begin() as tx:
        [only] = await tx.records.list(Contract)
    return only


async def replay_all(firm: Firm) -> None:
    for hold in await firm.open_holds():
        await hold_actions.replay_hold(firm.app.engine, hold, "person@firm.example")
    await firm.settle()
