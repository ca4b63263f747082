"""What a bookkeeper does by hand in Tryton's client."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from isthmus.sandbox.tryton.rpc import Rpc
from isthmus.sandbox.tryton.seed import Ids


def pay(
    rpc: Rpc, ids: Ids, invoice: int, amount: Decimal | None, on: date, text: str = "bank"
) -> None:
    """The wizard behind the button Pay: in full without an amount; a part needs its second form.

    `ids` are those of the invoice's company.
    """
    due = rpc.read(
        "account.invoice", invoice, "amount_to_pay", "lines_to_pay", "party", "currency", "account"
    )
    amount = due["amount_to_pay"] if amount is None else amount
    common = {"amount": amount, "currency": due["currency"], "company": ids["company"]}
    start = {
        **common, "payee": due["party"], "payees": [due["party"]],
        "invoice_account": due["account"], "payment_method": ids["payment_method"], "date": on,
        "description": text,
    }  # fmt: skip
    steps: list[tuple[str, dict[str, Any]]] = [("choice", {"start": start})]
    if amount < due["amount_to_pay"]:
        lines = due["lines_to_pay"]
        ask = {
            **common, "type": "partial", "invoice": invoice, "lines_to_pay": lines, "lines": lines,
            "payment_lines": [],
        }  # fmt: skip
        steps.append(("pay", {"ask": ask}))
    rpc.wizard(
        "account.invoice.pay", steps, company=ids["company"], active_model="account.invoice",
        active_id=invoice, active_ids=[invoice],
    )  # fmt: skip


def set_period(rpc: Rpc, ids: Ids, month: date, *, is_open: bool) -> None:
    """Reopen or close a month; one that is so already is left alone."""
    period = ids[f"period:{month:%Y-%m}"]
    if (rpc.read("account.period", period, "state")["state"] == "open") is not is_open:
        context = {**rpc.context, "company": ids["company"]}
        button = "reopen" if is_open else "close"
        rpc.call(f"model.account.period.{button}", [period], context)
