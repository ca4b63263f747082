"""Asking for a credit: checked at once, so that a credit too high is refused with nothing written.

The run checks again, for another credit may have come between, or another system may have asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from isthmus.canonical import CreditMemo, Invoice
from isthmus.canonical.invoice import InvoiceLine
from isthmus.engine import Engine
from isthmus.events.envelope import Event
from isthmus.kit.money import Money
from isthmus.rules.credit_checks import Asked, credit_lines
from isthmus.rules.problems import Problem
from isthmus.store.database import Transaction


class CreditRefused(Exception):
    """What cannot be credited, why, and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.what, _, self.why = problem.reason.partition(": ")
        self.what = f"No credit for {self.what}"
        self.remedy = problem.fix


@dataclass(frozen=True)
class CreditRequest:
    """`asked` is empty for all that is left of the invoice."""

    reason: str
    on: date
    asked: tuple[Asked, ...] = ()
    rebill: bool = False
    by: str = "isthmus"

    def data(self) -> dict[str, Any]:
        """As the event `credit.requested` carries it."""
        return {
            "lines": [
                {
                    "line": a.line,
                    "quantity": None if a.quantity is None else str(a.quantity),
                    "amount": None if a.amount is None else format(a.amount.amount, "f"),
                }
                for a in self.asked
            ],
            "reason": self.reason,
            "rebill": self.rebill,
            "on": self.on.isoformat(),
            "by": self.by,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any], currency: str) -> CreditRequest:
        asked = tuple(
            Asked(
                int(a["line"]),
                None if a.get("quantity") is None else Decimal(a["quantity"]),
                None if a.get("amount") is None else Money.of(a["amount"], currency),
            )
            for a in data["lines"]
        )
        return cls(
            data["reason"], date.fromisoformat(data["on"]), asked, data["rebill"], data["by"]
        )


async def request_credit(engine: Engine, invoice: str, request: CreditRequest) -> Money:
    """Start the run that credits; what it will credit, before tax. Raises CreditRefused."""
    async with engine.database.begin() as tx:
        billed = await tx.records.get(Invoice, invoice)
        found = await planned(tx, billed, request)
        if isinstance(found, Problem):
            raise CreditRefused(found)
        event = Event(
            type="credit.requested", source="credit", subject=invoice,
            correlation_id=billed.opportunity or invoice, data=request.data(),
        )  # fmt: skip
        await engine.outbox.emit(tx, event)
    return Money.total((line.amount for line in found), billed.currency)


async def planned(
    tx: Transaction, invoice: Invoice, request: CreditRequest
) -> tuple[InvoiceLine, ...] | Problem:
    memos = await memos_of(tx, invoice.id)
    credited = [line for memo in memos for line in memo.lines]
    return credit_lines(invoice, credited, request.asked, rebill=request.rebill)


async def memos_of(tx: Transaction, invoice: str) -> Sequence[CreditMemo]:
    """Every memo of an invoice, drafts too: their lines are spoken for."""
    memos = await tx.records.list(CreditMemo, invoice=invoice)
    return sorted(memos, key=lambda memo: memo.reference)
