"""Hours worked for a sister company: both ledgers mirror each other, and move by differences."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.firm import Firm, a_firm, two_firms
from tests.flows.test_billing_schedule import a_process
from tests.flows.work import SECOND, Work, bill, under_way
from tests.landscapes import BOTH_BOOKS

from isthmus.canonical import Resource
from isthmus.flows.billing_schedule import bill_when_due
from isthmus.flows.intercompany import request_intercompany
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio

JULY = date(2026, 7, 31)
NUMBERS = {
    "due_from": "1500", "due_to": "2500", "intercompany_revenue": "4500", "cost_of_revenue": "5000",
}  # fmt: skip
CHART = {
    "account": [{"externalId": n, "acctNumber": n, "acctName": name} for name, n in NUMBERS.items()]
}
COST_PLUS = "{from: EA-NL, to: EA-US, method: cost_plus, percent: 10}"


def policies(*prices: str) -> str:
    return "policies:\n  intercompany: [" + ", ".join(prices) + "]"


@pytest.fixture
async def firm(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path, more=policies(COST_PLUS), accounts=NUMBERS) as made:
        await made.books.control("seed", CHART)
        yield made


async def cost(firm: Firm, amount: str | None, currency: str = "EUR") -> None:
    """What HR says that an hour of everyone costs."""
    async with firm.app.database.begin() as tx:
        for person in await tx.records.list(Resource):
            rate = None if amount is None else Money.of(amount, currency)
            await tx.records.save(person.changed(cost_rate=rate))


async def american(firm: Firm, hours: list[str]) -> Work:
    """Consultant One of the Dutch company works for the American one's client, in dollars."""
    work = await under_way(
        firm, {"Name": "Quarry", "BillingCountry": "United States", "BillingCity": "New York",
               "BillingState": "NY", "Tax_Registration__c": None, "CurrencyIsoCode": "USD"},
        rate=165, Name="Quarry", CurrencyIsoCode="USD", Contracting_Entity__c="EA-US",
    )  # fmt: skip
    await work.log(hours)
    await firm.read()
    assert await firm.open_holds() == []
    return work


async def charge(firm: Firm, up_to: date = JULY) -> int:
    asked = await request_intercompany(firm.app.engine, up_to)
    await firm.settle()
    return asked


async def entries(firm: Firm) -> list[tuple[str, str, str, list[tuple[str, Decimal]]]]:
    """(company, day, currency, lines as account and debit less credit) of the ledger's entries."""
    names = {s["id"]: s["externalId"] for s in await firm.books.rows("subsidiary")}
    symbols = {c["id"]: c["symbol"] for c in await firm.books.rows("currency")}
    numbers = {a["id"]: a["acctNumber"] for a in await firm.books.rows("account")}
    return [
        (names[e["subsidiary"]["id"]], e["tranDate"], symbols[e["currency"]["id"]],
         [(numbers[n["account"]["id"]], n.get("debit", 0) - n.get("credit", 0))
          for n in e["line"]["items"]])
        for e in await firm.books.rows("journalEntry")
    ]  # fmt: skip


def pair(amount: str, day: str = "2026-07-31", currency: str = "EUR") -> list[Any]:
    value = Decimal(amount)
    return [
        ("EA-NL", day, currency, [("1500", value), ("4500", -value)]),
        ("EA-US", day, currency, [("5000", value), ("2500", -value)]),
    ]


async def test_both_sides_mirror_to_the_cent(firm: Firm) -> None:
    """7.5 and 4 hours at 80.33 and 10 %: 662.72 and 353.45."""
    await american(firm, ["7.5", "4"])
    await cost(firm, "80.33")
    assert await charge(firm) == 1
    assert await firm.open_holds() == []
    assert await entries(firm) == pair("1016.17")
    performing, contracting = await firm.books.rows("journalEntry")
    [project] = await firm.books.rows("job")
    [department] = await firm.books.rows("department")
    revenue, spent = performing["line"]["items"][1], contracting["line"]["items"][0]
    assert revenue["department"]["id"] == department["id"]
    assert spent["entity"]["id"] == revenue["entity"]["id"] == project["id"]
    assert performing["memo"] == contracting["memo"]
    assert "Work of EA-NL for EA-US in 2026-07" in performing["memo"]
    [told] = await firm.events("intercompany.posted")
    assert told["data"]["amounts"] == ["1,016.17 EUR"]
    assert told["data"]["numbers"] == [performing["tranId"], contracting["tranId"]]
    assert await charge(firm) == 0
    assert await bill(firm) == 1
    assert await charge(firm) == 0
    assert len(await entries(firm)) == 2


@pytest.mark.slow
async def test_late_and_changed_hours_post_the_difference(firm: Firm) -> None:
    work = await american(firm, ["8"])
    await cost(firm, "80.00")
    await charge(firm)
    assert await entries(firm) == pair("704.00")
    await cost(firm, "100.00")
    assert await charge(firm) == 0, "a raise changes nothing that is done"
    [header] = firm.org.rows("pse__Timecard_Header__c")
    await firm.org.update(
        "pse__Timecard_Header__c", header["Id"], pse__Monday_Hours__c=6, pse__Tuesday_Hours__c=2,
        pse__Admin_Global_Edit__c=True, pse__Audit_Notes__c="corrected",
    )  # fmt: skip
    await firm.read()
    assert await charge(firm) == 1
    assert await firm.open_holds() == []
    # Two hours less at the 80.00 they were priced at, and two late hours at 100.00, with 10 %.
    assert await entries(firm) == pair("704.00") + pair("44.00")
    assert await charge(firm) == 0
    assert work.deal


@pytest.mark.slow
async def test_hours_that_are_withdrawn_are_given_back(firm: Firm) -> None:
    await american(firm, ["8"])
    await cost(firm, "80.00")
    await charge(firm)
    [header] = firm.org.rows("pse__Timecard_Header__c")
    await firm.org.update(
        "pse__Timecard_Header__c", header["Id"], pse__Monday_Hours__c=0,
        pse__Admin_Global_Edit__c=True, pse__Audit_Notes__c="not worked",
    )  # fmt: skip
    await firm.read()
    assert await charge(firm) == 1
    assert await entries(firm) == pair("704.00") + pair("-704.00")
    assert await charge(firm) == 0


@pytest.mark.slow
async def test_a_missing_cost_is_held_and_the_rest_follows(firm: Firm) -> None:
    await american(firm, ["8"])
    await cost(firm, None)
    assert await charge(firm) == 1
    hold = await firm.hold()
    assert (hold.code, hold.owner, hold.object_kind) == ("cost_rate_missing", "finance", "resource")
    assert "worked 8 hours for EA-US in 2026-07" in hold.reason
    assert await entries(firm) == []
    await charge(firm)
    assert len(await firm.open_holds()) == 1
    await cost(firm, "80.00")
    await charge(firm)
    assert await firm.open_holds() == []
    assert await entries(firm) == pair("704.00")


@pytest.mark.slow
async def test_a_closed_period_is_waited_for(firm: Firm) -> None:
    await american(firm, ["8"])
    await cost(firm, "80.00")
    await firm.books.control("periods", {"period": "Jul 2026", "closed": True})
    await firm.read("netsuite")
    await charge(firm)
    hold = await firm.hold()
    assert (hold.state, hold.period, hold.amount) == ("waiting_period", "Jul 2026", None)
    assert await charge(firm) == 0, "it is asked for already"
    await firm.books.control("periods", {"period": "Jul 2026", "closed": False})
    await firm.read("netsuite")
    await firm.wake()
    assert await firm.open_holds() == []
    assert await entries(firm) == pair("704.00")


@pytest.mark.slow
async def test_a_lost_answer_makes_no_second_entry(firm: Firm) -> None:
    await american(firm, ["8"])
    await cost(firm, "80.00")
    await firm.books.control(
        "faults",
        {"kind": "timeout_after_commit", "method": "PUT", "path": "/record/v1/journalEntry",
         "times": 2},
    )  # fmt: skip
    await charge(firm)
    assert await firm.open_holds() == []
    assert await entries(firm) == pair("704.00")


@pytest.mark.parametrize(
    ("price", "amount", "currency"),
    [
        ("{from: EA-NL, to: EA-US, method: cost}", "640.00", "EUR"),
        ("{from: EA-NL, to: EA-US, method: percent_of_client_rate, percent: 62.5}", "825.00",
         "USD"),
    ],
)  # fmt: skip
@pytest.mark.slow
async def test_other_methods(
    database_url: str, tmp_path: Path, price: str, amount: str, currency: str
) -> None:
    async with a_firm(database_url, tmp_path, more=policies(price), accounts=NUMBERS) as firm:
        await firm.books.control("seed", CHART)
        await american(firm, ["8"])
        await cost(firm, "80.00")
        await charge(firm)
        assert await firm.open_holds() == []
        assert await entries(firm) == pair(amount, currency=currency)


@pytest.mark.slow
async def test_it_is_asked_by_the_clock_of_billing(firm: Firm) -> None:
    await american(firm, ["8"])
    await cost(firm, "80.00")
    async with a_process(firm, 3) as app:
        assert await bill_when_due(app.engine, datetime(2026, 8, 3, 8, tzinfo=UTC)) == 1
        await firm.settle()
    assert await firm.open_holds() == []
    assert await entries(firm) == pair("704.00")
    assert len(await firm.books.rows("invoice")) == 1


@pytest.mark.slow
async def test_work_of_the_own_company_is_not_charged(firm: Firm) -> None:
    work = await under_way(firm)
    await work.log(["8"], SECOND)
    await firm.read()
    await cost(firm, "80.00")
    assert await charge(firm) == 0


@pytest.mark.slow
async def test_two_ledgers_and_the_second_side_fails(database_url: str, tmp_path: Path) -> None:
    """The American books have no account for what is due; the Dutch ones are posted already."""
    more = policies("{from: EA-US, to: EA-NL, method: cost}")
    async with two_firms(database_url, tmp_path, erp=BOTH_BOOKS, more=more, accounts=NUMBERS) as (
        firm,
        acquired,
    ):
        await acquired.books.control("seed", CHART)
        work = await under_way(firm)
        async with firm.app.database.begin() as tx:
            for person in await tx.records.list(Resource):
                own = {"legal_entity": "EA-US", "cost_rate": Money.of("90.00", "USD")}
                await tx.records.save(person.changed(**own))
        await work.log(["8"])
        await firm.read()
        await charge(firm)
        [first] = await acquired.books.rows("journalEntry")
        assert await firm.books.rows("journalEntry") == []
        [hold] = [h for h in await firm.open_holds() if h.flow == "intercompany"]
        assert hold.reason.endswith(
            f"journal entry {first['tranId']} of EA-US is posted and waits for it"
        )
        await firm.books.control("seed", CHART)
        await firm.replay(hold)
        [second] = await firm.books.rows("journalEntry")
        debits = [e["line"]["items"][0]["debit"] for e in (first, second)]
        assert debits == [Decimal("720.00"), Decimal("720.00")]
        assert [h for h in await firm.open_holds() if h.flow == "intercompany"] == []
