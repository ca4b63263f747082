"""Credit notes of a real Tryton: exact lines, applied to their invoice, once."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.connectors.tryton.conftest import opened
from tests.connectors.tryton.world import World, outgoing
from tests.tryton_server.server import TrytonServer

from isthmus.canonical import CreditMemo, Invoice, Payment
from isthmus.canonical.credit_memo import CreditMemoStatus
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.connect import PeriodClosed, Unavailable, Watermark
from isthmus.connectors.tryton.system import TrytonSystem
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money
from isthmus.sandbox.tryton import proxy

pytestmark = [pytest.mark.anyio, pytest.mark.tryton]


@pytest.fixture
async def customer(ledger: TrytonSystem, world: World) -> str:
    receipt = await ledger.put(outgoing(world.customer(name="Credited NV")))
    return receipt.external_id


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def memo(world: World, invoice: Invoice, receipt_id: str, *lines: Any, **more: Any) -> CreditMemo:
    key = new_id()
    values: dict[str, Any] = {
        "id": key, "reference": f"CM-{key}", "invoice": receipt_id,
        "customer": invoice.customer, "legal_entity": invoice.legal_entity, "currency": "EUR",
        "issued_on": world.today, "reason": "Half a day too many",
        "lines": lines or invoice.lines, **more,
    }  # fmt: skip
    return CreditMemo(**values)


async def standing(ledger: TrytonSystem, external_id: str) -> tuple[Any, ...]:
    change = await ledger.get(Invoice, external_id)
    assert change is not None
    said = change.attributes
    return said["status"], said["amount_due"], said["credited"], said.get("paid_on")


async def test_a_part_and_then_the_rest(ledger: TrytonSystem, world: World, customer: str) -> None:
    """7.5 x 150.00 with 21 %: 1361.25. Back go 2.5 hours (453.75), then what is left."""
    invoice = world.invoice(customer)
    billed = (await ledger.put(outgoing(invoice))).external_id
    part = memo(world, invoice, billed, world.line(1, quantity=Decimal("2.5")))
    first = await ledger.put(outgoing(part))
    assert first.attributes["number"].startswith(f"CRN{world.today.year}-")
    assert {k: first.attributes[k] for k in ("subtotal", "tax_total", "total", "unapplied")} == {
        "subtotal": eur("375.00"), "tax_total": eur("78.75"), "total": eur("453.75"),
        "unapplied": eur("0"),
    }  # fmt: skip
    assert first.attributes["status"] == CreditMemoStatus.APPLIED
    assert await standing(ledger, billed) == (
        InvoiceStatus.POSTED, eur("907.50"), eur("453.75"), None
    )  # fmt: skip
    again = await ledger.put(outgoing(part))
    assert (again.created, again.external_id) == (False, first.external_id)

    rest = memo(world, invoice, billed, world.line(1, quantity=Decimal(5)))
    await ledger.put(outgoing(rest))
    assert await standing(ledger, billed) == (
        InvoiceStatus.CREDITED, eur("0.00"), eur("1361.25"), None
    )  # fmt: skip
    assert world.rpc.count("account.invoice", ["reference", "like", "CM-%"],
                           ["party", "=", int(customer)]) == 2  # fmt: skip
    seen = [c async for page in ledger.changes(CreditMemo, Watermark()) for c in page.changes]
    assert {c.canonical_id for c in seen} >= {part.id, rest.id}
    paid = [c async for page in ledger.changes(Payment, Watermark()) for c in page.changes]
    assert [c for c in paid if c.attributes["customer"] == customer] == []


async def test_a_paid_invoice_leaves_the_credit_open(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    invoice = world.invoice(customer)
    billed = (await ledger.put(outgoing(invoice))).external_id
    world.pay(billed, Decimal("1361.25"), world.today)
    receipt = await ledger.put(outgoing(memo(world, invoice, billed)))
    assert receipt.attributes["status"] == CreditMemoStatus.POSTED
    assert receipt.attributes["unapplied"] == eur("1361.25")
    assert await standing(ledger, billed) == (
        InvoiceStatus.PAID, eur("0"), eur("0"), world.today
    )  # fmt: skip


async def test_a_part_that_is_no_round_quantity_is_exact(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    invoice = world.invoice(customer, lines=(world.line(1, unit_price=eur("99.99")),))
    billed = (await ledger.put(outgoing(invoice))).external_id
    odd = world.line(1, quantity=Decimal("3.33"), unit_price=eur("99.99"), amount=eur("333.00"))
    receipt = await ledger.put(outgoing(memo(world, invoice, billed, odd)))
    assert receipt.attributes["subtotal"] == eur("333.00")


@pytest.mark.parametrize(
    "lost", ["model.account.invoice.create", "model.account.invoice.post",
             "model.account.invoice.write", "wizard.account.move.reconcile_lines.execute"]
)  # fmt: skip
async def test_a_lost_answer_leaves_one_note(
    tryton: TrytonServer, ledger: TrytonSystem, world: World, customer: str, lost: str
) -> None:
    invoice = world.invoice(customer)
    billed = (await ledger.put(outgoing(invoice))).external_id
    whole = memo(world, invoice, billed)
    async with proxy(tryton.url) as between, opened(tryton, url=between.url) as books:
        between.lose = lost
        with suppress(Unavailable):
            await books.put(outgoing(whole))
        await books.put(outgoing(whole))
        assert between.lose is None
    assert world.rpc.count("account.invoice", ["reference", "=", whole.reference]) == 1
    assert await standing(ledger, billed) == (
        InvoiceStatus.CREDITED, eur("0.00"), eur("1361.25"), None
    )  # fmt: skip


async def test_a_closed_period_writes_nothing(
    ledger: TrytonSystem, world: World, customer: str
) -> None:
    invoice = world.invoice(customer)
    billed = (await ledger.put(outgoing(invoice))).external_id
    year = world.today.year - 1
    period = world.ids[f"period:{year}-05"]
    world.rpc.model("account.period", "close", [period])
    late = memo(world, invoice, billed, issued_on=date(year, 5, 31))
    try:
        with pytest.raises(PeriodClosed) as caught:
            await ledger.put(outgoing(late))
        assert caught.value.period == f"{year}-05"
        assert world.rpc.count("account.invoice", ["reference", "=", late.reference]) == 0
    finally:
        world.rpc.model("account.period", "reopen", [period])
