"""Section 7: the same flows with a real Tryton as the ledger; nothing but the landscape differs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, log_week, project_of, staff, win
from tests.flows.ledger_tryton import TrytonFirm, a_tryton_firm
from tests.tryton_server.fixtures import require_tryton
from tests.tryton_server.server import TrytonServer, running

from isthmus.demo.tryton_clerk import COMPANIES
from isthmus.flows.contract_to_invoice import request_billing
from isthmus.sandbox.tryton import proxy
from isthmus.store.entries import INVOICED, POSTED

pytestmark = [pytest.mark.anyio, pytest.mark.tryton]

JULY = date(2026, 7, 31)


@pytest.fixture
def books() -> Iterator[TrytonServer]:
    """One of the test's own: numbers and periods of a ledger outlast a test."""
    require_tryton()
    with running(*COMPANIES) as found:
        cost_centre(found, "CC-10")
        yield found


@pytest.fixture
async def firm(books: TrytonServer, database_url: str, tmp_path: Path) -> AsyncIterator[TrytonFirm]:
    async with a_tryton_firm(database_url, tmp_path, books) as made:
        yield made


def cost_centre(server: TrytonServer, code: str) -> None:
    root = server.ids["analytic_root"]
    server.rpc().create(
        "analytic_account.account", name=code, code=code, company=server.ids["company"],
        type="normal", root=root, parent=root, state="opened",
    )  # fmt: skip


async def hours_approved(firm: Firm, **deal: Any) -> str:
    """A deal is won, staffed and worked on for a week: 35.5 hours at 150.00."""
    won = await a_deal(firm, await an_account(firm), **deal)
    await firm.read()
    await win(firm, won)
    assert await firm.holds() == []
    project = project_of(firm, won)
    assignment = await staff(firm, project)
    await log_week(firm, project, assignment, "2026-07-06", ["8", "7.5", "8", "8", "4"])
    await firm.read()
    return won


async def accept(firm: Firm, milestone: str, day: str) -> None:
    """The client signs a milestone off, and the project office releases it."""
    await firm.org.update(
        "pse__Milestone__c", milestone, pse__Status__c="Approved", pse__Approved__c=True,
        pse__Include_In_Financials__c=True, pse__Approved_for_Billing__c=True,
        pse__Actual_Date__c=day,
    )  # fmt: skip
    await firm.read()


async def bill(firm: Firm) -> None:
    assert await request_billing(firm.app.engine, JULY, "person@firm.example") == 1
    await firm.settle()


async def states(firm: Firm) -> dict[str, int]:
    async with firm.app.database.begin() as tx:
        return {state: n for state, n in (await tx.entries.counts()).items() if n}


async def test_a_won_deal_is_paid(firm: TrytonFirm) -> None:
    deal = await hours_approved(firm)
    rpc = firm.tryton.rpc
    [party] = rpc.model("party.party", "search", [["name", "=", "Harbour Works"]])
    identifiers = rpc.model(
        "party.identifier", "search_read", [["party", "=", party], ["type", "=", "eu_vat"]],
        0, None, None, ["code"],
    )  # fmt: skip
    assert [i["code"] for i in identifiers] == ["NL004495445B01"]
    [work] = rpc.model(
        "project.work", "search_read", [["type", "=", "project"]], 0, None, None,
        ["name", "party", "company.party.code"],
    )  # fmt: skip
    assert (work["name"], work["party"]) == ("Harbour redesign", party)
    assert work["company."]["party."]["code"] == "EA-NL"
    assert project_of(firm, deal)["Name"] == "Harbour redesign"
    code = rpc.read("party.party", party, "code")["code"]
    assert firm.org.row("Opportunity", deal)["ERP_Customer_Number__c"] == code

    assert await firm.holds() == []
    assert await states(firm) == {POSTED: 5}
    assert firm.invoices() == []
    await bill(firm)
    assert await firm.holds() == []
    assert await states(firm) == {INVOICED: 5}
    [invoice] = firm.invoices()
    assert (invoice["state"], invoice["invoice_date"]) == ("posted", JULY)
    assert (invoice["untaxed_amount"], invoice["tax_amount"], invoice["total_amount"]) == (
        Decimal("5325.00"), Decimal("1118.25"), Decimal("6443.25"),
    )  # fmt: skip
    assert invoice["party."]["name"] == "Harbour Works"
    assert invoice["company."]["party."]["code"] == "EA-NL"
    assert invoice["move."]["period."]["name"] == "2026-07"
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Total__c"]) == ("posted", Decimal("6443.25"))

    firm.tryton.pay(str(invoice["id"]), Decimal(1000), date(2026, 8, 10))
    await firm.read("tryton")
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Amount_Due__c"]) == ("partially_paid", Decimal("5443.25"))
    firm.tryton.pay(str(invoice["id"]), Decimal("5443.25"), date(2026, 8, 20))
    await firm.read("tryton")
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Amount_Due__c"]) == ("paid", Decimal(0))
    splits = [s for s in firm.org.rows("pse__Timecard__c") if s["pse__Invoiced__c"]]
    assert {s["pse__Invoice_Number__c"] for s in splits} == {invoice["number"]}
    for record in ("customer", "job", "timeBill", "invoice"):
        assert await firm.books.rows(record) == []


async def test_an_invoice_waits_for_its_period(firm: TrytonFirm) -> None:
    await hours_approved(firm)
    firm.period("2026-07", "close")
    await firm.read("tryton")
    await bill(firm)
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("waiting_period", "period_closed", "finance")
    assert (hold.system, hold.period) == ("tryton", "2026-07")
    assert (hold.amount, hold.currency) == (Decimal("5325.00"), "EUR")
    assert firm.invoices() == []
    await firm.wake()
    assert firm.invoices() == []

    firm.period("2026-07", "reopen")
    await firm.read("tryton")
    await firm.wake()
    assert await firm.holds() == []
    [invoice] = firm.invoices()
    assert (invoice["state"], invoice["total_amount"]) == ("posted", Decimal("6443.25"))
    assert invoice["move."]["period."]["name"] == "2026-07"


async def test_hours_of_a_closed_period_wait(firm: TrytonFirm) -> None:
    firm.period("2026-07", "close")
    await hours_approved(firm)
    assert {(h.state, h.period) for h in await firm.open_holds()} == {("waiting_period", "2026-07")}
    assert len(await firm.open_holds()) == 5
    firm.period("2026-07", "reopen")
    await firm.read("tryton")
    await firm.wake()
    assert await firm.holds() == []
    await bill(firm)
    [invoice] = firm.invoices()
    assert invoice["untaxed_amount"] == Decimal("5325.00")


@pytest.mark.parametrize("cut", ["create", "post"])
async def test_a_cut_connection_leaves_one_invoice(
    books: TrytonServer, database_url: str, tmp_path: Path, cut: str
) -> None:
    """Tryton does what it was asked, its answer is lost, and it is out of reach for a while."""
    async with (
        proxy(books.url) as between,
        a_tryton_firm(database_url, tmp_path, books, between.url) as firm,
    ):
        await hours_approved(firm)
        between.cut_at = f"model.account.invoice.{cut}"
        await bill(firm)
        assert between.is_cut
        assert await firm.holds() == [("waiting_system", "unavailable", "integration")]
        [invoice] = firm.invoices()
        assert invoice["state"] == {"create": "draft", "post": "posted"}[cut]

        between.is_cut = False
        await firm.wake()
        assert await firm.holds() == []
        assert between.calls.count("model.account.invoice.create") == 1
        assert between.calls.count("model.res.user.warning.skip") == 1
        assert between.calls.count("model.account.invoice.post") == 2  # before and after that
        [invoice] = firm.invoices()
        assert (invoice["state"], invoice["total_amount"]) == ("posted", Decimal("6443.25"))
        await firm.read("tryton")
        [shown] = firm.org.rows("Isthmus_Invoice__c")
        assert (shown["Status__c"], shown["Total__c"]) == ("posted", Decimal("6443.25"))


async def test_accepted_milestones_are_invoiced(firm: TrytonFirm) -> None:
    """The later one is accepted first: numbers follow dates in Tryton, so the earlier one is
    dated as the later one, and still belongs to its own month. Its tax of 2520.105 is rounded by
    Tryton, to the even cent.
    """
    deal = await a_deal(
        firm, await an_account(firm), Billing_Model__c="Fixed",
        lines=[("Design", Decimal(1), Decimal("12000.50"), "2026-07-31"),
               ("Build", Decimal(1), Decimal("20000.25"), "2026-08-28")],
    )  # fmt: skip
    await firm.read()
    await win(firm, deal)
    assert await firm.holds() == []
    await firm.org.update(
        "pse__Proj__c", project_of(firm, deal)["Id"], pse__Stage__c="In Progress",
        pse__Is_Active__c=True,
    )  # fmt: skip
    milestones = {m["Name"]: m["Id"] for m in firm.org.rows("pse__Milestone__c")}
    for name, day in (("Build", "2026-08-28"), ("Design", "2026-07-30")):
        await accept(firm, milestones[name], day)
    assert await firm.holds() == []
    assert [
        (i["total_amount"], i["invoice_date"], i["accounting_date"], i["move."]["period."]["name"])
        for i in firm.invoices()
    ] == [
        (Decimal("24200.30"), date(2026, 8, 28), None, "2026-08"),
        (Decimal("14520.60"), date(2026, 8, 28), date(2026, 7, 30), "2026-07"),
    ]
    numbers = {i["number"] for i in firm.invoices()}
    assert {m["pse__Invoice_Number__c"] for m in firm.org.rows("pse__Milestone__c")} == numbers
    assert len(numbers) == 2
    assert sorted(i["Total__c"] for i in firm.org.rows("Isthmus_Invoice__c")) == [
        Decimal("14520.60"), Decimal("24200.30"),
    ]  # fmt: skip


async def test_the_ledgers_own_customer_is_linked(firm: TrytonFirm) -> None:
    ids = firm.tryton.ids
    party = firm.tryton.rpc.create(
        "party.party", name="Harbour Works Holland", code="OLD-7",
        identifiers=[["create", [{"type": "eu_vat", "code": "NL004495445B01"}]]],
        addresses=[["create", [{"city": "Rotterdam", "country": ids["country:NL"]}]]],
    )  # fmt: skip
    deal = await hours_approved(firm)
    await bill(firm)
    await firm.read()
    assert await firm.holds() == []
    rpc = firm.tryton.rpc
    assert rpc.count("party.identifier", ["code_compact", "=", "NL004495445B01"]) == 1
    [invoice] = firm.invoices()
    assert invoice["party."]["id"] == party
    assert rpc.read("party.party", party, "code")["code"] == "OLD-7"
    assert firm.org.row("Opportunity", deal)["ERP_Customer_Number__c"] == "OLD-7"
    async with firm.app.database.begin() as tx:
        assert (await tx.records.counts())["customer"] == 1


async def test_each_company_bills_in_its_own_books(firm: TrytonFirm) -> None:
    """Two companies in one database; the American one has periods, numbers and taxes of its own."""
    america = firm.tryton.server.books["EA-US"]
    deal = await a_deal(
        firm,
        await an_account(
            firm, Name="Tumblewick Rail", BillingCountry="United States", BillingCity="Columbus",
            CurrencyIsoCode="USD", Tax_Registration__c="12-3456789",
        ),
        Contracting_Entity__c="EA-US", CurrencyIsoCode="USD", Billing_Model__c="Fixed",
        lines=[("Timetable", Decimal(1), Decimal("9000.10"), "2026-07-31")],
    )  # fmt: skip
    await firm.read()
    await win(firm, deal)
    assert await firm.holds() == []
    await firm.org.update(
        "pse__Proj__c", project_of(firm, deal)["Id"], pse__Stage__c="In Progress",
        pse__Is_Active__c=True,
    )  # fmt: skip
    firm.period("2026-07", "close")
    [milestone] = firm.org.rows("pse__Milestone__c")
    await accept(firm, milestone["Id"], "2026-07-30")
    assert await firm.holds() == []
    [invoice] = firm.invoices()
    assert (invoice["untaxed_amount"], invoice["tax_amount"]) == (Decimal("9000.10"), Decimal(0))
    assert invoice["company."]["party."]["code"] == "EA-US"
    move = firm.tryton.rpc.model(
        "account.invoice", "read", [invoice["id"]], ["move.period"]
    )  # fmt: skip
    assert move[0]["move."]["period"] == america["period:2026-07"]
    [work] = firm.tryton.rpc.model(
        "project.work", "search_read", [["type", "=", "project"]], 0, None, None,
        ["company.party.code"],
    )  # fmt: skip
    assert work["company."]["party."]["code"] == "EA-US"
