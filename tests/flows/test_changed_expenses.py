"""C4: expenses that change, before and after they were billed, and what a person corrects."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.expenses import (
    LINE,
    approve,
    edit_line,
    expenses,
    facts,
    spend,
    unapprove,
)
from tests.flows.work import bill, ledger, under_way

from isthmus.engine import hold_actions
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio


@pytest.mark.slow
async def test_a_changed_expense_is_taken_back_and_rated_again(firm: Firm) -> None:
    work = await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    await edit_line(work, line, pse__Amount__c=Decimal("100.00"))
    await firm.read()
    assert await firm.open_holds() == []
    assert sorted(f.amount for f in await facts(firm)) == [
        Decimal("-121.00"), Decimal("100.00"), Decimal("121.00"),
    ]  # fmt: skip
    assert await ledger(firm) == [("posted", "EUR", Decimal("100.00"), 1)]


async def test_a_withdrawn_expense_is_taken_back_and_may_return(firm: Firm) -> None:
    work = await under_way(firm)
    line, other = await spend(work, "121.00"), await spend(work, "60.00")
    await firm.read()
    await firm.org.control("delete", {"ids": [line]})
    await unapprove(work, other)
    await firm.read()
    assert await firm.open_holds() == []
    assert await ledger(firm) == []
    assert await expenses(firm) == {"withdrawn": 1, "unapproved": 1}
    assert await bill(firm) == 0
    report = firm.org.row(LINE, other)["pse__Expense_Report__c"]
    await approve(work, report)
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal("60.00"), 1)]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["changed", "withdrawn"])
async def test_an_expense_changed_after_invoicing_is_held(firm: Firm, what: str) -> None:
    work = await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    assert await bill(firm) == 1
    await firm.read()
    assert await firm.open_holds() == []
    if what == "changed":
        await edit_line(work, line, pse__Amount__c=Decimal("100.00"))
    else:
        await firm.org.control("delete", {"ids": [line]})
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("changed_after_invoicing", "finance")
    assert hold.reason == (
        f"Taxi of 2026-07-06 for 121.00 EUR was {what} in the PSA after it was invoiced"
    )
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("121.00"), 1)]
    assert [i["subtotal"] for i in await firm.books.rows("invoice")] == [Decimal("121.00")]
    with pytest.raises(hold_actions.ActionRefused, match="is invoiced"):
        await hold_actions.fix(
            firm.app.engine, hold, {"amount": "100.00 EUR"}, "someone", within=None
        )


@pytest.mark.slow
async def test_a_persons_correction_is_judged_and_kept(firm: Firm) -> None:
    work = await under_way(firm)
    await spend(work, "121.00", pse__Lost_Receipt__c=True)
    await firm.read()
    hold, engine = await firm.hold(), firm.app.engine
    await hold_actions.fix(
        engine, hold, {"has_receipt": "true", "amount": "120.00 EUR"}, "ana", within=None
    )
    acted = await hold_actions.replay_hold(engine, hold, "ana")
    assert acted.message == "the expense entry is in a new batch and is rated again"
    await firm.settle()
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal("120.00"), 1)]
    async with firm.app.database.begin() as tx:
        [row] = (await tx.expenses.many([hold.object_id or ""])).values()
    assert row.entry.amount == Money.of("121.00", "EUR"), "the PSA's word is kept beside it"


@pytest.mark.slow
async def test_an_expense_that_is_given_up_is_never_billed(firm: Firm) -> None:
    work = await under_way(firm)
    await spend(work, "121.00", pse__Lost_Receipt__c=True)
    await firm.read()
    hold = await firm.hold()
    await hold_actions.skip(firm.app.engine, hold, "the firm bears it", "ana")
    assert await expenses(firm) == {"withdrawn": 1}
    assert await bill(firm) == 0
    await firm.read()
    assert await expenses(firm) == {"withdrawn": 1}
