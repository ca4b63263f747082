"""Hours in PSA, here and in the ledger: what is planted behind our back is found, and no more."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.deals import edit_card
from tests.flows.work import Work, entries, posted, under_way
from tests.reconcile.reconciling import (
    breaks,
    compared,
    in_books,
    known,
    put_in_books,
    seen,
    told,
    totals,
)

from isthmus.access.signed import evidence_of
from isthmus.engine.refused import ActionRefused
from isthmus.reconcile.repairing import ask_repair
from isthmus.reconcile.signing import accept, sign
from isthmus.store.reconciliations import ReconciliationRow

pytestmark = pytest.mark.anyio
FINANCE, DELIVERY, FIXER = "finance@firm.example", "pmo@firm.example", "fixer@firm.example"


async def a_week(firm: Firm) -> Work:
    work = await under_way(firm)
    await work.log(["8", "7", "6", "5", "4"])
    await firm.read()
    return work


async def plant(firm: Firm) -> None:
    """In the ledger: Monday deleted, Tuesday at 140, two hours of nobody knows whom."""
    monday, tuesday = sorted(in_books(firm, "timeBill"), key=lambda b: b["tranDate"])[:2]
    firm.books.simulator.books.delete("timeBill", monday["id"])
    put_in_books(firm, "timeBill", tuesday, rate=Decimal(140))
    stranger = {
        "employee": {"externalId": "E001"}, "customer": tuesday["customer"], "hours": "2",
        "tranDate": "2026-07-08", "rate": 150, "item": {"externalId": "consulting"},
    }  # fmt: skip
    await firm.books.control("seed", {"timeBill": [stranger]})


PLANTED = [
    (
        "7 h of 2026-07-07 at 150.00 EUR: rate 150 EUR / 140 EUR (rated here / in the ledger)",
        "unexplained",
    ),
    ("2 h of 2026-07-08 at 150.00 EUR is in the ledger and not rated here", "unexplained"),
    ("8 h of 2026-07-06 at 150.00 EUR is rated here and not in the ledger", "unexplained"),
]


async def differences(
    firm: Firm, run: ReconciliationRow
) -> list[tuple[str, int, Decimal, Decimal]]:
    """(leg, count, hours, amount) of the source less the target, by their control totals."""
    return [
        (t.leg, t.source_count - t.target_count, t.source_hours - t.target_hours,
         t.source_amount - t.target_amount)
        for t in await totals(firm, run)
    ]  # fmt: skip


async def test_planted_differences_are_found_repaired_and_signed(firm: Firm) -> None:
    await a_week(firm)
    agreed = await compared(firm, "time")
    assert await told(firm, agreed) == []
    assert [(t.leg, t.entity, t.period, t.currency, t.source_count, t.matched, t.source_hours)
            for t in await totals(firm, agreed)] == [
        ("approved", "EA-NL", "2026-07", "EUR", 5, 5, 30),
        ("posted", "EA-NL", "2026-07", "EUR", 5, 5, 30),
    ]  # fmt: skip

    await plant(firm)
    run = await compared(firm, "time")
    assert await told(firm, run) == PLANTED
    assert await seen(firm, run) == [
        ("posted", "different", Decimal(70), "open"),
        ("posted", "extra", Decimal(-300), "open"),
        ("posted", "missing", Decimal(1200), "open"),
    ]
    assert await differences(firm, run) == [
        ("approved", 0, 0, 0),
        ("posted", 0, 6, 970),
    ], "what the breaks sum up to"
    later = await compared(firm, "time-later")
    assert await told(firm, later) == [], "it is younger than a day: under way"
    assert [t.under_way for t in await totals(firm, later)] == [0, 3]

    with pytest.raises(ActionRefused, match=r"3 of its breaks are unexplained"):
        await sign(firm.app.engine, run.label, "finance", FINANCE)
    different, extra, missing = await breaks(firm, run)
    said = await ask_repair(firm.app.engine, missing.code, FIXER, dry_run=True)
    assert (said.act, said.asked) == ("post_again", False)
    assert said.says == (
        "8 h of 2026-07-06 at 150.00 EUR will be sent to netsuite once more under its own key"
    )
    assert len(in_books(firm, "timeBill")) == 5, "nothing was done"
    for found in (different, extra, missing):
        assert (await ask_repair(firm.app.engine, found.code, FIXER)).asked
    with pytest.raises(ActionRefused, match="no run has looked since"):
        await ask_repair(firm.app.engine, missing.code, FIXER)
    await firm.settle()
    stranger = ("2026-07-08", Decimal(2), 150)
    week = [(f"2026-07-{6 + n:02}", Decimal(8 - n), 150) for n in range(5)]
    assert await posted(firm) == sorted([*week, stranger]), "once each; nothing was deleted"
    assert await entries(firm) == {"posted": 5}

    again = await compared(firm, "time")
    [left] = await told(firm, again)
    [hold] = await firm.open_holds()
    assert left == (
        "2 h of 2026-07-08 at 150.00 EUR is in the ledger and not rated here",
        f"the work is held (H-{hold.number})",
    )
    assert (hold.code, hold.owner, hold.amount) == ("reconciled_extra", "finance", 300)
    closed = [await known(firm, b.code) for b in (different, missing)]
    assert [(b.state, b.cause) for b in closed] == [("closed", "repaired")] * 2
    same = await known(firm, extra.code)
    assert (same.state, same.times_seen, same.first_run) == ("explained", 2, run.id)
    await two_others_sign(firm, run, again)


async def two_others_sign(firm: Firm, run: ReconciliationRow, again: ReconciliationRow) -> None:
    """Who repaired does not, nor one person twice; `run` is older than `again`."""
    with pytest.raises(ActionRefused, match="nobody signs for his own repairs"):
        await sign(firm.app.engine, again.label, "finance", FIXER)
    with pytest.raises(ActionRefused, match=r"RC-\d+ is younger"):
        await sign(firm.app.engine, run.label, "finance", FINANCE)
    first = await sign(firm.app.engine, again.label, "finance", FINANCE)
    with pytest.raises(ActionRefused, match="two persons"):
        await sign(firm.app.engine, again.label, "delivery", FINANCE)
    with pytest.raises(ActionRefused, match="Finance has signed it already"):
        await sign(firm.app.engine, again.label, "finance", DELIVERY)
    second = await sign(firm.app.engine, again.label, "delivery", DELIVERY, "July is complete")
    evidence = evidence_of(again, await totals(firm, again), await breaks(firm, again))
    assert (first.evidence, second.evidence) == (evidence, evidence)
    assert [e["data"]["role"] for e in await firm.events("reconciliation.signed")] == [
        "finance", "delivery",
    ]  # fmt: skip


@pytest.mark.slow
async def test_what_the_psa_says_and_we_do_not(firm: Firm) -> None:
    work = await a_week(firm)
    [card] = firm.org.rows("pse__Timecard_Header__c")
    await edit_card(firm, card["Id"], pse__Wednesday_Hours__c=Decimal(3))
    await work.log(["2"], monday="2026-07-13")
    run = await compared(firm, "time")
    assert await told(firm, run) == [
        ("3 h of 2026-07-08 on Harbour redesign: hours 3 / 6 (approved in the PSA / rated here)",
         "unexplained"),
        ("2 h of 2026-07-13 on Harbour redesign is approved in the PSA and not rated here",
         "unexplained"),
    ]  # fmt: skip
    assert await differences(firm, run) == [("approved", 1, -1, 0), ("posted", 0, 0, 0)]

    different, missing = await breaks(firm, run)
    await accept(firm.app.engine, different.code, "agreed with the client", FINANCE)
    await ask_repair(firm.app.engine, missing.code, FIXER)
    await firm.settle()
    again = await compared(firm, "time")
    assert await told(firm, again) == [
        ("3 h of 2026-07-08 on Harbour redesign: hours 3 / 6 (approved in the PSA / rated here)",
         f"accepted by {FINANCE}: agreed with the client"),
    ]  # fmt: skip
    assert (await known(firm, missing.code)).cause == "repaired"
    assert ("2026-07-13", Decimal(2), 150) in await posted(firm)
    await edit_card(firm, card["Id"], pse__Wednesday_Hours__c=Decimal(2))
    moved = await breaks(firm, await compared(firm, "time"))
    assert [b.state for b in moved] == ["open"], "another difference than the one accepted"

    await firm.books.control("periods", {"period": "Jul 2026", "closed": True})
    await firm.read()
    await work.log(["1"], monday="2026-07-20")
    await firm.read()
    late = await breaks(firm, await compared(firm, "time"))
    waiting = next(b for b in late if b.happened_on and b.happened_on.day == 20)
    [hold] = [h for h in await firm.open_holds() if h.object_id == waiting.object_id]
    assert (waiting.kind, waiting.state, waiting.cause, waiting.hold) == (
        "missing", "explained", "period_closed", hold.number,
    )  # fmt: skip
