from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from tests.connectors.tryton.conftest import opened
from tests.connectors.tryton.world import World, outgoing
from tests.tryton_server.server import TrytonServer

from isthmus.canonical import AccountingPeriod, Invoice, Payment
from isthmus.canonical.invoice import InvoiceStatus, LineKind
from isthmus.canonical.payment import Application
from isthmus.connect import Duplicate, Invalid, PeriodClosed, Watermark
from isthmus.connectors.tryton.system import TrytonSystem
from isthmus.kit.money import Money
from isthmus.sandbox.tryton import proxy

pytestmark = [pytest.mark.anyio, pytest.mark.tryton]


@pytest.fixture
async def customer(ledger: TrytonSystem, world: World) -> str:
    receipt = await ledger.put(outgoing(world.customer(name="Billed NV")))
    return receipt.external_id


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def count(world: World, invoice: Invoice) -> int:
    return world.rpc.count("account.invoice", ["reference", "=", invoice.reference])


async def test_posts_with_exact_totals(ledger: TrytonSystem, world: World, customer: str) -> None:
    """7.5 x 150.00 + 3 x 33.35 = 1225.05; tax per line at 21 %: 257.26."""
    lines = (
        world.line(1, cost_centre=str(world.ids["cost_centre:CONSULTING"])),
        world.line(2, kind=LineKind.MILESTONE, quantity=Decimal(3), unit_price=eur("33.35")),
    )
    invoice = world.invoice(customer, lines=lines, purchase_order="PO-77")
    receipt = await ledger.put(outgoing(invoice))
    said = receipt.attributes
    assert receipt.created
    assert said["status"] == InvoiceStatus.POSTED
    assert said["number"].startswith(f"INV{world.today.year}-")
    assert said["subtotal"] == eur("1225.05")
    assert said["tax_total"] == eur("257.26")
    assert said["total"] == eur("1482.31")
    assert said["amount_due"] == eur("1482.31")
    assert said["payment_terms"] == "Net 30"
    assert said["reference"] == invoice.reference
    assert said["posted_period"] == str(world.ids[f"period:{world.today:%Y-%m}"])
    assert "paid_on" not in said
    analytic = world.rpc.model(
        "analytic_account.line", "search_read",
        [["move_line.move.origin", "=", f"account.invoice,{receipt.external_id}"]],
        0, None, None, ["account", "credit", "debit"],
    )  # fmt: skip
    assert [(a["account"], a["credit"] - a["debit"]) for a in analytic] == [
        (world.ids["cost_centre:CONSULTING"], Decimal("1125.00"))
    ]
    change = await ledger.get(Invoice, receipt.external_id)
    assert change is not None
    assert change.canonical_id == invoice.id


async def test_the_same_invoice_twice_posts_once(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    invoice = world.invoice(customer)
    first = await ledger.put(outgoing(invoice))
    second = await ledger.put(outgoing(invoice))
    assert (first.created, second.created) == (True, False)
    assert second.external_id == first.external_id
    assert second.attributes == first.attributes
    found = await ledger.find(Invoice, {"reference": invoice.reference})
    assert [c.external_id for c in found] == [first.external_id]
    assert count(world, invoice) == 1


async def test_many_at_once_take_a_number_each(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    invoices = [world.invoice(customer) for _ in range(6)]
    receipts = await asyncio.gather(
        *(ledger.put(outgoing(invoice)) for invoice in invoices),
        *(ledger.put(outgoing(invoice)) for invoice in invoices),
    )
    assert len({r.attributes["number"] for r in receipts}) == 6
    assert sum(r.created for r in receipts) == 6
    assert [count(world, invoice) for invoice in invoices] == [1] * 6


@pytest.mark.parametrize("lost", ["create", "post"])
async def test_a_lost_answer_leaves_one_posted_invoice(
    tryton: TrytonServer, world: World, customer: str, lost: str
) -> None:
    invoice = world.invoice(customer)
    async with proxy(tryton.url) as between, opened(tryton, url=between.url) as ledger:
        between.lose = f"model.account.invoice.{lost}"
        receipt = await ledger.put(outgoing(invoice))
        assert between.lose is None
        assert between.calls.count("model.account.invoice.create") == 1
        assert between.calls.count("model.account.invoice.post") == 1
        again = await ledger.put(outgoing(invoice))
    assert receipt.attributes["status"] == InvoiceStatus.POSTED
    assert again.external_id == receipt.external_id
    assert count(world, invoice) == 1


async def test_a_draft_of_a_slow_lost_call_is_not_posted_too(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    """Two drafts with our reference, as a call leaves them that commits after its repetition."""
    invoice = world.invoice(customer)
    made = await ledger.put(outgoing(world.invoice(customer)))
    drafts = [world.rpc.model("account.invoice", "copy", [int(made.external_id)]) for _ in "12"]
    for (number,) in drafts:
        world.rpc.write("account.invoice", number, reference=invoice.reference)
    receipt = await ledger.put(outgoing(invoice))
    assert receipt.external_id == str(drafts[0][0])
    assert receipt.attributes["subtotal"] == eur("1125.00")
    assert count(world, invoice) == 1


async def test_a_reference_posted_with_another_amount_is_a_duplicate(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    invoice = world.invoice(customer)
    made = await ledger.put(outgoing(invoice))
    other = invoice.changed(lines=(world.line(1, quantity=Decimal(1)),))
    with pytest.raises(Duplicate) as caught:
        await ledger.put(outgoing(other))
    assert caught.value.existing_id == made.external_id
    assert count(world, invoice) == 1


async def test_payment_in_two_parts_shows_in_changes(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    receipt = await ledger.put(outgoing(world.invoice(customer)))
    mark = Watermark()

    async def latest() -> dict[str, object]:
        nonlocal mark
        seen: dict[str, object] = {}
        async for page in ledger.changes(Invoice, mark):
            mark = page.watermark
            seen |= {
                c.external_id: (
                    c.attributes["status"], c.attributes["amount_due"],
                    c.attributes.get("paid_on"),
                )
                for c in page.changes
            }  # fmt: skip
        return seen

    assert (await latest())[receipt.external_id] == (InvoiceStatus.POSTED, eur("1361.25"), None)
    world.pay(receipt.external_id, Decimal("361.25"), world.today)
    assert await latest() == {
        receipt.external_id: (InvoiceStatus.PARTIALLY_PAID, eur("1000.00"), world.today)
    }
    world.pay(receipt.external_id, Decimal("1000.00"), world.today)
    assert await latest() == {receipt.external_id: (InvoiceStatus.PAID, eur("0.00"), world.today)}
    assert await latest() == {}


async def test_payments_name_the_invoice_they_pay(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    receipt = await ledger.put(outgoing(world.invoice(customer)))
    mark = Watermark()
    async for page in ledger.changes(Payment, mark):
        mark = page.watermark
    world.pay(receipt.external_id, Decimal("361.25"), world.today)
    world.pay(receipt.external_id, Decimal("1000.00"), world.today)
    paid = [c.attributes async for page in ledger.changes(Payment, mark) for c in page.changes]
    assert paid == [
        {
            "customer": customer,
            "received_on": world.today,
            "reference": "bank",
            "amount": eur(amount),
            "applications": (
                Application(
                    invoice=receipt.external_id,
                    ledger_invoice=receipt.external_id,
                    amount=eur(amount),
                ),
            ),
        }
        for amount in ("361.25", "1000.00")
    ]


@pytest.fixture
def closed_march(tryton: TrytonServer) -> Iterator[int]:
    """March of last year, closed; last year has a number sequence of its own."""
    rpc = tryton.rpc()
    year = min(int(name[7:11]) for name in tryton.ids if name.startswith("period:"))
    period = tryton.ids[f"period:{year}-03"]
    rpc.model("account.period", "close", [period])
    yield period
    if rpc.read("account.period", period, "state")["state"] == "closed":
        rpc.model("account.period", "reopen", [period])


async def test_a_closed_period_waits_until_it_is_reopened(
    ledger: TrytonSystem, world: World, customer: str, closed_march: int
) -> None:
    day = date(world.today.year - 1, 3, 15)
    invoice = world.invoice(customer, issued_on=day)
    period = await ledger.get(AccountingPeriod, str(closed_march))
    assert period is not None
    assert period.attributes["state"] == "closed"
    with pytest.raises(PeriodClosed) as caught:
        await ledger.put(outgoing(invoice))
    assert caught.value.period == f"{day:%Y-%m}"
    assert count(world, invoice) == 0
    world.rpc.model("account.period", "reopen", [closed_march])
    receipt = await ledger.put(outgoing(invoice))
    assert receipt.attributes["status"] == InvoiceStatus.POSTED
    assert receipt.attributes["posted_period"] == str(closed_march)


async def test_a_day_outside_every_year_is_named(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await ledger.put(outgoing(world.invoice(customer, issued_on=date(2001, 5, 5))))
    assert caught.value.fields[0].field == "invoice_date"
    assert caught.value.fields[0].value == "2001-05-05"


async def test_lines_that_add_up_to_something_else_are_not_posted(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    invoice = world.invoice(customer, lines=(world.line(1, amount=eur("1000.00")),))
    with pytest.raises(Invalid, match=r"up to this, we to 1000\.00"):
        await ledger.put(outgoing(invoice))
    corrected = invoice.changed(lines=(world.line(1),))
    receipt = await ledger.put(outgoing(corrected))
    assert receipt.attributes["subtotal"] == eur("1125.00")
    assert count(world, invoice) == 1


async def test_tax_rules_decide_by_country_and_registration(
    tryton: TrytonServer, world: World
) -> None:
    taxes = [
        {"company": ["BE"], "customer": ["BE"], "taxes": ["VAT 6%"]},
        {"company": ["EU"], "customer": ["EU"], "registered": True, "taxes": ["Reverse charge"]},
        {"customer": ["US"], "taxes": []},
    ]
    async with opened(tryton, taxes=taxes) as ledger:
        totals = {}
        for country, number in (("BE", None), ("DE", "DE136695976"), ("DE", None), ("US", None)):
            party = world.customer(country=country, billing_address=None, tax_registration=number)
            made = await ledger.put(outgoing(party))
            receipt = await ledger.put(outgoing(world.invoice(made.external_id)))
            totals[country, number is not None] = receipt.attributes["tax_total"]
    assert totals == {
        ("BE", False): eur("67.50"),
        ("DE", True): eur("0.00"),
        ("DE", False): eur("236.25"),
        ("US", False): eur("0"),
    }


async def test_a_currency_of_its_own(ledger: TrytonSystem, world: World, customer: str) -> None:
    """Tryton taxes the unrounded line: 21 % of 749.925 is 157.48, where 749.93 would give .49."""
    line = world.line(1, unit_price=Money.of("99.99", "USD"))
    receipt = await ledger.put(outgoing(world.invoice(customer, currency="USD", lines=(line,))))
    assert receipt.attributes["subtotal"] == Money.of("749.93", "USD")
    assert receipt.attributes["tax_total"] == Money.of("157.48", "USD")


async def test_one_bad_invoice_does_not_stop_the_batch(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    good, bad = world.invoice(customer), world.invoice(customer, lines=())
    results = await ledger.put_many([outgoing(bad), outgoing(good)])
    assert isinstance(results[0], Invalid)
    assert not isinstance(results[1], Exception)
    assert results[1].attributes["status"] == InvoiceStatus.POSTED


@pytest.mark.parametrize(
    ("hours", "price", "amount"),
    [("7.5", "99.99", "749.93"), ("0.5", "0.25", "0.13"), ("100.5", "99.97", "10046.99")],
)
async def test_half_a_cent_rounds_as_ours(
    ledger: TrytonSystem, world: World, customer: str, hours: str, price: str, amount: str
) -> None:
    """Tryton alone would say 749.92, 0.12 and 10046.98: half to the even cent."""
    line = world.line(1, quantity=Decimal(hours), unit_price=eur(price))
    receipt = await ledger.put(outgoing(world.invoice(customer, lines=(line,))))
    assert receipt.attributes["subtotal"] == eur(amount)


async def test_an_invoice_that_comes_late_is_dated_by_its_number(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    """The period that it posts to stays its own."""
    year = world.today.year - 1
    june = await ledger.put(outgoing(world.invoice(customer, issued_on=date(year, 6, 30))))
    may = await ledger.put(outgoing(world.invoice(customer, issued_on=date(year, 5, 31))))
    assert may.attributes["posted_period"] == str(world.ids[f"period:{year}-05"])
    made = world.rpc.read(
        "account.invoice", int(may.external_id), "invoice_date", "accounting_date"
    )  # fmt: skip
    assert made["invoice_date"] == date(year, 6, 30)
    assert made["accounting_date"] == date(year, 5, 31)
    assert june.attributes["number"] < may.attributes["number"]


async def test_our_drafts_are_not_read_as_invoices(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    """They are about to be posted, or left over from a lost call; other drafts are news."""
    made = await ledger.put(outgoing(invoice := world.invoice(customer, reference="C-0001-7")))
    change = await ledger.get(Invoice, made.external_id)
    assert change is not None
    assert change.canonical_id == invoice.id
    [ours] = world.rpc.model("account.invoice", "copy", [int(made.external_id)])
    [foreign] = world.rpc.model("account.invoice", "copy", [int(made.external_id)])
    line = world.rpc.read("account.invoice", foreign, "lines")["lines"][0]
    world.rpc.write("account.invoice.line", line, note=None)
    seen = {
        c.external_id async for page in ledger.changes(Invoice, Watermark()) for c in page.changes
    }
    assert str(ours) not in seen
    assert {made.external_id, str(foreign)} <= seen
    world.rpc.model("account.invoice", "delete", [ours, foreign])
