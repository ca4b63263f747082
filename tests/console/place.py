"""A firm with something to look at: five hours in a phase that is over, a deal without terms, and
sixty hours that no rate card prices. What was unbilled four weeks ago and today was kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, edit_card, win
from tests.flows.work import FIRST, Work, under_way

from isthmus.holds.triage import triage
from isthmus.kit.clock import utc_now
from isthmus.observe.kpis import Figures
from isthmus.store.holds import NewHold

RECONCILED = """\
reconciliations:
  time: {promise: time, connections: [certinia, netsuite], grace: none, months: 12,
         signatures: [finance]}
"""


@asynccontextmanager
async def a_place(database_url: str, folder: Path) -> AsyncIterator[tuple[Firm, Work]]:
    async with a_firm(database_url, folder, more=RECONCILED) as firm:
        work = await under_way(firm)
        await work.log(["8", "5"])
        await _over_on(work, FIRST)
        await firm.read()
        deal = await a_deal(firm, await an_account(firm, Name="Quay Stores"),
                            Name="Quay refit", Billing_Model__c=None)  # fmt: skip
        await win(firm, deal)
        await _unpriced(firm, 60)
        await triage(firm.app.engine, utc_now())
        await _four_weeks(firm)
        yield firm, work


async def _over_on(work: Work, day: str) -> None:
    """The phase of the hours ends; another one, Build, goes on."""
    org, phase = work.firm.org, await work.phase()
    await org.update("pse__Project_Phase__c", phase, pse__End_Date__c=day)
    await org.seed(
        "pse__Project_Phase__c", Name="Build", pse__Project__c=work.project["Id"],
        pse__Start_Date__c="2026-07-07", pse__End_Date__c="2026-12-31",
    )  # fmt: skip
    for card in org.rows("pse__Timecard_Header__c"):
        await edit_card(work.firm, card["Id"], pse__Project_Phase_Object__c=phase)


async def _unpriced(firm: Firm, number: int) -> None:
    """Of two clients in turn, each for one euro more than the one before."""
    async with firm.app.database.begin() as tx:
        await tx.holds.open_many(
            [
                NewHold(
                    key=f"unpriced:{n}", state="held", code="rate_outdated", owner="finance",
                    reason=f"no rate for Writer on day {n}", fix="Extend the rate card.",
                    flow="time_to_invoice", customer=f"Client {n % 2}", amount=Decimal(100 + n),
                    currency="USD",
                )
                for n in range(number)
            ]
        )  # fmt: skip


async def _four_weeks(firm: Firm) -> None:
    today = Figures(firm.app.landscape).today
    kept = ((27, "", 1500), (20, "", 1650), (19, "", 1650), (0, "", 1200), (27, "EA-NL", 700),
            (0, "EA-NL", 800))  # fmt: skip
    async with firm.app.database.begin() as tx:
        for days, company, value in kept:
            await tx.measures.keep(
                "unbilled_approved_time", company, today - timedelta(days), {"EUR": Decimal(value)}
            )
