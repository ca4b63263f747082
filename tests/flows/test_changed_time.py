"""C3: hours that change, before and after they were billed, and what a person corrects."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.firm import Firm
from tests.flows.deals import edit_card
from tests.flows.work import (
    FIRST,
    SECOND,
    bill,
    entries,
    ledger,
    posted,
    replay_all,
    under_way,
)

from isthmus.engine import hold_actions

pytestmark = pytest.mark.anyio


async def test_changed_hours_are_taken_back_and_rated_again(firm: Firm) -> None:
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    await firm.read()
    await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal("6.5"))
    await firm.read()
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal(2175), 2)]
    assert await posted(firm) == [
        (FIRST, Decimal(8), Decimal(150)), (SECOND, Decimal("6.5"), Decimal(150)),
    ]  # fmt: skip
    async with firm.app.database.begin() as tx:
        [project] = {f.project for f in await tx.ledger.unbilled(await contract(firm), date.max)}
        facts = await tx.ledger._select()
    assert project
    assert sorted(f.amount for f in facts) == [
        Decimal(-750), Decimal(750), Decimal(975), Decimal(1200),
    ]  # fmt: skip


async def contract(firm: Firm) -> str:
    [opened] = await firm.events("contract.opened")
    return str(opened["subject"])


@pytest.mark.slow
async def test_withdrawn_hours_are_taken_back_and_may_return(firm: Firm) -> None:
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    await firm.read()
    await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal(0))
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)]
    assert await entries(firm) == {"posted": 1, "withdrawn": 1}
    assert await firm.holds() == [("held", "withdrawn_after_posting", "finance")]

    await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal(5))
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(1950), 2)]
    assert await entries(firm) == {"posted": 2}
    assert await firm.holds() == [], "the ledger's time is right again"


async def billed(firm: Firm) -> dict[str, Any]:
    assert await bill(firm) == 1
    [invoice] = await firm.books.rows("invoice")
    return invoice


@pytest.mark.parametrize(("hours", "what"), [("6.5", "changed"), ("0", "withdrawn")])
async def test_hours_changed_after_invoicing_are_held(firm: Firm, hours: str, what: str) -> None:
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    await firm.read()
    invoice = await billed(firm)
    await firm.read()
    assert await firm.open_holds() == []
    await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal(hours))
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("changed_after_invoicing", "finance")
    assert hold.reason == (f"5 hours of 2026-07-07 were {what} in the PSA after they were invoiced")
    assert await ledger(firm) == [("invoiced", "EUR", Decimal(1950), 2)]
    assert [i["total"] for i in await firm.books.rows("invoice")] == [invoice["total"]]


@pytest.mark.slow
async def test_hours_changed_while_their_invoice_waits_stay_on_it(firm: Firm) -> None:
    """The invoice is drafted and its ledger is away: what it will bill is settled already."""
    work = await under_way(firm)
    card = await work.log(["8", "5"])
    await firm.read()
    await firm.books.control("faults", {"kind": "outage", "path": "/record/v1/invoice"})
    assert await bill(firm) == 1
    await edit_card(firm, card, pse__Tuesday_Hours__c=Decimal(4))
    await firm.read("certinia")
    states = sorted((h.state, h.code) for h in await firm.open_holds())
    assert states == [("held", "changed_after_invoicing"), ("waiting_system", "unavailable")]
    await firm.books.clear_faults()
    [waiting] = [h for h in await firm.open_holds() if h.code == "unavailable"]
    await hold_actions.replay_hold(firm.app.engine, waiting, "person@firm.example")
    await firm.settle()
    [invoice] = await firm.books.rows("invoice")
    assert invoice["subtotal"] == Decimal("1950.00")
    assert await ledger(firm) == [("invoiced", "EUR", Decimal(1950), 2)]


@pytest.mark.slow
async def test_a_persons_correction_is_rated(firm: Firm) -> None:
    work = await under_way(firm)
    await work.set_assignment(pse__Role__c="Architect")
    await work.log(["8"])
    await firm.read()
    hold = await firm.hold()
    await firm.correct(hold, role="Consultant")
    await replay_all(firm)
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)]
    async with firm.app.database.begin() as tx:
        [row] = (await tx.entries.many([hold.object_id or ""])).values()
    assert row.entry.role == "Architect"
