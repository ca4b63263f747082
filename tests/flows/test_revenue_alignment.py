"""C8: revenue is worked out by the rules, booked once, held where the ledger has others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.firm import Firm, a_firm
from tests.flows.test_contract_to_invoice import accept, milestones
from tests.flows.test_detailed_terms import overtime_credited
from tests.flows.work import Work, bill, under_way

from isthmus.canonical import RevenueEvent, RevenueSchedule
from isthmus.flows.revenue_alignment import request_revenue
from isthmus.flows.revenue_preview import preview_revenue
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio
JULY, AUGUST = date(2026, 7, 31), date(2026, 8, 31)
OURS = "policies: {revenue: {recognised_by: isthmus}}"
REDATED = "policies: {closed_period: redate_to_first_open, revenue: {recognised_by: isthmus}}"
Entry = tuple[str, str, dict[str, Decimal]]


@pytest.fixture
async def posting(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    """A firm whose revenue is posted from here."""
    async with a_firm(database_url, tmp_path, more=OURS) as made:
        yield made


@pytest.fixture
async def redating(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path, more=REDATED) as made:
        yield made


async def run(firm: Firm, day: date = JULY) -> int:
    asked = await request_revenue(firm.app.engine, day)
    await firm.settle()
    return asked


async def entries(firm: Firm) -> list[Entry]:
    """(day, period, debits less credits per account number) of the ledger's journal entries."""
    accounts = {a["id"]: a["acctNumber"] for a in await firm.books.rows("account")}
    periods = {p["id"]: p["periodName"] for p in await firm.books.rows("accountingPeriod")}
    return [
        (
            row["tranDate"],
            periods[row["postingPeriod"]["id"]],
            {
                accounts[n["account"]["id"]]: Decimal(n.get("debit") or 0)
                - Decimal(n.get("credit") or 0)
                for n in row["line"]["items"]
            },
        )
        for row in await firm.books.rows("journalEntry")
    ]


async def lock(firm: Firm, period: str, closed: bool) -> None:
    await firm.books.control("periods", {"period": period, "closed": closed})
    await firm.read("netsuite")


async def recognise(firm: Firm, **amounts: str) -> None:
    """What the ledger's own schedule recognised of the project, per period."""
    [job] = await firm.books.rows("job")
    ids = {p["periodName"][:3]: p["id"] for p in await firm.books.rows("accountingPeriod")}
    lines = [
        {"postingPeriod": {"id": ids[name]}, "plannedAmount": 1200, "recognizedAmount": amount}
        for name, amount in ((n, Decimal(a)) for n, a in amounts.items())
    ]
    await firm.books.control(
        "seed",
        {
            "revRecSchedule": [
                {
                    "externalId": "RS-1",
                    "job": {"id": job["id"]},
                    "currency": {"externalId": "EUR"},
                    "recurrence": {"items": lines},
                }
            ]
        },
    )


async def kept(firm: Firm) -> tuple[list[Decimal], list[Decimal]]:
    """Amounts per period of the one schedule, and of what moved it, sorted."""
    async with firm.app.database.begin() as tx:
        schedules = await tx.records.list(RevenueSchedule)
        moved = await tx.records.list(RevenueEvent)
    lines = [line.amount.amount for schedule in schedules for line in schedule.lines]
    return lines, sorted(event.amount.amount for event in moved)


def eur(amount: str | int) -> Money:
    return Money.of(amount, "EUR")


async def a_july_day(firm: Firm) -> Work:
    """Eight hours at 150 on 6 July."""
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    return work


async def test_a_month_is_posted_once_and_a_change_as_its_difference_in_the_open_month(
    redating: Firm,
) -> None:
    firm = redating
    work = await a_july_day(firm)
    assert await run(firm) == 1
    july = ("2026-07-31", "Jul 2026", {"1250": Decimal(1200), "4000": Decimal(-1200)})
    assert await entries(firm) == [july]
    assert await run(firm) == 1
    assert await entries(firm) == [july]
    assert await kept(firm) == ([Decimal(1200)], [Decimal(1200)])

    await work.log(["0", "1"])
    await firm.read()
    await run(firm)
    late = ("2026-07-31", "Jul 2026", {"1250": Decimal(150), "4000": Decimal(-150)})
    assert await entries(firm) == [july, late]

    await bill(firm)
    await run(firm)
    billed = ("2026-07-31", "Jul 2026", {"1250": Decimal(-1350), "2400": Decimal(1350)})
    assert await entries(firm) == [july, late, billed]

    await lock(firm, "Jul 2026", True)
    await work.log(["0", "0", "2"])
    await firm.read()
    assert await run(firm) == 1
    assert await entries(firm) == [july, late, billed]
    assert await run(firm, AUGUST) == 1
    august = ("2026-08-31", "Aug 2026", {"1250": Decimal(300), "4000": Decimal(-300)})
    assert await entries(firm) == [july, late, billed, august]
    assert await kept(firm) == (
        [Decimal(1350), Decimal(300)], [Decimal(150), Decimal(300), Decimal(1200)],
    )  # fmt: skip
    assert await firm.open_holds() == []
    told = [(e["data"]["month"], e["data"]["ours"]) for e in await firm.events("revenue.aligned")]
    assert told[-1] == ("2026-08", "1,650.00 EUR")
    [invoice] = await firm.books.rows("invoice")
    assert invoice["subtotal"] == Decimal(1350)


@pytest.mark.slow
async def test_a_closed_period_is_waited_for(posting: Firm) -> None:
    firm = posting
    await a_july_day(firm)
    await lock(firm, "Jul 2026", True)
    await run(firm)
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.period) == ("waiting_period", "period_closed", "Jul 2026")
    assert (hold.customer, hold.object_kind) == ("Harbour Works", "contract")
    assert await entries(firm) == []
    assert await firm.app.waker.wake() == 0

    await lock(firm, "Jul 2026", False)
    await firm.wake()
    assert await firm.open_holds() == []
    assert await entries(firm) == [
        ("2026-07-31", "Jul 2026", {"1250": Decimal(1200), "4000": Decimal(-1200)})
    ]


@pytest.mark.slow
async def test_an_entry_that_an_accountant_reversed_is_held(posting: Firm) -> None:
    firm = posting
    await a_july_day(firm)
    await run(firm)
    [entry] = await firm.books.rows("journalEntry")
    undone = {"externalId": entry["externalId"], "reversalDate": "2026-08-01"}
    await firm.books.control("seed", {"journalEntry": [undone]})
    await run(firm)
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("held", "revenue_differs", "finance")
    assert hold.detail["difference"] == "1,200.00 EUR"


@pytest.mark.slow
async def test_a_ledger_that_differs_is_held_until_it_agrees(firm: Firm) -> None:
    await a_july_day(firm)
    await run(firm)
    [untold] = await firm.events("revenue.not_compared")
    assert untold["data"]["why"].startswith("netsuite keeps no revenue schedule for a project of ")
    assert await firm.open_holds() == []

    await recognise(firm, Jul="1000")
    await run(firm)
    await run(firm)
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("held", "revenue_differs", "finance")
    assert (hold.customer, hold.period, hold.system) == ("Harbour Works", "Jul 2026", "netsuite")
    assert hold.reason.endswith(
        "in Jul 2026: we have 1,200.00 EUR, netsuite recognised 1,000.00 EUR, "
        "a difference of 200.00 EUR"
    )
    assert hold.detail == {
        "ours": "1,200.00 EUR", "theirs": "1,000.00 EUR", "difference": "200.00 EUR",
    }  # fmt: skip

    await recognise(firm, Jul="1199.99")
    await run(firm)
    assert await firm.open_holds() == []
    [aligned] = await firm.events("revenue.aligned")
    assert aligned["data"] == {"month": "2026-07", "ours": "1,200.00 EUR"}
    assert await entries(firm) == []


@pytest.mark.slow
async def test_a_dry_run_keeps_and_posts_nothing(posting: Firm) -> None:
    firm = posting
    work = await a_july_day(firm)
    await work.log(["2"], "2026-08-03")
    await firm.read()
    rows = await preview_revenue(firm.app.engine, AUGUST)
    assert [(r.month, r.earned, r.moved, r.billed, r.position, r.theirs) for r in rows] == [
        ("2026-07", eur(1200), eur(1200), eur(0), eur(1200), eur(0)),
        ("2026-08", eur(300), eur(300), eur(0), eur(1500), eur(0)),
    ]
    assert [row.differs for row in rows] == [False, False]
    await firm.settle()
    assert await entries(firm) == []
    assert await kept(firm) == ([], [])
    assert await firm.runs("revenue_alignment") == []

    assert await run(firm, AUGUST) == 2
    assert [day for day, _, _ in await entries(firm)] == ["2026-07-31", "2026-08-31"]
    rows = await preview_revenue(firm.app.engine, AUGUST)
    assert [(r.moved, r.theirs, r.difference) for r in rows] == [
        (eur(0), eur(1200), eur(0)), (eur(0), eur(300), eur(0)),
    ]  # fmt: skip


async def test_an_accepted_milestone_is_earned_against_its_invoice(posting: Firm) -> None:
    firm = posting
    await milestones(firm)
    await accept(firm, "Design", "2026-07-20")
    await run(firm)
    assert await entries(firm) == [
        ("2026-07-31", "Jul 2026", {"2400": Decimal("12000.50"), "4000": Decimal("-12000.50")})
    ]


@pytest.mark.slow
@pytest.mark.parametrize(("rebill", "earned"), [(False, 6000), (True, 7125)])
async def test_a_line_credited_whole_is_taken_off_once(
    posting: Firm, rebill: bool, earned: int
) -> None:
    await overtime_credited(posting, rebill=rebill)
    [row] = await preview_revenue(posting.app.engine, JULY)
    assert (row.earned, row.billed) == (eur(earned), eur(6000))


@pytest.mark.slow
async def test_a_cap_without_an_estimate_is_a_persons_to_settle(firm: Firm) -> None:
    deal: dict[str, Any] = {"Cap_Amount__c": Decimal(12000)}
    work = await under_way(firm, **deal)
    await work.log(["8"])
    await firm.read()
    await run(firm)
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("expected_hours_missing", "pmo")
    [row] = await preview_revenue(firm.app.engine, JULY)
    assert (row.stopped, row.note) == (True, hold.reason)
    assert await kept(firm) == ([], [])
