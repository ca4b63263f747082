"""Credit memo: takes back all or part of a posted invoice, line by line."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, about
from isthmus.canonical.invoice import InvoiceLine
from isthmus.kit.money import Money


class CreditMemoStatus(StrEnum):
    DRAFT = "draft"
    POSTED = "posted"
    """In the books, and open: no invoice has taken all of it."""
    APPLIED = "applied"


class CreditMemo(CanonicalObject):
    """Amounts have the sign they had on the invoice: a memo that takes back 100 says 100.

    A line has the number of the invoice line that it credits.
    """

    kind: ClassVar[str] = "credit_memo"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("invoice", "currency", "issued_on")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("draft", "posted", "applied"),
        transitions=(
            Transition("draft", "posted", Role.ERP),
            Transition("draft", "applied", Role.ERP),
            Transition("posted", "applied", Role.ERP),
            Transition("applied", "posted", Role.ERP),
        ),
    )

    reference: Annotated[str, about("Our key on the memo, as people read it", Role.ISTHMUS)]
    invoice: Annotated[str, about("Invoice it corrects", Role.ISTHMUS, ref="invoice")]
    customer: Annotated[str, about("Who is credited", Role.ISTHMUS, ref="customer")]
    legal_entity: Annotated[str, about("Our billing company", Role.ISTHMUS, ref="legal_entity")]
    opportunity: Annotated[str | None, about("Deal behind it", Role.ISTHMUS, ref="opportunity")] = (
        None
    )
    currency: Annotated[str, about("ISO 4217 code of every amount", Role.ISTHMUS)]
    issued_on: Annotated[date, about("Date on the memo", Role.ISTHMUS)]
    posted_on: Annotated[
        date | None, about("Day it posts; absent: as on the memo", Role.ISTHMUS)
    ] = None
    period: Annotated[
        str | None,
        about("Accounting period it posts to", Role.ISTHMUS, ref="accounting_period"),
    ] = None
    reason: Annotated[str, about("Why, as the client reads it", Role.ISTHMUS)]
    rebill: Annotated[bool, about("Whether what it credits is billed again", Role.ISTHMUS)] = False
    lines: Annotated[tuple[InvoiceLine, ...], about("What is credited", Role.ISTHMUS)] = ()
    number: Annotated[str | None, about("Number that the ledger gave", Role.ERP)] = None
    subtotal: Annotated[Money | None, about("Credited, before tax", Role.ERP)] = None
    tax_total: Annotated[Money | None, about("Tax credited", Role.ERP)] = None
    total: Annotated[Money | None, about("Credited, tax included", Role.ERP)] = None
    unapplied: Annotated[
        Money | None, about("Part of the total that no invoice has taken", Role.ERP)
    ] = None
    status: Annotated[CreditMemoStatus, about("Posted or applied", Role.ERP)] = (
        CreditMemoStatus.DRAFT
    )
    posted_period: Annotated[
        str | None,
        about("Period that the ledger says it posted to", Role.ERP, ref="accounting_period"),
    ] = None

    def lines_total(self) -> Money:
        return Money.total((n.amount for n in self.lines), self.currency)
