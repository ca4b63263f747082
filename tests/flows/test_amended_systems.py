"""C6: what a change sold in the CRM does to the PSA, the ledger and to work already done."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.firm import Firm, a_firm
from tests.flows.deals import a_deal, an_account, project_of, win
from tests.flows.work import Work, amend, bill, contract, entries, ledger, posted, under_way

from isthmus.flows.amendment_effective import amendments_when_due
from isthmus.flows.explain import explain_invoice
from isthmus.kit.clock import utc_now

pytestmark = pytest.mark.anyio
DEARER = [("Consultant", Decimal(20), Decimal(165), None, True)]
FAR = "2099-12-31"


def budgets(firm: Firm) -> list[tuple[str, str, Decimal, str]]:
    """(type, day, amount, status)."""
    return sorted(
        (b["pse__Type__c"], b["pse__Effective_Date__c"], b["pse__Amount__c"], b["pse__Status__c"])
        for b in firm.org.rows("pse__Budget__c")
    )


def booked(firm: Firm, work: Work) -> Decimal:
    amount: Decimal = firm.org.row("pse__Proj__c", work.project["Id"])["pse__Bookings__c"]
    return amount


def cards(firm: Firm, work: Work) -> list[tuple[Decimal, str, str | None]]:
    """(rate, first day, last day) of the project's own rate cards."""
    return sorted(
        (c["pse__Suggested_Bill_Rate__c"], c["pse__Start_Date__c"], c["pse__End_Date__c"])
        for c in firm.org.rows("pse__Rate_Card__c")
        if c["Project__c"] == work.project["Id"]
    )


def rate_of(firm: Firm, work: Work) -> Decimal:
    rate: Decimal = firm.org.row("pse__Assignment__c", work.assignment)["pse__Bill_Rate__c"]
    return rate


async def staffed_for_long(firm: Firm) -> None:
    [schedule] = firm.org.rows("pse__Schedule__c")
    await firm.org.update("pse__Schedule__c", schedule["Id"], pse__End_Date__c=FAR)
    await firm.read()


async def aligned(firm: Firm) -> dict[str, Any]:
    [event] = await firm.events("contract.aligned")
    data: dict[str, Any] = event["data"]
    return data


@pytest.mark.slow
async def test_a_price_from_a_day_on_makes_two_lines(firm: Firm) -> None:
    """The week's timecard carries one rate of the PSA; each day has the price of its day."""
    work = await under_way(firm)
    await amend(work, lines=DEARER, Work_Starts_On__c="2026-07-08")
    assert await firm.open_holds() == []
    assert cards(firm, work) == [(Decimal(165), "2026-07-08", None)]
    assert budgets(firm) == [
        ("Customer Purchase Order", "2026-07-01", Decimal(15000), "Approved"),
        ("Customer Purchase Order Change Request", "2026-07-08", Decimal(3300), "Approved"),
    ]
    assert booked(firm, work) == Decimal(18300)
    hours = [r["pse__SOW_Hours__c"] for r in firm.org.rows("pse__Resource_Request__c")]
    assert sorted(hours) == [20, 100]

    await work.log(["8", "8", "8", "4"], pse__Bill_Rate__c=Decimal(150))
    await firm.read()
    assert await firm.open_holds() == []
    await bill(firm)
    [invoice] = await firm.books.rows("invoice")
    lines = [(n["quantity"], n["rate"], n["amount"]) for n in invoice["item"]["items"]]
    assert lines == [
        (Decimal(16), Decimal(150), Decimal(2400)), (Decimal(12), Decimal(165), Decimal(1980)),
    ]  # fmt: skip

    [told] = [e["data"] for e in await firm.events("contract.amended")]
    assert (told["before"], told["after"]) == (
        {"value": "15,000.00 EUR", "cap": None, "ends_on": "2026-12-31",
         "prices": {"Consultant": "150.00 EUR"}, "instalments": []},
        {"value": "18,300.00 EUR", "cap": None, "ends_on": "2026-12-31",
         "prices": {"Consultant": "165.00 EUR"}, "instalments": []},
    )  # fmt: skip
    [sent] = await firm.events("invoice.posted")
    async with firm.app.database.begin() as tx:
        explained = await explain_invoice(tx, sent["subject"])
    assert explained.contract is not None
    assert [str(p.rate) for a in explained.contract.amendments for p in a.prices] == ["165.00 EUR"]


@pytest.mark.slow
async def test_an_agreed_price_of_the_past_reaches_the_assignment_at_once(firm: Firm) -> None:
    work = await under_way(firm, Work_Starts_On__c="2020-01-01")
    await staffed_for_long(firm)
    await amend(work, lines=DEARER, Work_Starts_On__c="2020-02-01", Work_Ends_On__c="2027-06-30")
    assert rate_of(firm, work) == Decimal(165)
    assert firm.org.row("pse__Proj__c", work.project["Id"])["pse__End_Date__c"] == "2027-06-30"
    [job] = await firm.books.rows("job")
    assert job["scheduledEndDate"] == "2027-06-30"


@pytest.mark.slow
async def test_an_agreed_price_of_a_later_day_waits_for_it(firm: Firm) -> None:
    work = await under_way(firm, Work_Ends_On__c=FAR)
    await staffed_for_long(firm)
    await amend(work, lines=DEARER, Work_Starts_On__c="2090-08-02", Work_Ends_On__c=FAR)
    assert rate_of(firm, work) == Decimal(150)
    engine = firm.app.engine
    assert await amendments_when_due(engine, datetime(2090, 8, 1, 23, tzinfo=UTC)) == 0
    assert await amendments_when_due(engine, datetime(2090, 8, 3, 1, tzinfo=UTC)) == 1
    await firm.settle()
    assert rate_of(firm, work) == Decimal(165)
    assert await amendments_when_due(engine, datetime(2090, 8, 3, 2, tzinfo=UTC)) == 0
    assert await amendments_when_due(engine, datetime(2090, 8, 4, 2, tzinfo=UTC)) == 0
    assert await firm.runs("amendment_effective") == [("succeeded", 1)]


@pytest.mark.slow
async def test_more_of_a_fixed_fee_is_a_milestone_a_schedule_and_an_invoice(firm: Firm) -> None:
    account = await an_account(firm)
    first = await a_deal(
        firm, account, Billing_Model__c="Fixed",
        lines=[("Report", Decimal(1), Decimal(12000), "2026-07-31"),
               ("Workshop", Decimal(1), Decimal(8000), "2026-08-31")],
    )  # fmt: skip
    await win(firm, first)
    work = Work(firm, first, project_of(firm, first), "")
    await amend(
        work, Billing_Model__c=None,
        lines=[("Training", Decimal(1), Decimal(5000), "2026-08-15")],
    )  # fmt: skip
    assert await firm.open_holds() == []
    [schedule] = await firm.books.rows("billingSchedule")
    assert [(n["recurrenceDate"], n["amount"]) for n in schedule["recurrence"]["items"]] == [
        ("2026-07-31", Decimal(12000)), ("2026-08-31", Decimal(8000)),
        ("2026-08-15", Decimal(5000)),
    ]  # fmt: skip
    [job] = await firm.books.rows("job")
    assert job["billingSchedule"] == {"id": schedule["id"]}
    assert booked(firm, work) == Decimal(25000)
    [training] = [m for m in firm.org.rows("pse__Milestone__c") if m["Name"] == "Training"]
    await firm.org.update(
        "pse__Milestone__c", training["Id"], pse__Status__c="Approved", pse__Approved__c=True,
        pse__Include_In_Financials__c=True, pse__Approved_for_Billing__c=True,
        pse__Actual_Date__c="2026-08-14",
    )  # fmt: skip
    await firm.read()
    [invoice] = await firm.books.rows("invoice")
    assert invoice["subtotal"] == Decimal(5000)


async def late(firm: Firm) -> Work:
    """24 hours at 150, of which 16 are invoiced; then 165 is agreed from the second day on."""
    work = await under_way(firm)
    await work.log(["8", "8"], "2026-07-06")
    await firm.read()
    await bill(firm, date(2026, 7, 12))
    await work.log(["8"], "2026-07-13")
    await firm.read()
    await amend(work, lines=DEARER, Work_Starts_On__c="2026-07-07")
    return work


async def test_what_is_billed_is_left_and_what_is_not_is_priced_again(firm: Firm) -> None:
    await late(firm)
    assert await firm.open_holds() == []
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(2400), 2), ("posted", "EUR", Decimal(1320), 1),
    ]  # fmt: skip
    assert await posted(firm) == [
        ("2026-07-06", Decimal(8), Decimal(150)), ("2026-07-07", Decimal(8), Decimal(150)),
        ("2026-07-13", Decimal(8), Decimal(165)),
    ]  # fmt: skip
    told = await aligned(firm)
    assert (told["repriced"], told["billed"], told["billed_difference"], told["billed_work"]) == (
        1, 1, "120.00 EUR", "leave",
    )  # fmt: skip
    assert await firm.events("credit.requested") == []


@pytest.mark.slow
async def test_finance_is_asked_about_what_is_billed(database_url: str, tmp_path: Path) -> None:
    more = "policies: {amendment_of_billed_work: hold}"
    async with a_firm(database_url, tmp_path, more=more) as firm:
        await late(firm)
        hold = await firm.hold()
        assert (hold.code, hold.owner, hold.amount) == (
            "amended_after_billing", "finance", Decimal(120),
        )  # fmt: skip
        assert "1 entries on INV" in hold.reason
        assert await firm.runs("contract_amendment") == [("succeeded", 1)]


def this_month() -> dict[str, str]:
    """A memo is dated today, whenever the test runs."""
    first = utc_now().date().replace(day=1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return {
        "externalId": "now", "periodName": "This month", "startDate": first.isoformat(),
        "endDate": last.isoformat(),
    }  # fmt: skip


@pytest.mark.slow
async def test_what_is_billed_is_credited_and_billed_again(
    database_url: str, tmp_path: Path
) -> None:
    """The invoice's line goes back whole: the first day is billed again at its own price."""
    more = "policies: {amendment_of_billed_work: credit_and_rebill}"
    async with a_firm(database_url, tmp_path, more=more) as firm:
        await firm.books.control("seed", {"accountingPeriod": [this_month()]})
        await late(firm)
        assert await firm.open_holds() == []
        [asked] = await firm.events("credit.requested")
        [invoice] = await firm.events("invoice.posted")
        assert asked["subject"] == invoice["subject"]
        [memo] = await firm.books.rows("creditMemo")
        assert memo["total"] == Decimal("2904.00")
        assert await ledger(firm) == [
            ("posted", "EUR", Decimal(8 * (150 + 165 + 165)), 3),
        ]  # fmt: skip


@pytest.mark.slow
async def test_hours_held_for_their_price_go_on_once_it_is_agreed(firm: Firm) -> None:
    """The project office raised the assignment before the deal was won."""
    work = await under_way(firm)
    await work.log(["8"], "2026-08-03", pse__Bill_Rate__c=Decimal(165))
    await firm.read()
    assert (await firm.hold()).code == "rate_mismatch"
    await amend(work, lines=DEARER, Work_Starts_On__c="2026-08-01")
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal(1320), 1)]
    assert (await aligned(firm))["repriced"] == 1


@pytest.mark.slow
async def test_prices_that_arrive_in_the_wrong_order(firm: Firm) -> None:
    work = await under_way(firm)
    await amend(
        work, lines=[("Consultant", Decimal(1), Decimal(180), None, True)],
        Work_Starts_On__c="2026-09-01",
    )  # fmt: skip
    await amend(work, Name="Earlier", lines=DEARER, Work_Starts_On__c="2026-08-01")
    assert await firm.open_holds() == []
    assert cards(firm, work) == [
        (Decimal(165), "2026-08-01", "2026-08-31"), (Decimal(180), "2026-09-01", None),
    ]  # fmt: skip
    for monday in ("2026-07-27", "2026-08-03", "2026-09-07"):
        await work.log(["8"], monday)
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(8 * (150 + 165 + 180)), 3)]


@pytest.mark.slow
async def test_a_ledger_that_fails_half_way_is_told_and_gone_on_with(firm: Firm) -> None:
    work = await under_way(firm)
    await firm.books.control("faults", {"kind": "outage", "path": "/record/v1/job"})
    deal = await amend(work, lines=DEARER, Work_Starts_On__c="2026-07-08")
    hold = await firm.hold()
    assert hold.state == "waiting_system"
    assert (hold.customer, hold.amount) == ("Harbour Works", Decimal(3300))
    assert "done: contract in certinia, added work in certinia, rate card in certinia" in (
        hold.reason
    )
    assert "still to do: project of the ledger, billing schedule of the ledger" in hold.reason
    assert firm.org.row("Opportunity", deal)["Delivery_Status__c"] != "contract amended"
    stamps = _stamps(firm)
    await firm.books.clear_faults()
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert _stamps(firm) == stamps, "nothing was written a second time"
    assert firm.org.row("Opportunity", deal)["Delivery_Status__c"] == "contract amended"
    assert len(await firm.events("contract.amended")) == 1


def _stamps(firm: Firm) -> list[tuple[str, str]]:
    kinds = ("pse__Budget__c", "pse__Rate_Card__c", "pse__Resource_Request__c")
    return [(r["Id"], r["SystemModstamp"]) for kind in kinds for r in firm.org.rows(kind)]


@pytest.mark.slow
async def test_the_same_deal_again_changes_nothing(firm: Firm) -> None:
    work = await under_way(firm)
    deal = await amend(work, lines=DEARER, Work_Starts_On__c="2026-07-08")
    before = (budgets(firm), cards(firm, work), await contract(firm))
    await firm.org.update("Opportunity", deal, StageName="Prospecting")
    await firm.read()
    await win(firm, deal)
    assert (budgets(firm), cards(firm, work), await contract(firm)) == before
    assert await firm.runs("contract_amendment") == [("succeeded", 1)]


@pytest.mark.slow
async def test_nothing_is_written_where_a_check_fails(firm: Firm) -> None:
    work = await under_way(firm)
    await amend(
        work, lines=[("Astronaut", Decimal(1), Decimal(500), None, True)],
        Work_Starts_On__c="2026-07-08", Work_Ends_On__c="2027-06-30",
    )  # fmt: skip
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("role_unknown", "pmo")
    assert "it has Consultant" in hold.reason
    assert (await contract(firm)).amendments == ()
    assert (len(budgets(firm)), cards(firm, work)) == (1, [])
    assert await entries(firm) == {}
