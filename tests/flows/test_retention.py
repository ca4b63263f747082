"""What the client withholds of each milestone is billed once, on final acceptance."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.deals import project_of
from tests.flows.milestones import deliver, fixed_fee, invoiced, months, move, sign, tell_again
from tests.flows.test_credit_memo import credit, memos
from tests.flows.work import bill, ledger

pytestmark = pytest.mark.anyio
TEN = {"retention_percent": Decimal(10)}
FIRST = (
    "2026-07-30",
    [("Design", Decimal("12000.00")), ("Retention 10 %, Design", Decimal("-1200.00"))],
    Decimal("10800.00"),
)
SECOND = (
    "2026-08-20",
    [("Build", Decimal("20000.00")), ("Retention 10 %, Build", Decimal("-2000.00"))],
    Decimal("18000.00"),
)


async def close(firm: Firm, deal: str, stage: str = "Completed") -> None:
    """The project office closes the project (or opens it again)."""
    project = project_of(firm, deal)
    await firm.org.update("pse__Proj__c", project["Id"], pse__Stage__c=stage)
    await firm.read()


async def open_today(firm: Firm) -> str:
    """The ledger takes postings in the month in which the project is closed; the day of release,
    which is not before the last acceptance.
    """
    today = datetime.now(UTC).date()
    await months(firm, today.replace(day=1))
    return max(today, date(2026, 8, 20)).isoformat()


async def test_the_withheld_part_is_billed_once_when_the_project_is_closed(firm: Firm) -> None:
    today = await open_today(firm)
    deal = await fixed_fee(firm, **TEN)
    await close(firm, deal, "In Progress")
    await sign(firm, "Design", "2026-07-30")
    await sign(firm, "Build", "2026-08-20")
    assert await invoiced(firm) == [FIRST, SECOND]
    assert sorted(await ledger(firm)) == [
        ("invoiced", "EUR", Decimal("-3200.00"), 2), ("invoiced", "EUR", Decimal("32000.00"), 2),
    ]  # fmt: skip

    await close(firm, deal)
    assert await firm.open_holds() == []
    last = (today, [("Retention release", Decimal("3200.00"))], Decimal("3200.00"))
    assert await invoiced(firm) == [FIRST, SECOND, last]
    assert sorted(await ledger(firm)) == [
        ("invoiced", "EUR", Decimal("0.00"), 3), ("invoiced", "EUR", Decimal("32000.00"), 2),
    ]  # fmt: skip
    assert await tell_again(firm, "project.closed") == 1
    await close(firm, deal, "In Progress")
    await close(firm, deal)
    assert len(await invoiced(firm)) == 3
    assert [e["data"] for e in await firm.events("retention.released")] == [
        {"amount": "3,200.00 EUR"}
    ]


@pytest.mark.slow
async def test_a_result_that_nobody_accepted_keeps_what_is_withheld(firm: Firm) -> None:
    await open_today(firm)
    deal = await fixed_fee(firm, **TEN)
    await close(firm, deal, "In Progress")
    await sign(firm, "Design", "2026-07-30")
    await deliver(firm, "Build", "2026-08-20")
    await close(firm, deal)
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("final_acceptance_open", "pmo")
    assert (hold.amount, hold.currency, hold.customer) == (Decimal(1200), "EUR", "Harbour Works")
    assert hold.reason.endswith("its projects are closed and Build is delivered")
    assert await invoiced(firm) == [FIRST]

    await sign(firm, "Build", "2026-08-25")
    assert (await invoiced(firm))[1][1] == [("Build", Decimal("20000.00"))]
    await firm.replay(hold)
    assert await firm.open_holds() == []
    assert [total for _, _, total in await invoiced(firm)] == [
        Decimal("10800.00"), Decimal("20000.00"), Decimal("1200.00"),
    ]  # fmt: skip


@pytest.mark.slow
async def test_a_cancelled_milestone_is_no_obstacle(firm: Firm) -> None:
    await open_today(firm)
    deal = await fixed_fee(firm, **TEN)
    await close(firm, deal, "In Progress")
    await sign(firm, "Design", "2026-07-30")
    await move(firm, "Build", pse__Status__c="Canceled")
    await close(firm, deal)
    assert [total for _, _, total in await invoiced(firm)] == [
        Decimal("10800.00"), Decimal("1200.00"),
    ]  # fmt: skip


async def test_a_credited_invoice_takes_its_retention_back(firm: Firm) -> None:
    await open_today(firm)
    deal = await fixed_fee(firm, **TEN)
    await close(firm, deal, "In Progress")
    await sign(firm, "Design", "2026-07-30")
    await move(firm, "Build", pse__Status__c="Canceled")
    await credit(firm)
    assert [m[1] for m in await memos(firm)] == [Decimal("10800.00")]
    assert await ledger(firm) == []
    await close(firm, deal)
    assert await bill(firm) == 0
    assert await invoiced(firm) == [FIRST]
    assert await firm.open_holds() == []
