"""Credit memos: parts, discounts, tax to the cent, refusals, release, re-billing, signs, dates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from tests.finance.billing.book import BILLING
from tests.finance.case_file import Inputs
from tests.rules.facts import day, entry, eur

from isthmus.canonical import CreditMemo, Invoice
from isthmus.canonical.invoice import InvoiceLine, LineKind
from isthmus.kit.money import Money
from isthmus.rules.credit.dates import memo_dates
from isthmus.rules.credit.invoice import BilledInvoice, totals, whole
from isthmus.rules.credit.memo import Credit, Credited, MemoFacts, credit_invoice
from isthmus.rules.credit.rebill import InvoiceFacts, Rebilled, credit_and_rebill
from isthmus.rules.credit.release import released_time
from isthmus.rules.credit.signs import Correction, document
from isthmus.rules.locks import Book, Lock

ISSUED = date(2026, 4, 2)


def cents(amount: int) -> Money:
    return Money.of(Decimal(amount).scaleb(-2), "EUR")


def line(number: int, price: Money, quantity: str = "1", kind: str = "time") -> InvoiceLine:
    hours = Decimal(quantity)
    return InvoiceLine(
        number=number, kind=LineKind(kind), description="Work", quantity=hours, unit_price=price,
        amount=price.times(hours).rounded(),
    )  # fmt: skip


def billed(*lines: InvoiceLine, percent: str = "0", number: str = "INV-1") -> BilledInvoice:
    invoice = Invoice(
        id=number, reference=number, number=number, customer="c1", legal_entity="DE01",
        currency="EUR", issued_on=date(2026, 3, 31), lines=lines, status="posted",
    )  # fmt: skip
    return BilledInvoice(invoice, {each.number: Decimal(percent) for each in lines})


def facts(name: str) -> MemoFacts:
    return MemoFacts(name, ISSUED, "Correction")


def credited(invoice: BilledInvoice, credit: Credit | None = None, *before: CreditMemo) -> Credited:
    asked = None if credit is None else [credit]
    found = credit_invoice(invoice, asked, facts("m1"), before)
    assert isinstance(found, Credited), found
    return found


def answer(invoice: BilledInvoice, amount: Money, *before: CreditMemo) -> str:
    words = {
        "credit_exceeds_line": "refused: higher_than_remaining_fee_amount",
        "credit_negative": "refused: invalid_value",
    }
    found = credit_invoice(invoice, [Credit(1, amount)], facts("m2"), before)
    return "accepted" if isinstance(found, Credited) else words[found[0].code]


def posted(found: Credited) -> CreditMemo:
    memo: CreditMemo = found.memo.changed(status="posted")
    return memo


@BILLING.case("CM-01")
def discounted(given: Inputs) -> dict[str, Any]:
    discount = line(2, cents(given["line_discount"]), "-1", "adjustment")
    invoice = billed(line(1, cents(given["line"])), discount, percent=given["tax_percent"])
    found = credited(invoice, Credit(1, cents(given["credit_of_line"])))
    taken = {part.number: part.amount.amount.scaleb(2) for part in found.memo.lines}
    return {
        "discount_adjustment": -taken[2],
        "net": found.totals.net.amount.scaleb(2),
        "tax": found.totals.tax.amount.scaleb(2),
        "total": found.totals.total.amount.scaleb(2),
    }


@BILLING.case("CM-03")
def to_the_cent(given: Inputs) -> dict[str, Any]:
    invoice = billed(line(1, cents(given["net"])), percent=given["tax_percent"])
    first = credited(invoice, Credit(1, cents(given["credits"][0])))
    rest = credited(invoice, None, posted(first))
    invoiced = totals(invoice, whole(invoice))
    return {
        "invoice": {
            "tax": invoiced.tax.amount.scaleb(2),
            "total": invoiced.total.amount.scaleb(2),
        },
        "credits": [
            {
                "net": part.totals.net.amount.scaleb(2),
                "tax": part.totals.tax.amount.scaleb(2),
                "total": part.totals.total.amount.scaleb(2),
            }
            for part in (first, rest)
        ],
        "remaining": rest.left,
    }


@BILLING.case("CM-05")
def out_of_bounds(given: Inputs) -> dict[str, Any]:
    invoice = billed(line(1, eur(given["line"])))
    return {"results": [answer(invoice, eur(amount)) for amount in given["credits"]]}


@BILLING.case("CM-06")
def beside_a_draft(given: Inputs) -> dict[str, Any]:
    invoice = billed(line(1, eur(given["line"])))
    draft = credited(invoice, Credit(1, eur(given["draft_credit"]))).memo
    return {"result": answer(invoice, eur(given["credit"]), draft)}


@BILLING.case("CM-08")
def released(given: Inputs) -> dict[str, Any]:
    """The case names an entry and its invoice by the same number."""
    [name] = given["entries"]
    work = entry(id=name, invoice_number=f"INV-{name.removeprefix('e')}")
    invoice = billed(line(1, eur(100)), number=given["invoice"])
    invoice = BilledInvoice(invoice.invoice, invoice.tax_percent, {1: (name,)})
    freed = released_time([work], invoice.invoice, credited(invoice))
    after = freed[0] if freed else work
    return {
        "entry_state_after": "billed" if after.invoice_number else "billable",
        "link_to_invoice": after.invoice_number,
    }


@BILLING.case("CM-09")
def at_the_right_rate(given: Inputs) -> dict[str, Any]:
    work = line(1, eur(given["billed"]["rate"]), given["billed"]["hours"])
    invoice = billed(work, percent=given["vat_percent"])
    found = credit_and_rebill(
        invoice,
        {1: eur(given["right_rate"])},
        facts("m1"),
        InvoiceFacts("i2", "INV-2", ISSUED),
    )
    assert isinstance(found, Rebilled)
    back = -found.credit.totals
    return {
        "credit": {"net": back.net, "vat": back.tax, "total": back.total},
        "rebill": {"net": found.totals.net, "vat": found.totals.tax, "total": found.totals.total},
        "net_effect": found.net_effect,
    }


@BILLING.case("CM-10")
def signs(given: Inputs) -> dict[str, Any]:
    lines = [
        line(number, eur(part["price"]), part["quantity"])
        for number, part in enumerate(given["lines"], start=1)
    ]
    charge = line(len(lines) + 1, eur(given["charge"]), kind="fee")
    invoice = billed(*lines, charge, percent=given["percent"])
    found = credited(invoice)
    note = document(found, Correction.CREDIT_NOTE)
    negative = document(found, Correction.NEGATIVE_INVOICE)
    return {
        "invoice_total": totals(invoice, whole(invoice)).total,
        "credit_note_total": note.totals.total,
        "negative_invoice_total": negative.totals.total,
        "net": note.totals.net,
        "tax": note.totals.tax,
    }


@BILLING.case("CM-11")
def dated(given: Inputs) -> dict[str, Any]:
    locks = [Lock(Book.GENERAL, day(given["lock"]))]
    found = memo_dates(day(given["reversed_on"]), locks, wanted=day(given["invoice_date"]))
    return {
        "credit_accounting_date": str(found.posted_on),
        "credit_document_date": str(found.issued_on),
    }
