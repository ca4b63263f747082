"""Invoices: amounts to the minor unit, tax, due date, status, and what is refused."""

from typing import Any

import pytest

from .conftest import RECORD, Api, invoice, line

pytestmark = pytest.mark.anyio


async def test_an_invoice_in_the_country_is_taxed_and_numbered(api: Api) -> None:
    row_id = await api.create("invoice", **invoice(externalId="inv-1"))
    shown = await api.get("invoice", row_id)
    assert (shown["subtotal"], shown["taxTotal"], shown["total"]) == (1000.0, 210.0, 1210.0)
    assert (shown["amountPaid"], shown["amountRemaining"]) == (0.0, 1210.0)
    assert shown["status"] == {"id": "Open", "refName": "Open"}
    assert shown["dueDate"] == "2026-03-12"
    assert shown["postingPeriod"]["refName"] == "Feb 2026"
    assert shown["entity"]["refName"] == "Client NL"
    assert shown["tranId"] == "INV1-00001"
