"""Invoice: what a client owes. Once posted it is corrected by a credit memo, never edited."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, Value, about
from isthmus.kit.money import Money


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    POSTED = "posted"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    CREDITED = "credited"
    """Nothing is to pay, since credit memos have taken all of it back."""
    VOID = "void"


class LineKind(StrEnum):
    TIME = "time"
    MILESTONE = "milestone"
    EXPENSE = "expense"
    FEE = "fee"
    """A price per period: retainer, subscription, minimum."""
    ADJUSTMENT = "adjustment"
    """Neither work nor cost: discount, retention, advance deducted, damages. May be negative."""


class InvoiceLine(Value):
    """`quantity` x `unit_price` rounded to the currency's minor unit is `amount`, before tax."""

    number: int
    kind: LineKind
    description: str
    quantity: Decimal
    unit_price: Money
    amount: Money
    project: Annotated[str | None, about("Project", Role.ISTHMUS, ref="project")] = None
    cost_centre: Annotated[str | None, about("Cost centre", Role.ISTHMUS, ref="cost_centre")] = None
    profit_centre: Annotated[
        str | None, about("Profit centre", Role.ISTHMUS, ref="profit_centre")
    ] = None


class Invoice(CanonicalObject):
    kind: ClassVar[str] = "invoice"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("customer", "legal_entity", "currency", "issued_on")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("draft", "posted"),
        transitions=(
            Transition("draft", "posted", Role.ERP),
            Transition("posted", "partially_paid", Role.ERP),
            Transition("posted", "paid", Role.ERP),
            Transition("partially_paid", "paid", Role.ERP),
            Transition("posted", "void", Role.ERP),
            Transition("draft", "void", Role.ERP),
            Transition("paid", "partially_paid", Role.ERP),
            Transition("partially_paid", "posted", Role.ERP),
            Transition("paid", "posted", Role.ERP),
            Transition("posted", "credited", Role.ERP),
            Transition("partially_paid", "credited", Role.ERP),
            Transition("credited", "partially_paid", Role.ERP),
            Transition("credited", "posted", Role.ERP),
        ),
    )

    reference: Annotated[str, about("Our key on the invoice, kept by the ledger", Role.ISTHMUS)]
    customer: Annotated[str, about("Who pays", Role.ISTHMUS, ref="customer")]
    legal_entity: Annotated[str, about("Our billing company", Role.ISTHMUS, ref="legal_entity")]
    project: Annotated[str | None, about("Project billed", Role.ISTHMUS, ref="project")] = None
    opportunity: Annotated[str | None, about("Deal behind it", Role.ISTHMUS, ref="opportunity")] = (
        None
    )
    currency: Annotated[str, about("ISO 4217 code of every amount", Role.ISTHMUS)]
    issued_on: Annotated[date, about("Date on the invoice", Role.ISTHMUS)]
    period: Annotated[
        str | None,
        about("Accounting period it posts to", Role.ISTHMUS, ref="accounting_period"),
    ] = None
    purchase_order: Annotated[str | None, about("Client's order number", Role.ISTHMUS)] = None
    payment_terms: Annotated[str | None, about("Terms on the invoice", Role.ISTHMUS)] = None
    lines: Annotated[tuple[InvoiceLine, ...], about("What is billed", Role.ISTHMUS)] = ()
    number: Annotated[str | None, about("Number that the ledger gave", Role.ERP)] = None
    due_on: Annotated[date | None, about("Day payment is due", Role.ERP)] = None
    status: Annotated[InvoiceStatus, about("Posted, paid, credited or void", Role.ERP)] = (
        InvoiceStatus.DRAFT
    )
    subtotal: Annotated[Money | None, about("Sum of the lines, before tax", Role.ERP)] = None
    tax_total: Annotated[Money | None, about("Tax", Role.ERP)] = None
    total: Annotated[Money | None, about("To pay, tax included", Role.ERP)] = None
    amount_due: Annotated[Money | None, about("Still to pay", Role.ERP)] = None
    credited: Annotated[
        Money | None, about("Taken back by credit memos, tax included", Role.ERP)
    ] = None
    paid_on: Annotated[date | None, about("Day of the last payment", Role.ERP)] = None
    posted_period: Annotated[
        str | None,
        about("Period that the ledger says it posted to", Role.ERP, ref="accounting_period"),
    ] = None

    def lines_total(self) -> Money:
        return Money.total((n.amount for n in self.lines), self.currency)
