"""Money against invoices: part payments, credits, over-application, and taking it back."""

from typing import Any

import pytest

from .conftest import RECORD, Api, invoice, line

pytestmark = pytest.mark.anyio


def payment(amount: float, *applied: tuple[str, float], **more: Any) -> dict[str, Any]:
    items = [{"doc": {"id": doc}, "amount": part, "apply": True} for doc, part in applied]
    return {
        "customer": {"externalId": "cust-nl"},
        "payment": amount,
        "tranDate": "2026-02-20",
        "apply": {"items": items},
    } | more


async def standing(api: Api, row_id: str) -> tuple[float, float, str]:
    shown = await api.get("invoice", row_id)
    return shown["amountPaid"], shown["amountRemaining"], shown["status"]["id"]


async def test_part_payments_until_paid_in_full(api: Api) -> None:
    row_id = await api.create("invoice", **invoice())
    await api.create("customerPayment", **payment(1000, (row_id, 200.05)))
    assert await standing(api, row_id) == (200.05, 1009.95, "Open")
    second = await api.create("customerPayment", **payment(1009.95, (row_id, 1009.95)))
    assert await standing(api, row_id) == (1210.0, 0.0, "Paid In Full")
    shown = await api.get("customerPayment", second)
    assert (shown["applied"], shown["unapplied"]) == (1009.95, 0.0)
    await api.send("DELETE", f"{RECORD}/customerPayment/{second}")
    assert await standing(api, row_id) == (200.05, 1009.95, "Open")


async def test_one_payment_over_two_invoices(api: Api) -> None:
    first = await api.create("invoice", **invoice())
    second = await api.create("invoice", **invoice("cust-nl", line(1, 100)))
    await api.create("customerPayment", **payment(1300, (first, 1210), (second, 90)))
    assert await standing(api, first) == (1210.0, 0.0, "Paid In Full")
    assert await standing(api, second) == (90.0, 31.0, "Open")


@pytest.mark.parametrize(
    ("amount", "applied", "path"),
    [
        (2000, 1210.01, "apply.items[0].amount"),
        (100, 100.01, "apply.items[0].amount"),
        (100, 0, "apply.items[0].amount"),
        (0, 1, "payment"),
    ],
)
async def test_too_much_is_refused(api: Api, amount: float, applied: float, path: str) -> None:
    row_id = await api.create("invoice", **invoice())
    body = payment(amount, (row_id, applied))
    refusal = await api.refused("POST", f"{RECORD}/customerPayment", body)
    assert refusal == (400, "USER_ERROR", path)
    assert await standing(api, row_id) == (0.0, 1210.0, "Open")
    assert await api.rows("customerPayment") == []


async def test_another_customers_invoice_is_refused(api: Api) -> None:
    row_id = await api.create("invoice", **invoice("cust-de"))
    body = payment(100, (row_id, 100))
    refusal = await api.refused("POST", f"{RECORD}/customerPayment", body)
    assert refusal == (400, "USER_ERROR", "apply.items[0].doc")


async def test_a_credit_memo_with_tax_pays_the_invoice(api: Api) -> None:
    row_id = await api.create("invoice", **invoice())
    credit = invoice("cust-nl", line(1, 100)) | {
        "apply": {"items": [{"doc": {"id": row_id}, "apply": True}]}
    }
    memo = await api.create("creditMemo", **credit)
    assert await standing(api, row_id) == (121.0, 1089.0, "Open")
    shown = await api.get("creditMemo", memo)
    assert (shown["total"], shown["unapplied"], shown["status"]["id"]) == (
        121.0,
        0.0,
        "Fully Applied",
    )


async def test_a_paid_invoice_is_neither_deleted_nor_made_smaller(api: Api) -> None:
    row_id = await api.create("invoice", **invoice())
    await api.control("pay", {"invoice": row_id, "amount": 1200, "date": "2026-02-20"})
    path = f"{RECORD}/invoice/{row_id}"
    assert (await api.refused("DELETE", path))[1] == "USER_ERROR"
    smaller = {"item": {"items": [{"line": 1, "quantity": 1}]}}
    assert await api.refused("PATCH", path, smaller) == (400, "USER_ERROR", "item")
    assert await standing(api, row_id) == (1200.0, 10.0, "Open")


async def test_a_receipt_in_the_screens(api: Api) -> None:
    row_id = await api.create("invoice", **invoice(externalId="inv-7"))
    paid = await api.control("pay", {"invoice": "eid:inv-7", "date": "2026-02-20"})
    assert paid["invoice"] == {
        "id": row_id,
        "tranId": "INV1-00001",
        "status": {"id": "Paid In Full"},
        "amountPaid": 1210.0,
        "amountRemaining": 0.0,
    }


async def test_a_voided_invoice_owes_nothing(api: Api) -> None:
    row_id = await api.create("invoice", **invoice())
    await api.control("void", {"invoice": row_id})
    assert await standing(api, row_id) == (0.0, 0.0, "Voided")
    body = payment(10, (row_id, 10))
    assert (await api.refused("POST", f"{RECORD}/customerPayment", body))[2] == (
        "apply.items[0].doc"
    )
