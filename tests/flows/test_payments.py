"""What a payment pays: our invoice by our id, whatever its ledger calls it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.firm import Firm
from tests.flows.work import bill, under_way

from isthmus.canonical import Invoice, Payment
from isthmus.canonical.payment import Application
from isthmus.kit.money import Money

pytestmark = pytest.mark.anyio
PAID = Money.of("700.00", "EUR")


async def billed(firm: Firm) -> tuple[str, str]:
    """The id of an invoice over eight hours, and the ledger's own."""
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    assert await bill(firm) == 1
    async with firm.app.database.begin() as tx:
        [invoice] = await tx.records.list(Invoice)
        external = await tx.xref.external("invoice", "netsuite", invoice.id)
    assert external is not None
    assert invoice.total == Money.of("1452.00", "EUR")
    return invoice.id, external


async def pay(firm: Firm, invoice: str) -> None:
    paid = {"invoice": invoice, "amount": 700, "date": "2026-08-20"}
    await firm.books.control("pay", paid)
    await firm.read("netsuite")


async def applied(firm: Firm) -> list[tuple[Application, ...]]:
    async with firm.app.database.begin() as tx:
        return [payment.applications for payment in await tx.records.list(Payment)]


async def test_a_payment_names_our_invoice_and_keeps_the_ledgers_id_beside(firm: Firm) -> None:
    ours, theirs = await billed(firm)
    await pay(firm, theirs)
    named = Application(invoice=ours, ledger_invoice=theirs, amount=PAID)
    assert await applied(firm) == [(named,)]


async def test_an_invoice_that_becomes_known_later_is_named_then(firm: Firm) -> None:
    """The ledger has the invoice; that it is ours is known only after its payment was read."""
    ours, theirs = await billed(firm)
    async with firm.app.database.begin() as tx:
        await tx.xref.unlink("invoice", ours, "netsuite")
    await firm.books.control("pay", {"invoice": theirs, "amount": 700, "date": "2026-08-20"})
    await firm.app.readers["netsuite"].poll([Payment])
    unknown = Application(invoice=theirs, ledger_invoice=theirs, amount=PAID)
    assert await applied(firm) == [(unknown,)]
    told = len(await firm.events("payment.changed"))

    assert await firm.app.readers["netsuite"].poll([Invoice]) == 1
    named = Application(invoice=ours, ledger_invoice=theirs, amount=PAID)
    assert await applied(firm) == [(named,)]
    events = await firm.events("payment.changed")
    assert len(events) == told + 1
    assert events[-1]["data"] == {
        "version": 2, "attributes": ["applications"], "connection": "netsuite",
    }  # fmt: skip
    await firm.app.readers["netsuite"].poll([Payment])
    assert len(await firm.events("payment.changed")) == told + 1, "it says nothing new"


async def test_a_payment_of_an_invoice_that_is_none_of_ours_keeps_the_ledgers_id(
    firm: Firm,
) -> None:
    await billed(firm)
    [customer] = await firm.books.rows("customer")
    [item] = [i for i in await firm.books.rows("serviceSaleItem") if i["itemId"] == "Consulting"]
    foreign = {
        "entity": {"id": customer["id"]}, "tranDate": "2026-07-20",
        "item": {"items": [{"item": {"id": item["id"]}, "quantity": Decimal(1),
                            "rate": Decimal(700), "amount": Decimal(700)}]},
    }  # fmt: skip
    [made] = (await firm.books.control("seed", {"invoice": [foreign]}))["ids"]["invoice"]
    await pay(firm, str(made))
    theirs = str(made)
    assert await applied(firm) == [
        (Application(invoice=theirs, ledger_invoice=theirs, amount=PAID),)
    ]
