"""Credits and work between companies with a real Tryton as the ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from tests.flows.ledger_tryton import TrytonFirm, a_tryton_firm
from tests.flows.test_tryton import accept, bill, books, hours_approved, states
from tests.flows.work import ledger, under_way
from tests.tryton_server.server import TrytonServer

from isthmus.canonical import Invoice, Resource
from isthmus.flows.credit_request import CreditRequest, request_credit
from isthmus.flows.intercompany import request_intercompany
from isthmus.kit.money import Money
from isthmus.rules.credit_checks import Asked
from isthmus.store.entries import INVOICED, POSTED, UNBILLABLE

__all__ = ["accept", "books"]

pytestmark = [pytest.mark.anyio, pytest.mark.tryton, pytest.mark.slow]

MORE = "policies:\n  intercompany: [{from: EA-NL, to: EA-US, method: cost_plus, percent: 10}]"


@pytest.fixture
async def firm(
    books: TrytonServer,
    database_url: str,
    tmp_path: Path,
) -> AsyncIterator[TrytonFirm]:
    async with a_tryton_firm(database_url, tmp_path, books, more=MORE) as made:
        yield made


async def credit(firm: TrytonFirm, *asked: Asked, rebill: bool = False) -> None:
    async with firm.app.database.begin() as tx:
        [invoice, *_] = sorted(await tx.records.list(Invoice), key=lambda i: i.reference)
    request = CreditRequest("Not agreed", date(2026, 8, 5), asked, rebill)
    await request_credit(firm.app.engine, invoice.id, request)
    await firm.settle()


async def test_a_part_the_rest_and_billed_again(firm: TrytonFirm) -> None:
    """35.5 hours at 150.00 with 21 %: 5325.00 and 6443.25."""
    await hours_approved(firm)
    await bill(firm)
    await credit(firm, Asked(1, quantity=Decimal("5.5")))
    assert await firm.holds() == []
    await firm.read("tryton")
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Amount_Due__c"], shown["Credited__c"]) == (
        "posted", Decimal("5445.00"), Decimal("998.25"),
    )  # fmt: skip
    assert await ledger(firm) == [("invoiced", "EUR", Decimal("4500.00"), 5)]
    await credit(firm, rebill=True)
    assert await firm.holds() == []
    invoice, *notes = firm.invoices()
    assert [(n["untaxed_amount"], n["state"]) for n in notes] == [
        (Decimal("-825.00"), "paid"), (Decimal("-4500.00"), "paid"),
    ]  # fmt: skip
    assert (invoice["state"], invoice["amount_to_pay"]) == ("paid", Decimal(0))
    assert {n["move."]["period."]["name"] for n in notes} == {"2026-08"}
    [shown] = firm.org.rows("Isthmus_Invoice__c")
    assert (shown["Status__c"], shown["Credited__c"]) == ("credited", Decimal("6443.25"))
    assert await states(firm) == {POSTED: 5}
    await bill(firm)
    assert await firm.holds() == []
    again = firm.invoices()[-1]
    assert (again["state"], again["total_amount"]) == ("posted", Decimal("6443.25"))
    assert await states(firm) == {INVOICED: 5}
    marks = {s["pse__Invoice_Number__c"] for s in firm.org.rows("pse__Timecard__c")}
    assert marks == {again["number"]}


async def test_a_credit_waits_for_its_period(firm: TrytonFirm) -> None:
    await hours_approved(firm)
    await bill(firm)
    firm.period("2026-08", "close")
    await firm.read("tryton")
    await credit(firm)
    hold = await firm.hold()
    assert (hold.state, hold.system, hold.period) == ("waiting_period", "tryton", "2026-08")
    assert len(firm.invoices()) == 1
    firm.period("2026-08", "reopen")
    await firm.read("tryton")
    await firm.wake()
    assert await firm.holds() == []
    assert [i["total_amount"] for i in firm.invoices()] == [
        Decimal("6443.25"), Decimal("-6443.25")
    ]  # fmt: skip
    assert await states(firm) == {UNBILLABLE: 5}


async def test_both_companies_books_have_their_side(firm: TrytonFirm) -> None:
    """8 hours at 80.00 euro and 10 %. In the American books they are dollars, at 1.1."""
    work = await under_way(
        firm, {"Name": "Quarry", "BillingCountry": "United States", "BillingCity": "New York",
               "BillingState": "NY", "Tax_Registration__c": None, "CurrencyIsoCode": "USD"},
        rate=165, Name="Quarry", CurrencyIsoCode="USD", Contracting_Entity__c="EA-US",
    )  # fmt: skip
    await work.log(["8"])
    await firm.read()
    async with firm.app.database.begin() as tx:
        for person in await tx.records.list(Resource):
            await tx.records.save(person.changed(cost_rate=Money.of("80.00", "EUR")))
    assert await request_intercompany(firm.app.engine, date(2026, 7, 31)) == 1
    await firm.settle()
    assert await firm.holds() == []
    due, rate = Decimal("704.00"), Decimal("1.1")
    assert firm.moves() == [
        ("EA-NL", "2026-07", {"1.2.3": due, "4.2.2": -due}),
        ("EA-US", "2026-07", {"5.2.1": due * rate, "2.1.4": -due * rate}),
    ]
    assert await request_intercompany(firm.app.engine, date(2026, 7, 31)) == 0
