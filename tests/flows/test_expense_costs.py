"""C4, the cost side: what the firm paid is in the books once, to the cent, and leaves them whole.

The books are the simulated NetSuite's with journal entries beside them.
"""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.deals import staff
from tests.flows.expenses import approve, edit_line, expenses, said, spend, unapprove
from tests.flows.journal_keeper import JournalKeeper, keep_journals
from tests.flows.work import bill, ledger, under_way

from isthmus.canonical.journal_entry import Account
from isthmus.connect import Invalid, Unavailable
from isthmus.engine import hold_actions
from isthmus.flows.explain import explain_expense

pytestmark = pytest.mark.anyio


def owed(amount: str, to: Account = Account.EMPLOYEE_PAYABLE) -> dict[Account, Decimal]:
    return {Account.PROJECT_EXPENSE: Decimal(amount), to: -Decimal(amount)}


async def july(firm: Firm, keeper: JournalKeeper, *, closed: bool) -> None:
    """The accountants close the month, or open it, and Isthmus reads that."""
    keeper.closed = {"2026-07"} if closed else set()
    await firm.books.control("periods", {"period": "Jul 2026", "closed": closed})
    await firm.read("netsuite")
    await firm.wake()


async def test_the_four_kinds_of_expense(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    taxed = {"pse__Incurred_Tax__c": Decimal(21), "pse__Incurred_Tax_Non_Billable__c": True}
    await spend(work, "121.00", **taxed)
    await spend(work, "40.00", pse__Non_Reimbursible__c=True)
    await spend(work, "30.00", pse__Billable__c=False)
    await spend(work, "7.00", pse__Billable__c=False, pse__Non_Reimbursible__c=True)
    await firm.read()
    assert await firm.open_holds() == []
    assert await expenses(firm) == {"posted": 2, "unbillable": 2}
    assert await said(firm, "post_expenses") == {"posted": 2, "unbillable": 2}
    assert keeper.balances() == {
        Account.PROJECT_EXPENSE: Decimal("177.00"),
        Account.INPUT_TAX: Decimal("21.00"),
        Account.EMPLOYEE_PAYABLE: Decimal("-151.00"),
        Account.CARD_PAYABLE: Decimal("-47.00"),
    }
    assert await ledger(firm) == [("posted", "EUR", Decimal("140.00"), 2)]
    assert await bill(firm) == 1
    [invoice] = await firm.books.rows("invoice")
    assert invoice["subtotal"] == Decimal("140.00")


@pytest.mark.slow
async def test_an_entry_says_what_it_is_and_where_it_belongs(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    [entry] = keeper.entries.values()
    periods = {p["id"]: p["periodName"] for p in await firm.books.rows("accountingPeriod")}
    [centre] = await firm.books.rows("department")
    assert (entry.memo, entry.reference, entry.currency) == (
        "Taxi, Consultant One, 2026-07-06 (EXP-1)", f"certinia:{line}:1", "EUR",
    )  # fmt: skip
    assert (str(entry.posted_on), periods[entry.period or ""]) == ("2026-07-06", "Jul 2026")
    assert {n.cost_centre for n in entry.lines} == {centre["id"]}
    async with firm.app.database.begin() as tx:
        [named] = await tx.lookup.named(line)
        assert (await explain_expense(tx, named.id)).journal == "JE-1"


@pytest.mark.slow
async def test_a_changed_cost_is_taken_back_and_booked_again(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    await edit_line(work, line, pse__Amount__c=Decimal("100.00"), pse__Non_Reimbursible__c=True)
    await firm.read()
    assert await firm.open_holds() == []
    assert [e.memo.partition(":")[0] for e in keeper.entries.values()] == [
        "Taxi, Consultant One, 2026-07-06 (EXP-1)", "Reversal",
        "Taxi, Consultant One, 2026-07-06 (EXP-1)",
    ]  # fmt: skip
    assert keeper.balances() == owed("100.00", Account.CARD_PAYABLE)
    assert await ledger(firm) == [("posted", "EUR", Decimal("100.00"), 1)]


@pytest.mark.slow
async def test_a_change_that_moves_no_cost_moves_no_books(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    await edit_line(work, line, pse__Billable__c=False, pse__Description__c="our own mistake")
    await firm.read()
    assert await expenses(firm) == {"unbillable": 1}
    assert await ledger(firm) == []
    assert len(keeper.entries) == 1
    assert keeper.balances() == owed("121.00")


@pytest.mark.slow
async def test_what_counts_no_more_leaves_the_books(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    gone, doubted = await spend(work, "121.00"), await spend(work, "60.00")
    await firm.read()
    assert keeper.balances() == owed("181.00")
    await firm.org.control("delete", {"ids": [gone]})
    await unapprove(work, doubted)
    await firm.read()
    assert await firm.open_holds() == []
    assert await said(firm, "take_back_costs") == 2
    assert (keeper.balances(), len(keeper.entries)) == ({}, 4)
    await firm.read()
    await firm.wake()
    assert len(keeper.entries) == 4


@pytest.mark.slow
async def test_what_is_invoiced_stays_in_the_books(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    await bill(firm)
    await unapprove(work, line)
    await firm.read()
    assert await firm.holds() == [("held", "changed_after_invoicing", "finance")]
    assert keeper.balances() == owed("121.00")


async def test_a_cost_that_the_books_refuse_holds_its_expense_alone(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    await spend(work, "121.00")
    await firm.read()
    keeper.refusal = Invalid("netsuite", "the account is inactive")
    await spend(work, "60.00")
    await spend(work, "7.00", pse__Billable__c=False)
    await firm.read()
    first, second = sorted(await firm.open_holds(), key=lambda h: h.detail["amount"])
    assert (first.state, first.code, first.owner) == ("held", "invalid", "finance")
    assert (first.amount, second.amount) == (Decimal("60.00"), None)
    assert await expenses(firm) == {"posted": 1, "held": 2}
    assert await bill(firm) == 1
    [invoice] = await firm.books.rows("invoice")
    assert invoice["subtotal"] == Decimal("121.00"), "what is not in the books is not billed"

    keeper.refusal = None
    for hold in (first, second):
        await hold_actions.replay_hold(firm.app.engine, hold, "ana")
    await firm.settle()
    assert await firm.open_holds() == []
    assert keeper.balances() == owed("188.00")
    assert await expenses(firm) == {"invoiced": 1, "posted": 1, "unbillable": 1}


@pytest.mark.slow
async def test_a_month_that_the_books_closed_first_is_waited_for(firm: Firm) -> None:
    """The ledger refuses what we still believe to be open."""
    keeper, work = keep_journals(firm), await under_way(firm)
    keeper.closed.add("2026-07")
    await spend(work, "121.00")
    await firm.read()
    await july(firm, keeper, closed=True)
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.period) == ("waiting_period", "period_closed", "Jul 2026")
    assert hold.amount == Decimal("121.00")
    assert keeper.entries == {}
    await july(firm, keeper, closed=False)
    assert await firm.open_holds() == []
    assert keeper.balances() == owed("121.00")
    assert await ledger(firm) == [("posted", "EUR", Decimal("121.00"), 1)]


@pytest.mark.slow
async def test_taking_back_waits_for_the_month_and_lets_others_pass(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    lines = [await spend(work, "121.00"), await spend(work, "60.00", "2026-08-03")]
    await firm.read()
    await july(firm, keeper, closed=True)
    await firm.org.control("delete", {"ids": lines})
    await firm.read("certinia")
    assert keeper.balances() == owed("121.00")
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.object_kind) == (
        "waiting_period", "period_closed", "expense_entry",
    )  # fmt: skip
    await july(firm, keeper, closed=False)
    assert await firm.open_holds() == []
    assert keeper.balances() == {}


@pytest.mark.slow
async def test_an_approval_that_returns_while_its_cost_is_taken_back(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    await july(firm, keeper, closed=True)
    await unapprove(work, line)
    await firm.read("certinia")
    assert await firm.holds() == [("waiting_period", "period_closed", "finance")]
    await approve(work, firm.org.row("pse__Expense__c", line)["pse__Expense_Report__c"])
    await firm.read("certinia")
    assert await firm.holds() == [("waiting_period", "period_closed", "finance")] * 2
    assert await ledger(firm) == []
    await july(firm, keeper, closed=False)
    assert await firm.open_holds() == []
    assert (keeper.balances(), len(keeper.entries)) == (owed("121.00"), 3)
    assert await ledger(firm) == [("posted", "EUR", Decimal("121.00"), 1)]


async def test_a_lost_answer_books_nothing_twice(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    keeper.lost_answers = 1
    line = await spend(work, "121.00")
    await firm.read()
    assert (keeper.lost_answers, len(keeper.entries)) == (0, 1)
    keeper.lost_answers = 1
    await firm.org.control("delete", {"ids": [line]})
    await firm.read()
    assert await firm.open_holds() == []
    assert (keeper.balances(), len(keeper.entries)) == ({}, 2)


@pytest.mark.slow
async def test_an_outage_is_waited_for(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    keeper.refusal = Unavailable("netsuite", "down")
    await spend(work, "121.00")
    await firm.read()
    hold = await firm.hold()
    assert (hold.state, hold.system) == ("waiting_system", "netsuite")
    keeper.refusal = None
    for _ in range(200):
        await firm.wake()
        if not await firm.open_holds():
            break
        await asyncio.sleep(0.1)
    assert await firm.open_holds() == []
    assert keeper.balances() == owed("121.00")


@pytest.mark.slow
async def test_a_change_overtakes_a_cost_that_was_never_sent(firm: Firm) -> None:
    """A worker dies between naming the entry and sending it; then the expense changes."""
    keeper, work = keep_journals(firm), await under_way(firm)
    keeper.refusal = Unavailable("netsuite", "down")
    line = await spend(work, "121.00")
    await firm.read()
    async with firm.app.database.begin() as tx:
        [named] = await tx.lookup.named(line)
        named_before = await tx.expenses.journal_of(named.id)
    assert keeper.entries == {}
    keeper.refusal = None
    await edit_line(work, line, pse__Amount__c=Decimal("100.00"))
    await firm.read("certinia")
    await firm.wake()
    assert keeper.balances() == owed("100.00")
    assert named_before in keeper.entries, "sent so that it can be taken back"
    assert await expenses(firm) == {"posted": 1}


@pytest.mark.slow
async def test_an_expense_that_is_given_up_leaves_the_books(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    line = await spend(work, "121.00")
    await firm.read()
    await edit_line(work, line, pse__Lost_Receipt__c=True)
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, keeper.balances()) == ("receipt_missing", owed("121.00"))
    await hold_actions.skip(firm.app.engine, hold, "the employee bears it", "ana")
    await firm.wake()
    assert (keeper.balances(), await ledger(firm)) == ({}, [])


@pytest.mark.slow
async def test_an_internal_project_costs_the_persons_company(firm: Firm) -> None:
    keeper, work = keep_journals(firm), await under_way(firm)
    account = firm.org.row("Opportunity", work.deal)["AccountId"]
    id = await firm.org.seed(
        "pse__Proj__c", Name="Training", pse__Account__c=account, pse__Is_Active__c=True,
        CurrencyIsoCode="EUR",
    )  # fmt: skip
    project = firm.org.row("pse__Proj__c", id)
    inside = work._replace(project=project, assignment=await staff(firm, project))
    await spend(inside, "121.00")
    await firm.read()
    assert await firm.open_holds() == []
    assert keeper.balances() == owed("121.00")

    await firm.org.update("Contact", firm.org.ids["E001"], Legal_Entity__c=None)
    await spend(inside, "60.00")
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.amount) == ("legal_entity_missing", "finance", None)
    assert "Consultant One on Training" in hold.reason
    assert hold.fix.startswith("Set the legal entity of Consultant One to a code")
    assert keeper.balances() == owed("121.00")
