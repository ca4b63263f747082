"""Credits: exact in the ledger, never more than was billed, and billed again to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, win
from tests.flows.work import Work, bill, entries, ledger, under_way

from isthmus.canonical import Invoice
from isthmus.flows.credit_request import CreditRefused, CreditRequest, request_credit
from isthmus.kit.money import Money
from isthmus.rules.credit_checks import Asked

pytestmark = pytest.mark.anyio

AUGUST = date(2026, 8, 5)


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


async def invoiced(firm: Firm, hours: tuple[str, ...] = ("8", "7.5", "4")) -> Work:
    """One invoice of one line at 150.00, with 21 %: 19.5 hours are 2925.00 and 3539.25."""
    work = await under_way(firm)
    await work.log(list(hours))
    await firm.read()
    assert await bill(firm) == 1
    assert await firm.open_holds() == []
    return work


async def our_invoice(firm: Firm, place: int = 0) -> Invoice:
    async with firm.app.database.begin() as tx:
        return sorted(await tx.records.list(Invoice), key=lambda i: i.reference)[place]


async def credit(firm: Firm, *asked: Asked, rebill: bool = False, on: date = AUGUST) -> Money:
    invoice = await our_invoice(firm)
    request = CreditRequest("Not agreed", on, asked, rebill, "person@firm.example")
    total = await request_credit(firm.app.engine, invoice.id, request)
    await firm.settle()
    return total


async def memos(firm: Firm) -> list[tuple[str, Decimal, Decimal, Decimal, Decimal]]:
    """(status, before tax, tax, total, left open) of the ledger's memos."""
    return [
        (m["status"]["id"], m["subtotal"], m["taxTotal"], m["total"], m["unapplied"])
        for m in await firm.books.rows("creditMemo")
    ]


async def due(firm: Firm, place: int = 0) -> tuple[str, Decimal]:
    invoice = (await firm.books.rows("invoice"))[place]
    return invoice["status"]["id"], invoice["amountRemaining"]


def shown(firm: Firm) -> tuple[Any, ...]:
    """What sales see of the first invoice."""
    row = firm.org.rows("Isthmus_Invoice__c")[0]
    return row["Status__c"], row["Amount_Due__c"], row["Credited__c"]


def marks(firm: Firm) -> set[tuple[Any, Any]]:
    return {
        (s["pse__Invoiced__c"], s["pse__Invoice_Number__c"])
        for s in firm.org.rows("pse__Timecard__c")
    }


async def test_a_whole_credit_leaves_nothing_due_and_nothing_billed(firm: Firm) -> None:
    await invoiced(firm)
    [billed] = await firm.books.rows("invoice")
    assert marks(firm) == {(True, billed["tranId"])}
    assert await credit(firm) == eur("2925.00")
    assert [h.reason for h in await firm.open_holds()] == []
    assert await memos(firm) == [
        ("Fully Applied", Decimal("2925.00"), Decimal("614.25"), Decimal("3539.25"), Decimal(0))
    ]
    [memo] = await firm.books.rows("creditMemo")
    assert memo["createdFrom"] == {"id": billed["id"]}
    assert (memo["tranDate"], memo["memo"]) == ("2026-08-05", "Not agreed")
    assert await due(firm) == ("Paid In Full", Decimal(0))
    assert shown(firm) == ("credited", Decimal(0), Decimal("3539.25"))
    assert await ledger(firm) == []
    assert {s: n for s, n in (await entries(firm)).items() if n} == {"unbillable": 3}
    assert marks(firm) == {(False, None)}
    assert await bill(firm, date(2026, 12, 31)) == 0
    await firm.read()
    assert await firm.open_holds() == []
    assert {s: n for s, n in (await entries(firm)).items() if n} == {"unbillable": 3}


@pytest.mark.slow
async def test_a_part_is_shared_by_the_hours_behind_the_line(firm: Firm) -> None:
    """100.01 over 1200.00, 1125.00 and 600.00 are 41.03, 38.47 and 20.51."""
    await invoiced(firm)
    assert await credit(firm, Asked(1, amount=eur("100.01"))) == eur("100.01")
    assert await firm.open_holds() == []
    assert await memos(firm) == [
        ("Fully Applied", Decimal("100.01"), Decimal("21.00"), Decimal("121.01"), Decimal(0))
    ]
    assert await due(firm) == ("Open", Decimal("3418.24"))
    assert shown(firm) == ("posted", Decimal("3418.24"), Decimal("121.01"))
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("2824.99"), 3)]
    [billed] = await firm.books.rows("invoice")
    assert marks(firm) == {(True, billed["tranId"])}
    async with firm.app.database.begin() as tx:
        [memo] = await firm.events("credit_memo.posted")
        taken = [f.amount for f in await tx.ledger.of_credit_memo(memo["subject"])]
    assert sorted(taken) == [Decimal("-41.03"), Decimal("-38.47"), Decimal("-20.51")]

    assert await credit(firm) == eur("2824.99")
    assert await firm.open_holds() == []
    totals = [m[3] for m in await memos(firm)]
    assert totals == [Decimal("121.01"), Decimal("3418.24")]
    assert await due(firm) == ("Paid In Full", Decimal(0))
    assert shown(firm)[0] == "credited"
    assert await ledger(firm) == []


@pytest.mark.slow
async def test_quantities_of_a_line_add_up_to_its_amount(firm: Firm) -> None:
    await invoiced(firm)
    parts = [await credit(firm, Asked(1, quantity=Decimal(q))) for q in ("0.3", "7.7")]
    assert parts == [eur("45.00"), eur("1155.00")]
    assert await credit(firm, Asked(1)) == eur("1725.00")
    lines = [m["item"]["items"][0] for m in await firm.books.rows("creditMemo")]
    assert [(n["quantity"], n["rate"]) for n in lines] == [
        (Decimal("0.3"), Decimal(150)), (Decimal("7.7"), Decimal(150)),
        (Decimal("11.5"), Decimal(150)),
    ]  # fmt: skip
    assert await due(firm) == ("Paid In Full", Decimal(0))


@pytest.mark.slow
async def test_too_much_is_refused_and_nothing_is_written(firm: Firm) -> None:
    await invoiced(firm)
    for asked, rebill, why in (
        ([Asked(1, amount=eur("2925.01"))], False, "2,925.01 EUR of line 1 are more than the"),
        ([Asked(1, quantity=Decimal("19.51"))], False, "more than the 2,925.00 EUR that are left"),
        ([Asked(2)], False, "it has no line 2"),
        ([Asked(1), Asked(1)], False, "line 1 is named twice"),
        ([Asked(1, amount=eur("-5"))], False, "takes nothing back"),
        ([Asked(1, amount=eur("5"))], True, "names no entries that could be billed again"),
    ):
        with pytest.raises(CreditRefused, match=why):
            await credit(firm, *asked, rebill=rebill)
    assert await firm.events("credit.requested") == []
    assert await firm.books.rows("creditMemo") == []


@pytest.mark.slow
async def test_what_another_credit_took_is_gone(firm: Firm) -> None:
    """Two that were asked for at once: the second is a person's to look at."""
    await invoiced(firm)
    invoice = await our_invoice(firm)
    request = CreditRequest("Not agreed", AUGUST, (Asked(1, amount=eur("2000")),))
    for _ in range(2):
        await request_credit(firm.app.engine, invoice.id, request)
    await firm.settle()
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.flow) == ("credit_too_high", "finance", "credit_memo")
    assert "2,000.00 EUR of line 1 are more than the 925.00 EUR" in hold.reason
    assert [m[1] for m in await memos(firm)] == [Decimal("2000.00")]


@pytest.mark.slow
async def test_a_credit_made_in_the_ledger_counts(firm: Firm) -> None:
    await invoiced(firm)
    [billed] = await firm.books.rows("invoice")
    by_hand = {
        "entity": billed["entity"], "subsidiary": billed["subsidiary"], "tranDate": "2026-08-03",
        "currency": billed["currency"],
        "item": {"items": [{"item": {"externalId": "consulting"}, "quantity": 1, "rate": 2000}]},
        "apply": {"items": [{"doc": {"id": billed["id"]}, "apply": True}]},
    }  # fmt: skip
    await firm.books.control("seed", {"creditMemo": [by_hand]})
    await firm.read()
    assert shown(firm) == ("posted", Decimal("1119.25"), Decimal("2420.00"))
    with pytest.raises(CreditRefused, match=r"the ledger has 1,119\.25 EUR left of it"):
        await credit(firm)
    assert await credit(firm, Asked(1, amount=eur("925.00"))) == eur("925.00")
    assert shown(firm) == ("credited", Decimal(0), Decimal("3539.25"))
    assert await firm.open_holds() == []


async def test_credited_and_billed_again_nets_to_the_new_price(firm: Firm) -> None:
    """The rate agreed is corrected from 150.00 to 140.00 for the days that were billed."""
    work = await invoiced(firm)
    [billed] = await firm.books.rows("invoice")
    await work.set_assignment(pse__Bill_Rate__c=Decimal(140))
    await firm.org.update(
        "pse__Rate_Card__c", firm.org.ids["card_EUR"], pse__Suggested_Bill_Rate__c=Decimal(140)
    )
    for header in firm.org.rows("pse__Timecard_Header__c"):
        await firm.org.update(
            "pse__Timecard_Header__c", header["Id"], pse__Bill_Rate__c=Decimal(140),
            pse__Admin_Global_Edit__c=True, pse__Audit_Notes__c="rate agreed anew",
        )  # fmt: skip
    await firm.read()
    assert {h.code for h in await firm.open_holds()} == {"changed_after_invoicing"}
    assert await credit(firm, rebill=True) == eur("2925.00")
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal("2730.00"), 3)]
    assert marks(firm) == {(False, None)}

    assert await bill(firm) == 1
    again = (await firm.books.rows("invoice"))[1]
    assert (again["subtotal"], again["total"]) == (Decimal("2730.00"), Decimal("3303.30"))
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("2730.00"), 3)]
    owed = sum((i["amountRemaining"] for i in await firm.books.rows("invoice")), Decimal(0))
    assert owed == Decimal("3303.30")
    assert marks(firm) == {(True, again["tranId"])}
    assert again["tranId"] != billed["tranId"]
    assert await bill(firm, date(2026, 12, 31)) == 0


@pytest.mark.slow
async def test_hours_withdrawn_since_are_not_billed_again(firm: Firm) -> None:
    await invoiced(firm)
    [header] = firm.org.rows("pse__Timecard_Header__c")
    await firm.org.update(
        "pse__Timecard_Header__c", header["Id"], pse__Tuesday_Hours__c=0,
        pse__Wednesday_Hours__c=3, pse__Admin_Global_Edit__c=True,
        pse__Audit_Notes__c="not worked",
    )  # fmt: skip
    await firm.read()
    assert {h.code for h in await firm.open_holds()} == {"changed_after_invoicing"}
    await credit(firm, rebill=True)
    assert await ledger(firm) == [("posted", "EUR", Decimal("1650.00"), 2)]
    assert await bill(firm) == 1
    totals = [i["subtotal"] for i in await firm.books.rows("invoice")]
    assert totals == [Decimal("2925.00"), Decimal("1650.00")]
    assert await firm.open_holds() == []


async def milestones(firm: Firm) -> str:
    """The Salesforce id of an accepted and invoiced milestone of 12000.50."""
    deal = await a_deal(
        firm, await an_account(firm), Billing_Model__c="Fixed",
        lines=[("Design", Decimal(1), Decimal("12000.50"), "2026-07-31")],
    )  # fmt: skip
    await win(firm, deal)
    [stone] = firm.org.rows("pse__Milestone__c")
    await firm.org.update(
        "pse__Milestone__c", stone["Id"], pse__Status__c="Approved",
        pse__Actual_Date__c="2026-07-20", pse__Approved__c=True,
        pse__Include_In_Financials__c=True, pse__Approved_for_Billing__c=True,
    )  # fmt: skip
    await firm.read()
    assert await firm.open_holds() == []
    return str(stone["Id"])


@pytest.mark.slow
@pytest.mark.parametrize("rebill", [False, True])
async def test_a_milestone_is_credited_whole_and_ready_to_bill_again(
    firm: Firm, rebill: bool
) -> None:
    stone = await milestones(firm)
    with pytest.raises(CreditRefused, match=r"line 1 is a milestone of 12,000\.50 EUR"):
        await credit(firm, Asked(1, amount=eur("100.00")))
    assert await credit(firm, rebill=rebill) == eur("12000.50")
    assert await firm.open_holds() == []
    row = firm.org.row("pse__Milestone__c", stone)
    assert (row["pse__Invoiced__c"], row["pse__Invoice_Number__c"]) == (False, None)
    await firm.read()
    assert await firm.open_holds() == []
    assert await bill(firm, date(2026, 9, 30)) == int(rebill)
    assert await firm.open_holds() == []
    totals = [i["total"] for i in await firm.books.rows("invoice")]
    assert totals == [Decimal("14520.61")] * (1 + rebill)
    row = firm.org.row("pse__Milestone__c", stone)
    assert row["pse__Invoiced__c"] is rebill


@pytest.mark.slow
async def test_a_closed_period_is_waited_for(firm: Firm) -> None:
    await invoiced(firm)
    await firm.books.control("periods", {"period": "Aug 2026", "closed": True})
    await firm.read("netsuite")
    await credit(firm)
    hold = await firm.hold()
    assert (hold.state, hold.period, hold.amount) == ("waiting_period", "Aug 2026", None)
    assert await firm.books.rows("creditMemo") == []
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("2925.00"), 3)]
    await firm.books.control("periods", {"period": "Aug 2026", "closed": False})
    await firm.read("netsuite")
    await firm.wake()
    assert await firm.open_holds() == []
    assert [m[3] for m in await memos(firm)] == [Decimal("3539.25")]
    assert await ledger(firm) == []


@pytest.mark.slow
async def test_a_lost_answer_makes_no_second_memo(firm: Firm) -> None:
    await invoiced(firm)
    await firm.books.control(
        "faults",
        {"kind": "timeout_after_commit", "method": "PUT", "path": "/record/v1/creditMemo",
         "times": 1},
    )  # fmt: skip
    await credit(firm)
    assert await firm.open_holds() == []
    assert [m[3] for m in await memos(firm)] == [Decimal("3539.25")]


@pytest.mark.slow
async def test_a_paid_invoice_leaves_the_memo_open(firm: Firm) -> None:
    await invoiced(firm)
    [billed] = await firm.books.rows("invoice")
    await firm.books.control("pay", {"invoice": billed["id"], "amount": 3000, "date": "2026-08-01"})
    await firm.read()
    await credit(firm)
    assert await firm.open_holds() == []
    assert await memos(firm) == [
        ("Open", Decimal("2925.00"), Decimal("614.25"), Decimal("3539.25"), Decimal(3000))
    ]
    assert shown(firm) == ("paid", Decimal(0), Decimal("539.25"))


@pytest.mark.slow
async def test_a_mark_that_the_psa_refuses_is_held_and_the_rest_goes_on(firm: Firm) -> None:
    await invoiced(firm, ("8",))
    [header] = firm.org.rows("pse__Timecard_Header__c")
    await firm.org.control("delete", {"ids": [header["Id"]]})
    await credit(firm)
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.object_kind) == (
        "mark_not_taken_back", "pmo", "time_entry"
    )  # fmt: skip
    assert "credited by CM1-00001, and the PSA keeps the mark of its invoice" in hold.reason
    assert await ledger(firm) == []
    assert shown(firm)[0] == "credited"
