"""D1: what a contract's detailed terms make of hours, in the ledger of facts and on the invoice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from tests.firm import Firm
from tests.flows.work import Work, amend, bill, contract, entries, ledger, posted, under_way

from isthmus.canonical import Invoice
from isthmus.canonical.contract import Terms
from isthmus.canonical.terms import (
    Cap,
    CapLevel,
    CapPeriod,
    CapPolicy,
    DayRate,
    Overtime,
    RoundingGrain,
    TimeRounding,
    TimeTerms,
    VolumeTier,
)
from isthmus.engine import hold_actions
from isthmus.flows.billing_preview import preview_billing
from isthmus.flows.credit_request import CreditRequest, request_credit
from isthmus.kit.money import Money
from isthmus.rules.credit_checks import Asked

pytestmark = pytest.mark.anyio

OVERTIME = TimeTerms(overtime=Overtime(weekly_threshold=Decimal(40), multiplier=Decimal("1.5")))


async def agree(firm: Firm, time: TimeTerms | None = None, *caps: Cap) -> None:
    said = Terms(time=time or TimeTerms(), caps=caps)
    async with firm.app.database.begin() as tx:
        await tx.records.save((await contract(firm)).changed(terms=said.model_dump()))


async def under_terms(firm: Firm, time: TimeTerms | None = None, *caps: Cap) -> Work:
    work = await under_way(firm)
    await agree(firm, time, *caps)
    return work


async def parts(firm: Firm) -> list[tuple[str, int, Decimal, Decimal]]:
    """(day, part, hours, amount) in force."""
    async with firm.app.database.begin() as tx:
        rows = await tx.ledger.in_force()
    return sorted((f"{r.happened_on}", r.part, r.billed_hours, r.amount) for r in rows)


async def lines(firm: Firm) -> list[tuple[Decimal, Decimal, Decimal]]:
    """(quantity, unit price, amount) of all invoices, as the ledger has them."""
    invoices = await firm.books.rows("invoice")
    return [
        (Decimal(str(n["quantity"])), Decimal(str(n["rate"])), Decimal(str(n["amount"])))
        for invoice in invoices
        for n in invoice["item"]["items"]
    ]


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


async def credit_line(firm: Firm, asked: Asked, rebill: bool = False) -> Money:
    """Of the one invoice."""
    async with firm.app.database.begin() as tx:
        [invoice] = await tx.records.list(Invoice)
    request = CreditRequest("not agreed", date(2026, 7, 31), (asked,), rebill=rebill)
    credited = await request_credit(firm.app.engine, invoice.id, request)
    await firm.settle()
    return credited


async def test_hours_over_a_week_are_dearer_in_facts_and_on_the_invoice(firm: Firm) -> None:
    work = await under_terms(firm, OVERTIME)
    await work.log(["9", "9", "9", "9", "9"])
    await firm.read()
    assert (await parts(firm))[-2:] == [
        ("2026-07-10", 1, Decimal(4), Decimal(600)),
        ("2026-07-10", 2, Decimal(5), Decimal(1125)),
    ]
    assert await posted(firm) == [
        ("2026-07-06", Decimal(9), Decimal(150)),
        ("2026-07-07", Decimal(9), Decimal(150)),
        ("2026-07-08", Decimal(9), Decimal(150)),
        ("2026-07-09", Decimal(9), Decimal(150)),
        ("2026-07-10", Decimal(9), Decimal("191.67")),
    ], "the ledger's time has one rate: (4 x 150 + 5 x 225) / 9"
    assert await bill(firm) == 1
    assert await lines(firm) == [
        (Decimal(40), Decimal(150), Decimal(6000)),
        (Decimal(5), Decimal(225), Decimal(1125)),
    ]
    assert await ledger(firm) == [("invoiced", "EUR", Decimal(7125), 6)]
    assert await bill(firm) == 0


async def test_an_earlier_day_that_comes_late_moves_the_overtime(firm: Firm) -> None:
    work = await under_terms(firm, OVERTIME)
    await work.log(["0", "10", "10", "10", "10"])
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(6000), 4)]
    await work.log(["8"])
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(7800), 6)], "40 x 150 + 8 x 225"
    assert (await posted(firm))[-1] == ("2026-07-10", Decimal(10), Decimal(210))
    assert await firm.open_holds() == []


@pytest.mark.parametrize("order", list(permutations([0, 1, 2])))
@pytest.mark.slow
async def test_the_order_of_arrival_never_shows(firm: Firm, order: tuple[int, ...]) -> None:
    work = await under_terms(firm, OVERTIME)
    cards = [["10", "10"], ["0", "0", "10", "10"], ["0", "0", "0", "0", "8", "4"]]
    for place in order:
        await work.log(cards[place])
        await firm.read()
    assert await parts(firm) == [
        ("2026-07-06", 1, Decimal(10), Decimal(1500)),
        ("2026-07-07", 1, Decimal(10), Decimal(1500)),
        ("2026-07-08", 1, Decimal(10), Decimal(1500)),
        ("2026-07-09", 1, Decimal(10), Decimal(1500)),
        ("2026-07-10", 1, Decimal(8), Decimal(1800)),
        ("2026-07-11", 1, Decimal(4), Decimal(900)),
    ]


@pytest.mark.slow
async def test_hours_that_are_withdrawn_give_their_place_back(firm: Firm) -> None:
    work = await under_terms(firm, OVERTIME)
    monday = await work.log(["8"])
    await work.log(["0", "10", "10", "10", "10"])
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(7800), 6)]
    await firm.org.control("delete", {"ids": [monday]})
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(6000), 4)]


@pytest.mark.slow
async def test_invoiced_hours_stand_first_in_the_week(firm: Firm) -> None:
    work = await under_terms(firm, OVERTIME)
    await work.log(["9", "9", "9", "9"])
    await firm.read()
    assert await bill(firm, date(2026, 7, 9)) == 1
    await work.log(["0", "0", "0", "0", "8"])
    await firm.read()
    assert (await parts(firm))[-2:] == [
        ("2026-07-10", 1, Decimal(4), Decimal(600)),
        ("2026-07-10", 2, Decimal(4), Decimal(900)),
    ]


@pytest.mark.slow
async def test_the_rate_falls_with_the_hours_of_the_contract(firm: Firm) -> None:
    tiers = (VolumeTier(up_to_hours=Decimal(10), rate=eur("150")), VolumeTier(rate=eur("120")))
    work = await under_terms(firm, TimeTerms(tiers=tiers))
    await work.log(["8", "8"])
    await firm.read()
    assert await bill(firm) == 1
    assert await lines(firm) == [
        (Decimal(6), Decimal(120), Decimal(720)),
        (Decimal(10), Decimal(150), Decimal(1500)),
    ]


@pytest.mark.slow
async def test_a_discount_is_taken_off_the_rate(firm: Firm) -> None:
    work = await under_terms(firm, TimeTerms(discount_percent=Decimal(10)))
    await work.log(["8"])
    await firm.read()
    assert await posted(firm) == [("2026-07-06", Decimal(8), Decimal(135))]
    assert await bill(firm) == 1
    assert await lines(firm) == [(Decimal(8), Decimal(135), Decimal(1080))]


@pytest.mark.slow
async def test_days_are_billed_as_days(firm: Firm) -> None:
    day = DayRate(hours_per_day=Decimal(8), rate=eur("1100"))
    work = await under_terms(firm, TimeTerms(day_rate=day))
    await work.log(["8", "3"])
    await firm.read()
    assert await bill(firm) == 1
    assert await lines(firm) == [(Decimal("1.5"), Decimal(1100), Decimal(1650))]


@pytest.mark.slow
async def test_slices_of_a_persons_day_are_rounded_together(firm: Firm) -> None:
    half = TimeRounding(increment=30, grain=RoundingGrain.PERSON_TASK_DAY)
    work = await under_terms(firm, TimeTerms(rounding=half))
    await work.log(["0.25"])
    await work.log(["0.25"])
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(75), 2)], "two quarters are one half"


@pytest.mark.slow
async def test_hours_are_rounded_where_a_line_is_made_of_them(firm: Firm) -> None:
    hour = TimeRounding(increment=60, grain=RoundingGrain.INVOICE_LINE)
    work = await under_terms(firm, TimeTerms(rounding=hour))
    await work.log(["2.25", "1.25"])
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(525), 2)], "3.5 h as worked"
    shown = await preview_billing(firm.app.engine, date(2026, 7, 31))
    assert [planned.total for planned in shown.plan.invoices] == [eur("600.00")]
    assert await bill(firm) == 1
    assert await lines(firm) == [(Decimal(4), Decimal(150), Decimal(600))]
    assert await ledger(firm) == [("invoiced", "EUR", Decimal(600), 2)]
    assert await bill(firm) == 0


@pytest.mark.slow
async def test_hours_over_a_persons_day_are_worked_for_nothing(firm: Firm) -> None:
    most = Cap(level=CapLevel.PERSON, hours=Decimal(8), period=CapPeriod.DAY,
               policy=CapPolicy.OVERFLOW)  # fmt: skip
    work = await under_terms(firm, None, most)
    await work.log(["10"])
    await firm.read()
    assert await parts(firm) == [
        ("2026-07-06", 1, Decimal(8), Decimal(1200)),
        ("2026-07-06", 2, Decimal(2), Decimal(0)),
    ]
    assert await bill(firm) == 1
    assert await lines(firm) == [(Decimal(8), Decimal(150), Decimal(1200))]
    assert await bill(firm) == 0
    assert await firm.open_holds() == []


@pytest.mark.slow
async def test_what_does_not_fit_a_cap_is_held_and_billed_once_it_is_raised(firm: Firm) -> None:
    def most(amount: str) -> Cap:
        return Cap(amount=eur(amount), policy=CapPolicy.SPLIT)

    work = await under_terms(firm, None, most("1500"))
    await work.log(["8", "8"])
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(1500), 2)]
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.amount) == ("cap_exceeded", "finance", Decimal("900.00"))
    assert await bill(firm) == 1

    await agree(firm, None, most("5000"))
    assert (await hold_actions.replay_hold(firm.app.engine, hold, "finance@firm.example")).done
    await firm.settle()
    assert await firm.open_holds() == []
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(1500), 2), ("posted", "EUR", Decimal(900), 1),
    ]  # fmt: skip
    assert await bill(firm) == 1
    assert await ledger(firm) == [("invoiced", "EUR", Decimal(2400), 3)]
    assert await entries(firm) == {"invoiced": 2}


@pytest.mark.slow
async def test_what_is_credited_in_part_gives_room_under_a_cap(firm: Firm) -> None:
    work = await under_terms(firm, None, Cap(amount=eur("1500")))
    await work.log(["8"])
    await firm.read()
    assert await bill(firm) == 1
    await credit_line(firm, Asked(1, amount=eur("300.00")))
    await work.log(["0", "4"])
    await firm.read()
    assert await firm.open_holds() == [], "1200 less 300, and 600 more are 1500"
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(900), 1), ("posted", "EUR", Decimal(600), 1),
    ]  # fmt: skip


@pytest.mark.slow
async def test_earlier_work_takes_the_cap_from_later_work(firm: Firm) -> None:
    work = await under_terms(firm, None, Cap(hours=Decimal(10)))
    await work.log(["0", "8"])
    await firm.read()
    assert await ledger(firm) == [("posted", "EUR", Decimal(1200), 1)]
    await work.log(["9"])
    await firm.read()
    assert await parts(firm) == [("2026-07-06", 1, Decimal(9), Decimal(1350))]
    hold = await firm.hold()
    assert (hold.code, hold.amount) == ("cap_exceeded", Decimal("1200.00"))
    assert "may not exceed 10 h" in hold.reason
    assert await entries(firm) == {"posted": 1, "held": 1}


@pytest.mark.slow
async def test_a_cap_that_warns_tells_each_percentage_once(firm: Firm) -> None:
    warn = Cap(amount=eur("2000"), policy=CapPolicy.WARN)
    work = await under_terms(firm, None, warn)
    for hours in (["8"], ["0", "4"], ["0", "0", "0.5"], ["0", "0", "0", "4"]):
        await work.log(hours)
        await firm.read()
    told = [event["data"] for event in await firm.events("contract.cap_reached")]
    assert told == [
        {"cap": "2,000.00 EUR", "level": "contract", "percent": 90},
        {"cap": "2,000.00 EUR", "level": "contract", "percent": 100},
    ]
    assert await ledger(firm) == [("posted", "EUR", Decimal(2475), 4)]


@pytest.mark.slow
async def test_terms_that_give_no_amount_hold_the_hours(firm: Firm) -> None:
    day = DayRate(hours_per_day=Decimal(8))
    both = TimeTerms(day_rate=day, overtime=Overtime(daily_threshold=Decimal(8)))
    work = await under_terms(firm, both)
    await work.log(["8"])
    await firm.read()
    hold = await firm.hold()
    assert (hold.code, hold.owner) == ("terms_unusable", "finance")
    assert "bills days, which have no overtime" in hold.reason
    assert await ledger(firm) == []


async def overtime_credited(firm: Firm, *, rebill: bool) -> None:
    """45 hours are invoiced, and the line of the 5 dear ones is credited."""
    work = await under_terms(firm, OVERTIME)
    await work.log(["9", "9", "9", "9", "9"])
    await firm.read()
    assert await bill(firm) == 1
    dear = next(n for n, (quantity, _, _) in enumerate(await lines(firm), 1) if quantity == 5)
    assert await credit_line(firm, Asked(dear), rebill) == eur("1125.00")
    assert await firm.open_holds() == []


@pytest.mark.slow
async def test_a_credited_overtime_line_is_billed_again_by_itself(firm: Firm) -> None:
    await overtime_credited(firm, rebill=True)
    assert await ledger(firm) == [
        ("invoiced", "EUR", Decimal(6000), 5), ("posted", "EUR", Decimal(1125), 1),
    ]  # fmt: skip


@pytest.mark.slow
async def test_an_entry_stays_invoiced_when_its_overtime_alone_is_credited(firm: Firm) -> None:
    await overtime_credited(firm, rebill=False)
    assert await ledger(firm) == [("invoiced", "EUR", Decimal(6000), 5)]
    assert await entries(firm) == {"invoiced": 5}


@pytest.mark.slow
async def test_an_amended_price_counts_for_overtime_too(firm: Firm) -> None:
    work = await under_terms(firm, OVERTIME)
    await work.log(["9", "9", "9", "9", "9"])
    await firm.read()
    line: tuple[Any, ...] = ("Consultant", Decimal(0), Decimal(160), None, True)
    await amend(work, Work_Starts_On__c="2026-07-10", lines=[line])
    await firm.read()
    assert (await parts(firm))[-2:] == [
        ("2026-07-10", 1, Decimal(4), Decimal(640)),
        ("2026-07-10", 2, Decimal(5), Decimal(1200)),
    ]
