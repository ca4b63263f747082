"""A contract gets detailed terms from a day on: shown, written once, kept, and billed by."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from tests.firm import Firm, a_firm
from tests.flows.expenses import spend
from tests.flows.terms import HALF_HOURS, JULY, give, repriced, words
from tests.flows.test_amended_systems import this_month
from tests.flows.work import Work, amend, bill, contract, ledger, under_way

from isthmus.canonical import Contract
from isthmus.canonical.base import Role
from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import TimeRounding
from isthmus.connect import Change
from isthmus.flows.terms_request import TermsRefused
from isthmus.kit.clock import utc_now
from isthmus.scenario.terms_file import TermsFileError

pytestmark = pytest.mark.anyio
ROUNDED = TimeRounding(increment=30)


async def _late(firm: Firm) -> Work:
    """7.6 h on an invoice and 7.6 h on none, at 150."""
    work = await under_way(firm)
    await work.log(["7.6"], "2026-07-06")
    await firm.read()
    await bill(firm)
    await work.log(["7.6"], "2026-07-13")
    await firm.read()
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(1140), 1), ("posted", "EUR", Decimal(1140), 1),
    ]  # fmt: skip
    return work


async def test_the_change_is_shown_before_it_is_written(firm: Firm) -> None:
    await _late(firm)
    shown = await give(firm, HALF_HOURS, write=False)
    assert words(shown) == [("time.rounding.increment", None, "30")]
    assert (shown.open.entries, str(shown.open.difference)) == (1, "60.00 EUR")
    assert (shown.billed.entries, str(shown.billed.difference)) == (1, "60.00 EUR")
    assert (shown.amendment, shown.up_to, shown.written) == (1, None, False)
    assert (await contract(firm)).amendments == ()
    assert await firm.events("contract.terms_changed") == []
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(1140), 1), ("posted", "EUR", Decimal(1140), 1),
    ]  # fmt: skip


async def test_unbilled_work_follows_and_billed_work_is_left(firm: Firm) -> None:
    await _late(firm)
    before = await give(firm, HALF_HOURS, write=False)
    written = await give(firm, HALF_HOURS)
    assert (written.terms, written.open, written.billed) == (
        before.terms, before.open, before.billed,
    )  # fmt: skip
    assert written.written
    changed = await contract(firm)
    assert [(a.number, a.effective_on, a.opportunity, a.note) for a in changed.amendments] == [
        (1, JULY, None, "as agreed")
    ]
    assert changed.terms_on(date(2026, 7, 5)) == Terms()
    assert changed.terms_on(JULY).time.rounding == ROUNDED
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(1140), 1), ("posted", "EUR", Decimal(1200), 1),
    ]  # fmt: skip
    [told] = await firm.events("contract.terms_changed")
    assert told["data"] == {
        "number": 1, "effective_on": "2026-07-06", "note": "as agreed", "by": "a tester",
        "terms": [{"term": "time.rounding.increment", "old": None, "new": "30"}],
    }  # fmt: skip
    assert await repriced(firm) == {
        "number": 1, "repriced": 1, "retried": 0, "difference": "60.00 EUR", "billed": 1,
        "billed_difference": "60.00 EUR", "billed_work": "leave",
    }  # fmt: skip
    assert await firm.runs("contract_terms") == [("succeeded", 1)]
    assert await firm.open_holds() == []


@pytest.mark.slow
async def test_the_same_terms_again_change_nothing(firm: Firm) -> None:
    await _late(firm)
    await give(firm, HALF_HOURS)
    again = await give(firm, HALF_HOURS)
    assert (again.terms, again.open.entries, again.amendment, again.written) == ((), 0, None, False)
    assert len((await contract(firm)).amendments) == 1
    assert len(await firm.events("contract.terms_changed")) == 1


@pytest.mark.slow
async def test_two_at_once_are_one_amendment(firm: Firm) -> None:
    await _late(firm)
    both = await asyncio.gather(give(firm, HALF_HOURS), give(firm, HALF_HOURS))
    assert sorted(change.written for change in both) == [False, True]
    assert len(await firm.events("contract.terms_changed")) == 1
    assert await firm.runs("contract_terms") == [("succeeded", 1)]


@pytest.mark.slow
async def test_before_anything_is_rated_they_are_the_first_terms(firm: Firm) -> None:
    await under_way(firm)
    first = await give(firm, HALF_HOURS, date(2026, 7, 1))
    assert (first.amendment, first.written) == (None, True)
    given = await contract(firm)
    assert (given.amendments, given.terms.time.rounding) == ((), ROUNDED)


@pytest.mark.slow
async def test_a_section_that_is_not_stated_stays(firm: Firm) -> None:
    await under_way(firm)
    await give(firm, HALF_HOURS)
    second = await give(firm, "expenses: {markup_percent: 10}\n", date(2026, 8, 1))
    assert words(second) == [("expenses.markup_percent", "0", "10")]
    third = await give(firm, "time:\n", date(2026, 9, 1))
    assert words(third) == [("time.rounding.increment", "30", None)]
    in_august = (await contract(firm)).terms_on(date(2026, 8, 31))
    assert (in_august.time.rounding, in_august.expenses.markup_percent) == (ROUNDED, 10)
    between = await give(firm, "expenses: {markup_percent: 5}\n", date(2026, 8, 15), write=False)
    assert between.up_to == date(2026, 8, 31)


@pytest.mark.slow
async def test_expenses_follow_and_held_ones_are_tried_again(firm: Firm) -> None:
    work = await under_way(firm)
    await spend(work, "121.00")
    await spend(work, "20.00", pse__Lost_Receipt__c=True)
    await firm.read()
    assert (await firm.hold()).code == "receipt_missing"
    shown = await give(
        firm, "expenses: {markup_percent: 10, receipt_above: 25}\n", note="travel policy"
    )
    assert (shown.open.entries, str(shown.open.difference)) == (1, "12.10 EUR")
    assert await firm.open_holds() == []
    assert await ledger(firm) == [("posted", "EUR", Decimal("155.10"), 2)], "133.10 and 22.00"
    assert (await repriced(firm))["retried"] == 1


@pytest.mark.slow
async def test_a_dearer_rate_card_is_no_change_of_the_terms(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"], "2026-07-06")
    await firm.read()
    await firm.org.update(
        "pse__Rate_Card__c", firm.org.ids["card_EUR"], pse__Suggested_Bill_Rate__c=Decimal(160)
    )
    await firm.read()
    change = await give(firm, HALF_HOURS)
    assert (change.open.entries, str(change.open.difference)) == (0, "0.00 EUR")
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)]


async def _of_a_deal(firm: Firm, work: Work) -> None:
    await amend(work, Work_Starts_On__c="2026-08-01", Amount=Decimal(1000))


async def _of_a_poll(firm: Firm, work: Work) -> None:
    """As a CRM that keeps contracts would say it: without what it does not know."""
    kept = await contract(firm)
    source = next(c for c in firm.app.engine.links.connected.values() if Role.CRM in c.roles)
    said = {"terms": Terms(), "amendments": (), "payment_terms": "Net 45"}
    async with firm.app.database.begin() as tx:
        id = await tx.xref.external("contract", source.space, kept.id)
    change = Change(Contract, id or "", utc_now(), said)
    await firm.app.engine.links.ingest.take(source, [change])
    assert (await contract(firm)).payment_terms == "Net 45"


@pytest.mark.slow
@pytest.mark.parametrize("comes", [_of_a_deal, _of_a_poll])
async def test_what_comes_from_the_crm_leaves_them(
    firm: Firm, comes: Callable[[Firm, Work], Awaitable[None]]
) -> None:
    work = await under_way(firm)
    await give(firm, HALF_HOURS)
    await comes(firm, work)
    kept = await contract(firm)
    assert kept.amendments[0].terms is not None
    assert kept.terms_on(date(2026, 12, 1)).time.rounding == ROUNDED
    assert await firm.open_holds() == []
    assert await firm.events("contract.drifted") == []


@pytest.mark.slow
async def test_a_cap_that_a_deal_raises_does_not_see_them(firm: Firm) -> None:
    work = await under_way(firm, Cap_Amount__c=Decimal(1500))
    await give(firm, HALF_HOURS, date(2026, 7, 15))
    await amend(work, Work_Starts_On__c="2026-08-01", Amount=Decimal(500))
    changed = await contract(firm)
    assert [(a.number, str(a.cap) if a.cap else None) for a in changed.amendments] == [
        (1, None), (2, "2,000.00 EUR"),
    ]  # fmt: skip


@pytest.mark.slow
async def test_billed_work_is_held_where_the_firm_wants_to_be_asked(
    database_url: str, tmp_path: Path
) -> None:
    more = "policies: {amendment_of_billed_work: hold}"
    async with a_firm(database_url, tmp_path, more=more) as firm:
        await _late(firm)
        await give(firm, HALF_HOURS)
        [invoice] = await firm.books.rows("invoice")
        hold = await firm.hold()
        assert (hold.code, hold.owner, hold.amount) == (
            "amended_after_billing", "finance", Decimal(60),
        )  # fmt: skip
        assert hold.reason.endswith(
            f"from 2026-07-06 on; 1 entries on {invoice['tranId']} were billed before; by the new "
            "terms the difference is 60.00 EUR"
        )
        assert await ledger(firm) == [
            ("invoiced", "EUR", Decimal(1140), 1), ("posted", "EUR", Decimal(1200), 1),
        ]  # fmt: skip


@pytest.mark.slow
async def test_billed_work_is_credited_and_billed_again(database_url: str, tmp_path: Path) -> None:
    more = "policies: {amendment_of_billed_work: credit_and_rebill}"
    async with a_firm(database_url, tmp_path, more=more) as firm:
        await firm.books.control("seed", {"accountingPeriod": [this_month()]})
        await _late(firm)
        await give(firm, HALF_HOURS)
        [asked] = await firm.events("credit.requested")
        assert asked["data"]["reason"] == "terms agreed from 2026-07-06 on: as agreed"
        [memo] = await firm.books.rows("creditMemo")
        assert memo["total"] == Decimal("1379.40"), "1,140.00 and 21 % tax"
        assert await ledger(firm) == [("posted", "EUR", Decimal(2400), 2)]


@pytest.mark.slow
async def test_a_closed_month_does_not_hide_the_difference(firm: Firm) -> None:
    await _late(firm)
    await firm.books.control("periods", {"period": "Jul 2026", "closed": True})
    await firm.read()
    shown = await give(firm, HALF_HOURS, write=False)
    assert (str(shown.open.difference), str(shown.billed.difference)) == ("60.00 EUR", "60.00 EUR")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("recognition: {method: cost_to_cost, expected_cost: 1000}\n",
         "`recognition` cannot be a term of contract"),
    ],
)  # fmt: skip
async def test_terms_that_a_flow_cannot_follow_are_refused(
    firm: Firm, text: str, said: str
) -> None:
    await under_way(firm)
    with pytest.raises(TermsRefused, match=said):
        await give(firm, text)
    assert (await contract(firm)).amendments == ()


@pytest.mark.slow
async def test_a_day_outside_the_contract_is_refused(firm: Firm) -> None:
    await under_way(firm)
    with pytest.raises(TermsRefused) as refused:
        await give(firm, HALF_HOURS, date(2026, 6, 30))
    assert refused.value.why == "It bills work from 2026-07-01 to 2026-12-31."


@pytest.mark.slow
async def test_terms_of_another_billing_model_are_refused(firm: Firm) -> None:
    await under_way(firm)
    with pytest.raises(TermsFileError, match="is billed as t_and_m, and fixed_fee would change"):
        await give(firm, "fixed_fee: {retention_percent: 10}\n")


@pytest.mark.slow
async def test_overtime_from_a_day_on(firm: Firm) -> None:
    """Ten hours a day at 150; from the 13th on, what is beyond eight costs half as much again."""
    work = await under_way(firm)
    for monday in ("2026-07-06", "2026-07-13"):
        await work.log(["10"], monday)
    await firm.read()
    change = await give(
        firm, "time: {overtime: {daily_threshold: 8, multiplier: 1.5}}\n", date(2026, 7, 13)
    )
    assert (change.open.entries, str(change.open.difference)) == (1, "150.00 EUR")
    assert await ledger(firm) == [("posted", "EUR", Decimal(3150), 3)]
    assert await firm.open_holds() == []


@pytest.mark.slow
async def test_the_difference_of_billed_overtime(firm: Firm) -> None:
    """Invoiced hours are frozen: the difference is what they would cost if they were not."""
    work = await under_way(firm)
    await work.log(["10"], "2026-07-06")
    await firm.read()
    await bill(firm)
    await work.log(["10"], "2026-07-13")
    await firm.read()
    change = await give(firm, "time: {overtime: {daily_threshold: 8, multiplier: 1.5}}\n")
    assert (change.billed.entries, str(change.billed.difference)) == (1, "150.00 EUR")
    assert (change.open.entries, str(change.open.difference)) == (1, "150.00 EUR")
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(1500), 1), ("posted", "EUR", Decimal(1650), 2),
    ]  # fmt: skip


@pytest.mark.slow
async def test_a_cap_of_the_terms_holds_and_lets_go(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["10"], "2026-07-06")
    await firm.read()
    await give(firm, "caps: [{level: person, period: day, hours: 8, policy: split}]\n")
    hold = await firm.hold()
    assert (hold.code, hold.amount) == ("cap_exceeded", Decimal(300))
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)]
    await give(firm, "caps: [{level: person, period: day, hours: 12, policy: split}]\n")
    assert await firm.open_holds() == []
    [(state, currency, amount, _)] = await ledger(firm)
    assert (state, currency, amount) == ("posted", "EUR", Decimal(1500))
