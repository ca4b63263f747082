"""C3: approved hours are rated to the cent and posted; a bad entry stops nothing but itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from tests.firm import Firm
from tests.flows.deals import edit_card, log_week, staff
from tests.flows.work import (
    FIRST,
    SECOND,
    Work,
    bill,
    entries,
    ledger,
    posted,
    replay_all,
    under_way,
)
from tests.sampled import sampled

pytestmark = pytest.mark.anyio

Act = Callable[[Work], Awaitable[Any]]


class Bad(NamedTuple):
    """What spoils Tuesday's five hours, who hears what, and the act that mends it."""

    code: str
    owner: str
    reason: str
    fix: str
    spoil: Act
    mend: Act
    blocked: str = "750.00"
    spared: int = 1
    """Whether Monday's eight hours are good all the same."""


async def _in_the_phase(work: Work, ends: str) -> None:
    phase = await work.phase()
    await work.firm.org.update("pse__Project_Phase__c", phase, pse__End_Date__c=ends)
    for card in work.firm.org.rows("pse__Timecard_Header__c"):
        await edit_card(work.firm, card["Id"], pse__Project_Phase_Object__c=phase)


async def _card(work: Work, **values: Any) -> None:
    await work.firm.org.update("pse__Rate_Card__c", work.firm.org.ids["card_EUR"], **values)


async def _another_card(work: Work) -> None:
    work.firm.org.ids["other"] = await work.firm.org.seed(
        "pse__Rate_Card__c", pse__Role__c="Consultant", CurrencyIsoCode="EUR",
        pse__Suggested_Bill_Rate__c=Decimal(155), pse__Average_Cost_Rate__c=Decimal(80),
        pse__Start_Date__c=SECOND,
    )  # fmt: skip


async def _end_the_other(work: Work) -> None:
    await work.firm.org.control("delete", {"ids": [work.firm.org.ids["other"]]})


async def _person(work: Work, **values: Any) -> None:
    await work.firm.org.update("Contact", work.firm.org.ids["E001"], **values)


BAD = [
    Bad("project_closed", "pmo", "the project is closed",
        "Reopen Harbour redesign in the PSA, or move the time to an open project, then replay.",
        lambda w: w.set_project(pse__Stage__c="Completed"),
        lambda w: w.set_project(pse__Stage__c="In Progress"), spared=0),
    Bad("project_closed", "pmo", "the project is closed for time",
        "Reopen Harbour redesign in the PSA, or move the time to an open project, then replay.",
        lambda w: w.set_project(pse__Closed_for_Time_Entry__c=True),
        lambda w: w.set_project(pse__Closed_for_Time_Entry__c=False), spared=0),
    Bad("phase_closed", "pmo", "phase Delivery runs from 2026-07-01 to 2026-07-06",
        "Move the time to a phase that is open on 2026-07-07, or change the dates of Delivery in "
        "the PSA, then replay.",
        lambda w: _in_the_phase(w, FIRST), lambda w: _in_the_phase(w, "2026-12-31")),
    Bad("assignment_closed", "pmo", "the assignment is closed for time",
        "Extend or reopen the assignment in the PSA, or move the time, then replay.",
        lambda w: w.set_assignment(pse__Closed_for_Time_Entry__c=True),
        lambda w: w.set_assignment(pse__Closed_for_Time_Entry__c=False), spared=0),
    Bad("rate_missing", "finance", "no rate for Architect in EUR on 2026-07-07",
        "Add or extend the rate card in the PSA, then replay.",
        lambda w: w.set_assignment(pse__Role__c="Architect"),
        lambda w: _card(w, pse__Role__c="Architect"), spared=0),
    Bad("rate_outdated", "finance", "ended on 2026-07-06",
        "Add or extend the rate card in the PSA, then replay.",
        lambda w: _card(w, pse__End_Date__c=FIRST), lambda w: _card(w, pse__End_Date__c=None)),
    Bad("rate_mismatch", "finance", "the PSA stamped 150.00 EUR per hour",
        "Correct the rate on the entry or on ",
        lambda w: _card(w, pse__Suggested_Bill_Rate__c=Decimal(160)),
        lambda w: _card(w, pse__Suggested_Bill_Rate__c=Decimal(150)), spared=0),
    Bad("rate_ambiguous", "finance", "both price Consultant in EUR on 2026-07-07",
        "Add or extend the rate card in the PSA, then replay.",
        _another_card, lambda w: w.firm.org.update(
            "pse__Rate_Card__c", w.firm.org.ids["other"], pse__Role__c="Partner")),
    Bad("cost_centre_missing", "finance", "the person has no cost centre of the ledger",
        "Set the cost centre of Consultant One to a code that the ledger knows, then replay.",
        lambda w: _person(w, Cost_Centre__c="CC-99"),
        lambda w: _person(w, Cost_Centre__c="CC-10"), spared=0),
    Bad("profit_centre_missing", "finance", "the project has no profit centre of the ledger",
        "Set the profit centre of Harbour redesign to a code that the ledger knows, then replay.",
        lambda w: w.set_project(Profit_Centre__c=None),
        lambda w: w.set_project(Profit_Centre__c="PC-A"), spared=0),
]  # fmt: skip


@pytest.mark.parametrize("bad", sampled(BAD, 3), ids=lambda b: b.code)
async def test_a_bad_entry_is_held_alone_and_mended(firm: Firm, bad: Bad) -> None:
    work = await under_way(firm)
    await work.log(["8", "5"])
    await bad.spoil(work)
    await firm.read()
    held = await firm.open_holds()
    assert len(held) == 2 - bad.spared
    hold = held[-1]
    assert (hold.state, hold.code, hold.owner) == ("held", bad.code, bad.owner)
    assert "Consultant One on Harbour redesign, 2026-07-07" in hold.reason or bad.code[:4] == "rate"
    assert bad.reason in hold.reason
    assert hold.fix.startswith(bad.fix)
    assert (hold.amount, hold.currency, hold.customer) == (
        Decimal(bad.blocked), "EUR", "Harbour Works",
    )  # fmt: skip
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)] * bad.spared
    assert await posted(firm) == [(FIRST, Decimal(8), Decimal(150))] * bad.spared

    await bad.mend(work)
    await firm.read()
    await replay_all(firm)
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal(1950), 2)]
    assert await posted(firm) == [
        (FIRST, Decimal(8), Decimal(150)), (SECOND, Decimal(5), Decimal(150)),
    ]  # fmt: skip


@pytest.mark.slow
async def test_work_outside_the_contract_is_held(firm: Firm) -> None:
    work = await under_way(firm, Work_Ends_On__c=FIRST)
    await work.log(["8", "5"])
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.amount) == ("outside_contract", "finance", Decimal(750))
    assert "covers 2026-07-01 to 2026-07-06" in hold.reason
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)]


@pytest.mark.slow
async def test_work_without_a_contract_is_held(firm: Firm) -> None:
    """A project that somebody opened in the PSA without a deal."""
    work = await under_way(firm)
    account = firm.org.row("Opportunity", work.deal)["AccountId"]
    id = await firm.org.seed(
        "pse__Proj__c", Name="Favour", pse__Account__c=account, pse__Is_Billable__c=True,
        pse__Is_Active__c=True, pse__Stage__c="In Progress", CurrencyIsoCode="EUR",
        pse__Billing_Type__c="Time and Materials", Profit_Centre__c="PC-A",
    )  # fmt: skip
    project = firm.org.row("pse__Proj__c", id)
    await log_week(firm, project, await staff(firm, project), FIRST, ["8"])
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.customer) == (
        "contract_missing", "finance", "Harbour Works",
    )  # fmt: skip
    assert await ledger(firm) == []


async def test_unapproved_hours_never_pass(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"], approved=False)
    await work.log(["8"], "2026-07-13", approved=False, pse__Status__c="Submitted",
                   pse__Submitted__c=True)  # fmt: skip
    said = await work.log(["8"], "2026-07-20", approved=False, pse__Status__c="Approved",
                          pse__Submitted__c=True)  # fmt: skip
    await firm.read()
    assert await entries(firm) == {"unapproved": 3}
    assert await ledger(firm) == []
    assert await posted(firm) == []
    assert await firm.runs("time_to_invoice") == []

    await firm.org.update("pse__Timecard_Header__c", said, pse__Approved__c=True,
                          pse__Include_In_Financials__c=True)  # fmt: skip
    await firm.read()
    assert await entries(firm) == {"unapproved": 2, "posted": 1}
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)]


async def test_an_approval_taken_back_takes_the_money_back(firm: Firm) -> None:
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(1950), 2)]
    await edit_card(firm, card, pse__Status__c="Rejected", pse__Approved__c=False,
        pse__Include_In_Financials__c=False,
    )  # fmt: skip
    await firm.read()
    assert await entries(firm) == {"unapproved": 2}
    assert await ledger(firm) == []
    assert await bill(firm) == 0


@pytest.mark.slow
async def test_work_that_is_not_billable_is_no_problem(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8", "5"], pse__Billable__c=False)
    await firm.read()
    assert await firm.open_holds() == []
    assert await entries(firm) == {"unbillable": 2}
    assert await ledger(firm) == []
    assert await posted(firm) == []


async def test_the_cap_is_spent_on_the_earliest_work(firm: Firm) -> None:
    work = await under_way(firm, Cap_Amount__c=Decimal(2000))
    await work.log(["8", "5", "1"])
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("cap_exceeded", "finance")
    assert "may not exceed 2,000.00 EUR" in hold.reason
    assert hold.amount == Decimal(150)
    assert await ledger(firm) == [("posted", "EUR", Decimal(1950), 2)]

    await work.log(["0.33"], "2026-07-13")
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal("1999.50"), 3)]
    assert len(await firm.open_holds()) == 1


@pytest.mark.slow
async def test_hours_are_rounded_up_to_the_clients_increment(firm: Firm) -> None:
    work = await under_way(firm, Minimum_Increment__c=Decimal(15))
    await work.log(["7.1", "0.25", "2.01"])
    await firm.read()
    assert await posted(firm) == [
        ("2026-07-06", Decimal("7.25"), Decimal(150)),
        ("2026-07-07", Decimal("0.25"), Decimal(150)),
        ("2026-07-08", Decimal("2.25"), Decimal(150)),
    ]
    assert await ledger(firm) == [("posted", "EUR", Decimal("1462.50"), 3)]


async def test_a_closed_period_is_waited_for(firm: Firm) -> None:
    work = await under_way(firm)
    await firm.books.control("periods", {"period": "Aug 2026", "closed": True})
    await work.log(["8", "0", "0", "0", "4"], "2026-07-06")
    await work.log(["6"], "2026-08-03")
    await firm.read()
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("waiting_period", "period_closed", "finance")
    assert (hold.period, hold.amount, hold.system) == ("Aug 2026", Decimal(900), "netsuite")
    assert await ledger(firm) == [("posted", "EUR", Decimal(1800), 2)]
    assert await firm.app.waker.wake() == 0

    await firm.books.control("periods", {"period": "Aug 2026", "closed": False})
    await firm.read("netsuite")
    await firm.wake()
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal(2700), 3)]
    assert [day for day, _, _ in await posted(firm)] == ["2026-07-06", "2026-07-10", "2026-08-03"]


@pytest.mark.slow
async def test_a_day_without_a_period_is_held(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"], "2026-10-05")
    await firm.read()
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("held", "period_missing", "finance")
    assert "no accounting period that covers 2026-10-05" in hold.reason


@pytest.mark.slow
async def test_a_new_rate_prices_the_work_from_its_day_on(firm: Firm) -> None:
    work = await under_way(firm)
    await firm.org.update(
        "pse__Rate_Card__c", firm.org.ids["card_EUR"], pse__End_Date__c="2026-07-12"
    )
    await firm.org.seed(
        "pse__Rate_Card__c", pse__Role__c="Consultant", CurrencyIsoCode="EUR",
        pse__Suggested_Bill_Rate__c=Decimal("162.35"), pse__Average_Cost_Rate__c=Decimal(80),
        pse__Start_Date__c="2026-07-13",
    )  # fmt: skip
    await work.log(["8"], "2026-07-06")
    await work.set_assignment(pse__Bill_Rate__c=Decimal("162.35"))
    await work.log(["7.33"], "2026-07-13")
    await firm.read()
    assert await firm.open_holds() == []
    assert await posted(firm) == [
        ("2026-07-06", Decimal(8), Decimal(150)),
        ("2026-07-13", Decimal("7.33"), Decimal("162.35")),
    ]
    assert await ledger(firm) == [("posted", "EUR", Decimal("2390.03"), 2)]
