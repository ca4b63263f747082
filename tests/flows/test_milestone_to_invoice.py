"""C5: a milestone waits, is invoiced, is looked at by finance, or only earns what was billed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.firm import Firm, a_firm
from tests.flows.milestones import (
    SIGNED,
    deliver,
    earned,
    fixed_fee,
    invoiced,
    months,
    move,
    sign,
    tell_again,
)
from tests.flows.work import bill, ledger

from isthmus.canonical.terms import Acceptance, LateDamages, PayerShare
from isthmus.engine.hold_actions import fix, replay_hold, skip
from isthmus.flows.milestone_acceptance import milestones_when_due

pytestmark = pytest.mark.anyio

EVENTS = (
    "milestone.delivered", "milestone.accepted", "milestone.ready_to_bill",
    "milestone.accepted_unsigned",
)  # fmt: skip
DEEMED = {"acceptance": Acceptance.DEEMED, "deemed_after_days": 10}
DESIGN = ("Design", Decimal("12000.00"))
POLICIES = {
    "reviewing": "policies: {milestones: {review_above: {EUR: 15000}}}",
    "at_once": "policies: {milestones: {signed: when_accepted}}",
    "trusting": "policies: {milestones: {deemed: invoice_now}}",
}
JULY_2090 = date(2090, 7, 1)


@pytest.fixture
async def reviewing(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path, more=POLICIES["reviewing"]) as made:
        yield made


@pytest.fixture
async def at_once(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path, more=POLICIES["at_once"]) as made:
        yield made


@pytest.fixture
async def trusting(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path, more=POLICIES["trusting"]) as made:
        yield made


async def clock(firm: Firm, *when: int) -> int:
    """The calendar is looked at; the number of milestones that count as accepted by then."""
    asked = await milestones_when_due(firm.app.engine, datetime(*when, tzinfo=UTC))  # type: ignore[arg-type, misc] # year, month, day, hour
    await firm.settle()
    return asked


async def test_it_waits_for_signature_and_release_and_is_dated_by_the_signature(firm: Firm) -> None:
    await fixed_fee(firm)
    await deliver(firm, "Design", "2026-07-30")
    await move(firm, "Design", Accepted_On__c="2026-08-03", **SIGNED)
    assert await invoiced(firm) == []
    assert await ledger(firm) == []
    assert await firm.open_holds() == []
    await sign(firm, "Design", "2026-08-03")
    assert await invoiced(firm) == [("2026-08-03", [DESIGN], Decimal("12000.00"))]
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("12000.00"), 1)]
    assert await earned(firm) == [("2026-08-03", "signed", "12,000.00 EUR", "0.00 EUR")]
    assert await firm.runs("milestone_to_invoice") == [("succeeded", 1)] * 3
    assert await tell_again(firm, *EVENTS) == 3
    assert len(await invoiced(firm)) == 1
    assert await bill(firm, date(2026, 9, 30)) == 0
    assert await firm.open_holds() == []


@pytest.mark.slow
async def test_a_firm_may_bill_what_is_signed_without_a_release(at_once: Firm) -> None:
    firm = at_once
    await fixed_fee(firm)
    await deliver(firm, "Design", "2026-07-30")
    assert await invoiced(firm) == []
    await move(firm, "Design", Accepted_On__c="2026-08-03", **SIGNED)
    assert await invoiced(firm) == [("2026-08-03", [DESIGN], Decimal("12000.00"))]
    await sign(firm, "Build", "2026-08-20", pse__Billing_Hold__c=True)
    assert len(await invoiced(firm)) == 1
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("12000.00"), 1)]


@pytest.mark.slow
async def test_without_agreed_acceptance_delivery_bills(firm: Firm) -> None:
    await fixed_fee(firm, acceptance=Acceptance.NONE)
    await deliver(firm, "Design", "2026-07-30")
    assert await invoiced(firm) == [("2026-07-30", [DESIGN], Decimal("12000.00"))]
    assert await earned(firm) == [("2026-07-30", "not_required", "12,000.00 EUR", "0.00 EUR")]
    await sign(firm, "Design", "2026-08-03")
    await tell_again(firm, *EVENTS)
    assert len(await invoiced(firm)) == 1


@pytest.mark.slow
async def test_a_billing_hold_of_the_psa_keeps_it_until_the_clock_sees_it_lifted(
    firm: Firm,
) -> None:
    await fixed_fee(firm, acceptance=Acceptance.NONE)
    await deliver(firm, "Design", "2026-07-30", pse__Billing_Hold__c=True)
    assert await clock(firm, 2026, 8, 1) == 0
    assert await invoiced(firm) == []
    await move(firm, "Design", pse__Billing_Hold__c=False)
    assert await clock(firm, 2026, 8, 1) == 1
    assert await invoiced(firm) == [("2026-07-30", [DESIGN], Decimal("12000.00"))]


async def test_ten_days_of_silence_bill_on_the_day_after_them(trusting: Firm) -> None:
    firm = trusting
    await months(firm, JULY_2090)
    await fixed_fee(firm, **DEEMED)
    await deliver(firm, "Design", "2090-07-20")
    await deliver(firm, "Build", "2090-07-20", Objected_On__c="2090-07-25")
    assert await clock(firm, 2090, 7, 30, 23) == 0
    assert await invoiced(firm) == []
    assert await ledger(firm) == []
    assert await firm.open_holds() == []

    assert await clock(firm, 2090, 7, 31, 0) == 1
    assert await invoiced(firm) == [("2090-07-31", [DESIGN], Decimal("12000.00"))]
    assert await earned(firm) == [("2090-07-31", "deemed", "12,000.00 EUR", "0.00 EUR")]
    assert await clock(firm, 2090, 7, 31, 1) == 0
    assert await clock(firm, 2090, 12, 31, 1) == 0
    assert await tell_again(firm, *EVENTS) == 3
    assert len(await invoiced(firm)) == 1
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("12000.00"), 1)]


@pytest.mark.slow
async def test_days_that_no_worker_saw_bill_on_the_day_that_was_agreed(trusting: Firm) -> None:
    firm = trusting
    await months(firm, JULY_2090)
    await fixed_fee(firm, **DEEMED)
    await deliver(firm, "Design", "2090-07-20")
    assert await clock(firm, 2090, 9, 15, 8) == 1
    assert await invoiced(firm) == [("2090-07-31", [DESIGN], Decimal("12000.00"))]


@pytest.mark.slow
async def test_silence_is_looked_at_by_finance_and_billed_once_when_approved(firm: Firm) -> None:
    await months(firm, JULY_2090)
    await fixed_fee(firm, **DEEMED)
    await deliver(firm, "Design", "2090-07-20")
    assert await clock(firm, 2090, 7, 31, 0) == 1
    hold = await firm.hold()
    assert (hold.state, hold.code, hold.owner) == ("held", "milestone_review", "finance")
    assert (hold.amount, hold.currency, hold.customer) == (Decimal(12000), "EUR", "Harbour Works")
    assert hold.reason == (
        "milestone Design would be invoiced at 12,000.00 EUR: delivered on 2090-07-20, 10 days "
        "without an objection, deemed on 2090-07-31; policy has finance look at what nobody signed"
    )
    assert 'approved_amount=12000.00 EUR"' in hold.fix
    assert await clock(firm, 2090, 8, 1, 0) == 0
    assert await invoiced(firm) == []

    engine = firm.app.engine
    await fix(
        engine, hold, {"approved_amount": "12000.00 EUR"}, "controller@firm.example", within=None
    )
    assert (await replay_hold(engine, hold, "controller@firm.example")).done
    await firm.settle()
    assert await firm.open_holds() == []
    assert await invoiced(firm) == [("2090-07-31", [DESIGN], Decimal("12000.00"))]
    assert not (await replay_hold(engine, hold, "controller@firm.example")).done
    await tell_again(firm, *EVENTS)
    assert len(await invoiced(firm)) == 1


@pytest.mark.slow
async def test_an_approval_settles_its_own_amount_and_no_other(reviewing: Firm) -> None:
    firm = reviewing
    await fixed_fee(firm)
    await sign(firm, "Design", "2026-07-30")
    assert await invoiced(firm) == [("2026-07-30", [DESIGN], Decimal("12000.00"))]
    await sign(firm, "Build", "2026-08-20")
    hold = await firm.hold()
    assert hold.reason == (
        "milestone Build would be invoiced at 20,000.00 EUR: signed on 2026-08-20; 20,000.00 EUR "
        "is above 15,000.00 EUR"
    )
    await firm.correct(hold, approved_amount={"amount": "19999.99", "currency": "EUR"})
    await firm.replay(hold)
    again = await firm.hold()
    assert (again.code, again.amount) == ("milestone_review", Decimal(20000))
    assert len(await invoiced(firm)) == 1

    await firm.correct(again, approved_amount={"amount": "20000", "currency": "EUR"})
    await firm.replay(again)
    assert await firm.open_holds() == []
    assert (await invoiced(firm))[1] == (
        "2026-08-20", [("Build", Decimal("20000.00"))], Decimal("20000.00"),
    )  # fmt: skip
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("32000.00"), 2)]


@pytest.mark.slow
async def test_what_finance_refuses_is_not_billed(reviewing: Firm) -> None:
    firm = reviewing
    await fixed_fee(firm)
    await sign(firm, "Build", "2026-08-20")
    hold = await firm.hold()
    assert (await skip(firm.app.engine, hold, "Billed by hand", "controller@firm.example")).done
    await tell_again(firm, *EVENTS)
    assert await clock(firm, 2026, 9, 1) == 0
    assert await invoiced(firm) == []
    assert await ledger(firm) == []
    assert await firm.open_holds() == []
    assert await firm.runs("milestone_to_invoice") == [("skipped", 1)]


@pytest.mark.slow
async def test_a_signature_that_comes_during_the_review_ends_it(firm: Firm) -> None:
    await fixed_fee(firm, **DEEMED)
    await deliver(firm, "Design", "2026-07-20")
    await clock(firm, 2026, 8, 15)
    assert (await firm.hold()).code == "milestone_review"
    await sign(firm, "Design", "2026-07-29")
    assert await firm.open_holds() == []
    assert await invoiced(firm) == [("2026-07-29", [DESIGN], Decimal("12000.00"))]
    assert {state for state, _ in await firm.runs("milestone_to_invoice")} == {
        "skipped", "succeeded",
    }  # fmt: skip


@pytest.mark.slow
async def test_what_was_invoiced_before_is_earned_and_not_billed_again(
    database_url: str, tmp_path: Path
) -> None:
    """An invoice made by hand in the ledger, of which the PSA knows the number."""
    ours = "policies: {revenue: {recognised_by: isthmus}}"
    async with a_firm(database_url, tmp_path, more=ours) as firm:
        await fixed_fee(firm)
        marks = {"pse__Invoiced__c": True, "pse__Billed__c": True}
        await move(firm, "Design", pse__Invoice_Number__c="INV-BY-HAND", **marks)
        await deliver(firm, "Design", "2026-07-30")
        assert await earned(firm) == []
        await sign(firm, "Design", "2026-08-03")
        assert await earned(firm) == [("2026-08-03", "signed", "12,000.00 EUR", "12,000.00 EUR")]
        await tell_again(firm, *EVENTS)
        assert len(await earned(firm)) == 1
        assert await invoiced(firm) == []
        assert await ledger(firm) == []
        assert await firm.open_holds() == []
        assert await released(firm, date(2026, 7, 31)) == []
        assert await released(firm, date(2026, 8, 31)) == [
            ("2026-08-31", {"2400": Decimal("12000.00"), "4000": Decimal("-12000.00")})
        ]
        assert len(await released(firm, date(2026, 8, 31))) == 1


async def released(firm: Firm, day: date) -> list[tuple[str, dict[str, Decimal]]]:
    """Revenue up to a month, then (day, amounts per account) of the ledger's journal entries."""
    from tests.flows.test_revenue_alignment import entries
    from tests.flows.test_revenue_alignment import run as recognise

    await recognise(firm, day)
    return [(on, amounts) for on, _, amounts in await entries(firm)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("terms", "code", "reason"),
    [
        (
            {"late_damages": LateDamages(percent_per_week=Decimal("0.5"),
                                         maximum_percent=Decimal(5))},
            "damages_due",
            "Design: damages for delay of 120.00 EUR are not agreed: due on 2026-07-31, delivered "
            "on 2026-08-10: 2 started weeks at 0.5 %, 1.0 %",
        ),
        (
            {"payers": (PayerShare(customer="one", percent=Decimal(60)),
                        PayerShare(customer="two", percent=Decimal(40)))},
            "payers_by_hand",
            "milestone Design is not invoiced from here: its price is shared (60 % one, 40 % two)",
        ),
    ],
)  # fmt: skip
async def test_terms_that_no_invoice_follows_are_held(
    firm: Firm, terms: dict[str, object], code: str, reason: str
) -> None:
    await fixed_fee(firm, **terms)
    await deliver(firm, "Design", "2026-08-10")
    await sign(firm, "Design", "2026-08-12")
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.amount) == (code, "finance", Decimal(12000))
    assert hold.reason == reason
    assert await invoiced(firm) == []
    assert await ledger(firm) == []
