"""Credit memos in NetSuite: from their invoice, applied to it, written once, read back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from isthmus.canonical import CreditMemo, Invoice
from isthmus.canonical.credit_memo import CreditMemoStatus
from isthmus.canonical.invoice import InvoiceStatus
from isthmus.connect import PeriodClosed
from isthmus.connectors.netsuite.system import NetSuite
from isthmus.kit.ids import new_id
from isthmus.kit.money import Money

from .conftest import Sandbox
from .firm import Firm, out, read

pytestmark = pytest.mark.anyio


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


async def billed(erp: NetSuite, sandbox: Sandbox) -> tuple[Firm, Invoice, str]:
    """999.98 and 21 %: 1209.98."""
    firm = await Firm.of(sandbox)
    customer = (await erp.put(out(firm.customer()))).external_id
    invoice = firm.invoice(customer)
    return firm, invoice, (await erp.put(out(invoice))).external_id


def memo(invoice: Invoice, external_id: str, amount: str, **more: Any) -> CreditMemo:
    line = invoice.lines[0].model_copy(
        update={"quantity": Decimal(1), "unit_price": eur(amount), "amount": eur(amount)}
    )
    values: dict[str, Any] = {
        "id": new_id(), "reference": "C-1-C1", "invoice": external_id,
        "customer": invoice.customer, "legal_entity": invoice.legal_entity, "currency": "EUR",
        "issued_on": date(2026, 2, 20), "period": invoice.period, "reason": "Not agreed",
        "lines": (line,), **more,
    }  # fmt: skip
    return CreditMemo(**values)


async def standing(erp: NetSuite, external_id: str) -> tuple[Any, ...]:
    change = await erp.get(Invoice, external_id)
    assert change is not None
    said = change.attributes
    return said["status"], said["amount_due"], said["credited"]


async def test_it_is_written_once_and_applied(erp: NetSuite, sandbox: Sandbox) -> None:
    firm, invoice, billed_as = await billed(erp, sandbox)
    part = memo(invoice, billed_as, "99.98")
    first, second = await erp.put(out(part)), await erp.put(out(part))
    assert (first.created, second.created) == (True, False)
    assert first.attributes == second.attributes == {
        "number": f"CM{firm.nl}-00001", "currency": "EUR", "posted_period": firm.february,
        "subtotal": eur("99.98"), "tax_total": eur("21.00"), "total": eur("120.98"),
        "unapplied": eur("0"), "status": CreditMemoStatus.APPLIED,
    }  # fmt: skip
    assert await standing(erp, billed_as) == (
        InvoiceStatus.POSTED, eur("1089.00"), eur("120.98")
    )  # fmt: skip
    await erp.put(out(memo(invoice, billed_as, "900.00")))
    assert await standing(erp, billed_as) == (InvoiceStatus.CREDITED, eur("0"), eur("1209.98"))
    changes, _ = await read(erp, CreditMemo)
    assert [c.canonical_id for c in changes].count(part.id) == 1
    assert len(changes) == 2


async def test_money_and_credit_together_are_paid(erp: NetSuite, sandbox: Sandbox) -> None:
    _, invoice, billed_as = await billed(erp, sandbox)
    pay = {"invoice": billed_as, "date": "2026-02-18"}
    await sandbox.control("pay", {**pay, "amount": 209.98})
    await erp.put(out(memo(invoice, billed_as, "500.00")))
    assert await standing(erp, billed_as) == (
        InvoiceStatus.PARTIALLY_PAID, eur("395.00"), eur("605.00")
    )  # fmt: skip
    await sandbox.control("pay", {**pay, "amount": 395})
    assert await standing(erp, billed_as) == (InvoiceStatus.PAID, eur("0"), eur("605.00"))
    late = await erp.put(out(memo(invoice, billed_as, "100.00")))
    assert late.attributes["status"] == CreditMemoStatus.POSTED
    assert late.attributes["unapplied"] == eur("121.00")


async def test_a_lost_answer_and_a_closed_period(erp: NetSuite, sandbox: Sandbox) -> None:
    _, invoice, billed_as = await billed(erp, sandbox)
    await sandbox.control("periods", {"period": "Feb 2026", "closed": True})
    with pytest.raises(PeriodClosed) as caught:
        await erp.put(out(memo(invoice, billed_as, "100.00")))
    assert caught.value.period == "Feb 2026"
    assert await sandbox.rows("creditMemo") == []
    await sandbox.control("periods", {"period": "Feb 2026", "closed": False})
    await sandbox.faults(
        kind="timeout_after_commit", method="PUT", path="/record/v1/creditMemo", times=1
    )
    await erp.put(out(memo(invoice, billed_as, "100.00")))
    assert len(await sandbox.rows("creditMemo")) == 1


async def test_a_credit_made_by_hand_shows_on_the_invoice_alone(
    erp: NetSuite, sandbox: Sandbox
) -> None:
    _, invoice, billed_as = await billed(erp, sandbox)
    by_hand = {
        "entity": {"id": invoice.customer}, "tranDate": "2026-02-21",
        "item": {"items": [{"item": {"externalId": "consulting"}, "quantity": 1, "rate": 100}]},
        "apply": {"items": [{"doc": {"id": billed_as}, "apply": True}]},
    }  # fmt: skip
    await sandbox.control("seed", {"creditMemo": [by_hand, {**by_hand, "externalId": "other-1"}]})
    assert (await standing(erp, billed_as))[2] == eur("242.00")
    assert (await read(erp, CreditMemo))[0] == []
