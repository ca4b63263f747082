"""kill -9 before and after every step of every flow: exactly one of everything remains."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, log_week, project_of, staff
from tests.flows.expenses import spend
from tests.flows.test_intercompany import CHART, NUMBERS, policies
from tests.flows.work import Work

from isthmus.canonical import Invoice, Resource
from isthmus.flows.contract_to_invoice import request_billing
from isthmus.flows.credit_request import CreditRequest, request_credit
from isthmus.flows.intercompany import request_intercompany
from isthmus.kit.money import Money
from isthmus.store.event_tables import event

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(280)]
WORKER = Path(__file__).with_name("worker.py")
COST = "{from: EA-US, to: EA-NL, method: cost}"


STEPS = {
    "opportunity_to_project": (
        "validate_deal", "ensure_customer", "open_contract", "open_project", "set_controls",
        "plan_billing", "publish_demand", "open_ledger_project", "set_billing_schedule",
        "tell_delivery_and_finance", "return_identifiers",
    ),
    "customer_sync": ("targets", "update_customer"),
    "time_to_invoice": ("rate_batch", "post_batch"),
    "contract_to_invoice": ("draft_invoice", "post_invoice", "settle_invoice"),
    "invoice_status_to_crm": ("update_crm",),
    "invoice_number_to_psa": ("mark_entries", "mark_milestones", "mark_expenses"),
}  # fmt: skip
AROUND = (
    "validate_deal", "open_contract", "set_controls", "plan_billing", "publish_demand",
    "set_billing_schedule", "tell_delivery_and_finance", "targets", "update_customer",
    "settle_invoice", "update_crm", "mark_milestones", "mark_expenses",
)  # fmt: skip
"""Steps that send nothing to a ledger, or what another one sends too."""
ALL = {step for steps in STEPS.values() for step in steps}
TELLING = {"open_contract", "tell_delivery_and_finance", "settle_invoice"}
"""Steps that say what was done, to whoever waits for it."""


def moments(flows: Mapping[str, Iterable[str]]) -> set[str]:
    return {
        f"{flow}.{step} {moment}"
        for flow, steps in flows.items()
        for step in steps
        for moment in ("before", "after")
    }


@asynccontextmanager
async def mortal_workers(firm: Firm, url: str, deaths: Path) -> AsyncIterator[None]:
    """Workers that die at every step, one after another; they end by nothing but their own hand."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(WORKER), str(firm.landscape_path), url, str(deaths),
        env={**os.environ, **firm.environment}, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield
        assert process.returncode is None, "a worker ended otherwise than by its own hand"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def settled(firm: Firm) -> None:
    await firm.settle(seconds=250)
    assert await firm.holds() == []
    assert await told_twice(firm) == []


async def told_twice(firm: Firm) -> list[tuple[str, str]]:
    """Type and subject of events that a repeated step has told again."""
    named = event.c.type, event.c.subject
    same = sa.select(*named).group_by(*named, event.c.causation_id, event.c.data)
    async with firm.app.database.begin() as tx:
        rows = await tx.connection.execute(same.having(sa.func.count() > 1))
        return [(type, subject) for type, subject in rows]


@pytest.mark.parametrize(
    "spared",
    [
        pytest.param(set(), id="all", marks=pytest.mark.slow),
        pytest.param({"before", *AROUND}, id="after writing"),
        pytest.param({"before", *ALL} - {"rate_batch"}, id="after rating"),
        pytest.param({"before", *ALL} - TELLING, id="after telling"),
    ],
)
async def test_a_deal_and_its_hours_survive_every_death(
    database_url: str, tmp_path: Path, spared: set[str]
) -> None:
    """`spared`: before or after, and names of steps, of which no worker dies. A death at one step
    alone is another test: the next one would make up for what is forgotten after the first.
    """
    deaths = tmp_path / "deaths"
    survived = {moment for moment in moments(STEPS) if spared & set(re.split("[. ]", moment))}
    deaths.write_text("".join(f"{moment}\n" for moment in survived))
    async with (
        a_firm(database_url, tmp_path, works=False) as firm,
        mortal_workers(firm, database_url, deaths),
    ):
        deal = await a_deal(firm, await an_account(firm))
        await firm.org.update("Opportunity", deal, StageName="Closed Won")
        await firm.app.read()
        await settled(firm)
        assert [c["companyName"] for c in await firm.books.rows("customer")] == ["Harbour Works"]
        project = project_of(firm, deal)
        assert len(firm.org.rows("pse__Proj__c")) == 2, "the template and one project"
        assert len(firm.org.rows("pse__Project_Phase__c")) == 2, "the template's and its copy"
        assert len(firm.org.rows("pse__Resource_Request__c")) == 1
        assert len(await firm.books.rows("job")) == 1

        assignment = await staff(firm, project)
        await log_week(firm, project, assignment, "2026-07-06", ["8", "8", "8", "8", "8"])
        await firm.app.read()
        await settled(firm)
        bills = await firm.books.rows("timeBill")
        assert sum(Decimal(b["hours"]) for b in bills) == 40
        assert len(bills) == 5

        await request_billing(firm.app.engine, date(2026, 7, 31), "person@firm.example")
        await settled(firm)
        [invoice] = await firm.books.rows("invoice")
        assert invoice["subtotal"] == Decimal("6000.00")
        [shown] = firm.org.rows("Isthmus_Invoice__c")
        assert shown["Total__c"] == Decimal("7260.00")
        async with firm.app.database.begin() as tx:
            assert await tx.ledger.totals() == [
                ("time_entry", "invoiced", "EUR", Decimal("6000.00"), 5)
            ]
    assert set(deaths.read_text().splitlines()) == moments(STEPS)


@pytest.mark.slow
async def test_a_milestone_is_billed_once_through_every_death(
    database_url: str, tmp_path: Path
) -> None:
    deaths = tmp_path / "deaths"
    deaths.touch()
    async with (
        a_firm(database_url, tmp_path, works=False) as firm,
        mortal_workers(firm, database_url, deaths),
    ):
        account = await an_account(firm)
        deal = await a_deal(
            firm, account, Name="Harbour survey", Billing_Model__c="Fixed",
            lines=[("Report", Decimal(1), Decimal(12000), "2026-07-31"),
                   ("Workshop", Decimal(1), Decimal(8000), "2026-08-31")],
        )  # fmt: skip
        await firm.org.update("Opportunity", deal, StageName="Closed Won")
        await firm.app.read()
        await settled(firm)
        milestones = firm.org.rows("pse__Milestone__c")
        assert sorted(m["pse__Milestone_Amount__c"] for m in milestones) == [8000, 12000]
        [report] = [m for m in milestones if m["Name"] == "Report"]
        await firm.org.update(
            "pse__Milestone__c", report["Id"], pse__Status__c="Approved", pse__Approved__c=True,
            pse__Include_In_Financials__c=True, pse__Approved_for_Billing__c=True,
            pse__Actual_Date__c="2026-07-20",
        )  # fmt: skip
        await firm.app.read()
        await settled(firm)
        [invoice] = await firm.books.rows("invoice")
        assert invoice["subtotal"] == Decimal("12000.00")
        assert len(firm.org.rows("Isthmus_Invoice__c")) == 1
        [billed] = [m for m in firm.org.rows("pse__Milestone__c") if m.get("pse__Invoiced__c")]
        assert (billed["Name"], billed["pse__Invoice_Number__c"]) == ("Report", invoice["tranId"])
    died = {line.partition(".")[0] for line in deaths.read_text().splitlines()}
    assert {"opportunity_to_project", "milestone_to_invoice", "contract_to_invoice"} <= died


@pytest.mark.slow
async def test_a_credit_and_a_charge_survive_every_death(database_url: str, tmp_path: Path) -> None:
    deaths = tmp_path / "deaths"
    deaths.write_text("".join(f"{moment}\n" for moment in moments(STEPS)))
    async with (
        a_firm(database_url, tmp_path, works=False, more=policies(COST), accounts=NUMBERS) as firm,
        mortal_workers(firm, database_url, deaths),
    ):
        await firm.books.control("seed", CHART)
        deal = await a_deal(firm, await an_account(firm))
        await firm.org.update("Opportunity", deal, StageName="Closed Won")
        await firm.app.read()
        await settled(firm)
        async with firm.app.database.begin() as tx:
            for person in await tx.records.list(Resource):
                own = {"legal_entity": "EA-US", "cost_rate": Money.of("90.00", "USD")}
                await tx.records.save(person.changed(**own))
        assignment = await staff(firm, project_of(firm, deal))
        await log_week(firm, project_of(firm, deal), assignment, "2026-07-06", ["8", "8"])
        await firm.app.read()
        await settled(firm)
        assert await request_intercompany(firm.app.engine, date(2026, 7, 31)) == 1
        await request_billing(firm.app.engine, date(2026, 7, 31), "person@firm.example")
        await settled(firm)
        entries = await firm.books.rows("journalEntry")
        assert [e["line"]["items"][0]["debit"] for e in entries] == [Decimal("1440.00")] * 2

        async with firm.app.database.begin() as tx:
            [invoice] = await tx.records.list(Invoice)
        request = CreditRequest("Not agreed", date(2026, 8, 5), rebill=True)
        assert await request_credit(firm.app.engine, invoice.id, request) == Money.of(2400, "EUR")
        await settled(firm)
        [memo] = await firm.books.rows("creditMemo")
        assert (memo["total"], memo["unapplied"]) == (Decimal("2904.00"), Decimal(0))
        async with firm.app.database.begin() as tx:
            assert await tx.ledger.totals() == [
                ("time_entry", "posted", "EUR", Decimal("2400.00"), 2)
            ]
        assert {s["pse__Invoiced__c"] for s in firm.org.rows("pse__Timecard__c")} == {False}
    died = set(deaths.read_text().splitlines())
    assert died >= {
        f"{flow}.{step} {moment}"
        for flow, steps in CORRECTIONS.items()
        for step in steps
        for moment in ("before", "after")
    }


CORRECTIONS = {
    "credit_memo": (
        "draft_credit",
        "post_credit",
        "release_credited",
        "read_again",
        "take_back_marks",
    ),
    "intercompany": ("draft_transfers", "post_performing", "post_contracting"),
}


@pytest.mark.slow
async def test_an_amendment_is_written_once_through_every_death(
    database_url: str, tmp_path: Path
) -> None:
    deaths = tmp_path / "deaths"
    deaths.touch()
    async with (
        a_firm(database_url, tmp_path, works=False) as firm,
        mortal_workers(firm, database_url, deaths),
    ):
        account = await an_account(firm)
        deal = await a_deal(firm, account)
        await firm.org.update("Opportunity", deal, StageName="Closed Won")
        await firm.app.read()
        await settled(firm)
        project = project_of(firm, deal)
        await log_week(firm, project, await staff(firm, project), "2026-07-06", ["8"])
        await firm.app.read()
        await settled(firm)
        more = await a_deal(
            firm, account, Name="More of it", Amends__c=deal, Work_Starts_On__c="2026-07-01",
            lines=[("Consultant", Decimal(20), Decimal(165), None, True)],
        )  # fmt: skip
        await firm.org.update("Opportunity", more, StageName="Closed Won")
        await firm.app.read()
        await settled(firm)
        assert sorted(b["pse__Amount__c"] for b in firm.org.rows("pse__Budget__c")) == [3300, 15000]
        agreed = [c for c in firm.org.rows("pse__Rate_Card__c") if c["Project__c"]]
        assert [c["pse__Suggested_Bill_Rate__c"] for c in agreed] == [165]
        assert len(firm.org.rows("pse__Resource_Request__c")) == 2
        async with firm.app.database.begin() as tx:
            assert await tx.ledger.totals() == [
                ("time_entry", "posted", "EUR", Decimal("1320.00"), 1)
            ]
    died = {line.split()[0] for line in deaths.read_text().splitlines()}
    amended = {name for name in died if name.startswith("contract_amendment.")}
    assert amended == {f"contract_amendment.{step}" for step in AMENDED}


AMENDED = (
    "amend_contract", "set_controls", "extend_project", "plan_added_work", "set_prices",
    "set_assignment_rates", "extend_ledger_project", "set_billing_schedule", "reprice_work",
    "tell_alignment", "return_status",
)  # fmt: skip


@pytest.mark.slow
async def test_an_expense_is_billed_once_through_every_death(
    database_url: str, tmp_path: Path
) -> None:
    """The workers die in the flow of expenses only: the others' deaths are counted above."""
    deaths = tmp_path / "deaths"
    deaths.write_text("".join(f"{moment}\n" for moment in moments(STEPS)))
    async with (
        a_firm(database_url, tmp_path, works=False) as firm,
        mortal_workers(firm, database_url, deaths),
    ):
        deal = await a_deal(firm, await an_account(firm))
        await firm.org.update("Opportunity", deal, StageName="Closed Won")
        await firm.app.read()
        await settled(firm)
        project = project_of(firm, deal)
        work = Work(firm, deal, project, await staff(firm, project))
        line, own = await spend(work, "121.00"), await spend(work, "15.00", pse__Billable__c=False)
        await firm.app.read()
        await settled(firm)
        await request_billing(firm.app.engine, date(2026, 7, 31), "person@firm.example")
        await settled(firm)
        [invoice] = await firm.books.rows("invoice")
        assert [n["amount"] for n in invoice["item"]["items"]] == [Decimal("121.00")]
        assert firm.org.row("pse__Expense__c", line)["pse__Invoice_Number__c"] == invoice["tranId"]
        assert firm.org.row("pse__Expense__c", own)["pse__Invoiced__c"] is False
        async with firm.app.database.begin() as tx:
            assert await tx.ledger.totals() == [
                ("expense_entry", "invoiced", "EUR", Decimal("121.00"), 1)
            ]
    assert set(deaths.read_text().splitlines()) == moments({**STEPS, **OF_EXPENSES})


OF_EXPENSES = {"expense_to_finance": ("rate_expenses", "post_expenses", "take_back_costs")}
