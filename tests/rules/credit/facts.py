"""A posted invoice, so that a test states only what it is about."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tests.rules.facts import day, eur

from isthmus.canonical import CreditMemo, Invoice
from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.kit.money import Money
from isthmus.rules.credit.invoice import BilledInvoice
from isthmus.rules.credit.memo import Credit, Credited, MemoFacts, credit_invoice
from isthmus.rules.problems import Problem

FACTS = MemoFacts("m1", day("2026-04-02"), "Correction")


def line(
    number: int, price: str | Money, quantity: str = "1", kind: LineKind = LineKind.TIME
) -> InvoiceLine:
    unit = price if isinstance(price, Money) else eur(price)
    return InvoiceLine(
        number=number, kind=kind, description=f"Line {number}", quantity=Decimal(quantity),
        unit_price=unit, amount=unit.times(Decimal(quantity)).rounded(), project="p1",
    )  # fmt: skip


def discount(number: int, amount: str) -> InvoiceLine:
    return line(number, amount, "-1", LineKind.ADJUSTMENT)


def billed(
    *lines: InvoiceLine,
    tax: Mapping[int, str] | str = "20",
    lineage: Mapping[int, tuple[str, ...]] | None = None,
    discounts: Mapping[int, tuple[int, ...]] | None = None,
    **changes: Any,
) -> BilledInvoice:
    facts = {
        "id": "i1", "reference": "R-1", "number": "INV-1", "customer": "c1",
        "legal_entity": "DE01", "currency": "EUR", "issued_on": "2026-03-31", "lines": lines,
        "status": "posted",
    }  # fmt: skip
    percent = dict.fromkeys((n.number for n in lines), tax) if isinstance(tax, str) else tax
    return BilledInvoice(
        Invoice.model_validate(facts | changes),
        {number: Decimal(part) for number, part in percent.items()},
        lineage or {},
        discounts or {},
    )


def credited(
    invoice: BilledInvoice, *credits: Credit, before: tuple[CreditMemo, ...] = ()
) -> Credited:
    found = credit_invoice(invoice, credits or None, FACTS, before)
    assert isinstance(found, Credited), found
    return found


def problems(
    invoice: BilledInvoice, *credits: Credit, before: tuple[CreditMemo, ...] = ()
) -> list[Problem]:
    found = credit_invoice(invoice, credits or None, FACTS, before)
    assert isinstance(found, tuple), found
    return list(found)


def posted(found: Credited) -> CreditMemo:
    memo: CreditMemo = found.memo.changed(status="posted")
    return memo
