"""What a scenario expects. Only stated keys are compared; a stated list is all there is."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from isthmus.canonical.invoice import LineKind
from isthmus.canonical.journal_entry import Account
from isthmus.landscape.firm import Part
from isthmus.scenario.written import Amount, Day, MonthKey

ByMonth = dict[str, dict[MonthKey, Amount]]


class ExpectedLine(Part):
    """A line of an invoice or of a credit memo. Of an invoice, hours stand by project, role and
    rate, milestones after them.
    """

    text: str | None = Field(default=None, description="What the client reads.")
    kind: LineKind | None = Field(default=None, description="What is billed.")
    project: str | None = Field(default=None, description="Project.")
    quantity: Decimal | None = Field(default=None, description="Hours billed, or 1.")
    price: Amount | None = Field(default=None, description="Price of one.")
    amount: Amount | None = Field(default=None, description="Quantity times price, rounded.")


class ExpectedInvoice(Part):
    """An invoice that the ledger took, in the order of the days on which it did."""

    contract: str | None = Field(default=None, description="Contract billed.")
    on: Day | None = Field(default=None, description="Date on the invoice.")
    posted: Day | None = Field(default=None, description="Day on which the ledger took it.")
    company: str | None = Field(default=None, description="Our company.")
    customer: str | None = Field(default=None, description="Who receives it.")
    purchase_order: str | None = Field(default=None, description="Client's order number.")
    lines: tuple[ExpectedLine, ...] | None = Field(default=None, description="Its lines.")
    net: Amount | None = Field(default=None, description="Sum of the lines.")
    tax: Amount | None = Field(default=None, description="Tax, where the contract says which.")
    total: Amount | None = Field(default=None, description="Net and tax.")


class ExpectedCreditMemo(Part):
    """A credit memo that the ledger took, in the order of the days on which it did. Amounts have
    the sign that they have on the invoice.
    """

    contract: str | None = Field(default=None, description="Contract billed.")
    invoice: Day | None = Field(default=None, description="Date on the invoice that it credits.")
    on: Day | None = Field(default=None, description="Date on the memo.")
    posted: Day | None = Field(default=None, description="Day on which the ledger took it.")
    company: str | None = Field(default=None, description="Our company.")
    customer: str | None = Field(default=None, description="Who receives it.")
    reason: str | None = Field(default=None, description="Why, as the client reads it.")
    lines: tuple[ExpectedLine, ...] | None = Field(
        default=None, description="Its lines, in the order in which the credit names them."
    )
    net: Amount | None = Field(default=None, description="Sum of the lines.")
    tax: Amount | None = Field(default=None, description="Tax, where the contract says which.")
    total: Amount | None = Field(default=None, description="Net and tax.")


class ExpectedHold(Part):
    """What still waits at the end, oldest first."""

    what: str | None = Field(
        default=None,
        description="`Consultant 1, 2026-03-05, 8 h`, `expense Hotel, Consultant 1, 2026-03-05`, "
        "`milestone NAME`, `invoice of 2026-03-31` "
        "or `revenue of 2026-03`.",
    )
    contract: str | None = Field(default=None, description="Contract it belongs to.")
    amount: Amount | None = Field(default=None, description="What it keeps from being billed.")
    reason: str | None = Field(default=None, description="Code of the reason, as `period_closed`.")
    since: Day | None = Field(default=None, description="Day on which it stopped.")


class ExpectedRelease(ExpectedHold):
    """What waited and went on by itself when its cause was gone, in the order it went on."""

    released: Day | None = Field(default=None, description="Day on which it went on.")


class ExpectedJournalLine(Part):
    account: Account | None = Field(default=None, description="What the amount is.")
    debit: Amount | None = Field(default=None, description="Left side.")
    credit: Amount | None = Field(default=None, description="Right side.")


class ExpectedJournal(Part):
    """An entry of revenue, of an invoice, of a credit memo or of a cost, by day, then by
    contract.
    """

    company: str | None = Field(default=None, description="Whose books.")
    contract: str | None = Field(default=None, description="Contract it is about.")
    on: Day | None = Field(default=None, description="Day it posts.")
    lines: tuple[ExpectedJournalLine, ...] | None = Field(default=None, description="Its lines.")


class ExpectedCapUse(Part):
    """A cap of which something is spent, by contract, then as the contract states them."""

    contract: str | None = Field(default=None, description="Contract.")
    cap: str | None = Field(
        default=None, description="`5,000.00 EUR in 2026-03`, `Consultant 1, 8 h on DAY`."
    )
    amount: Amount | None = Field(default=None, description="Spent, invoiced or not.")
    hours: Decimal | None = Field(default=None, description="Hours spent.")
    alert: int | None = Field(
        default=None, description="Highest percentage of `alert_at` that is reached."
    )


class Expected(Part):
    invoices: tuple[ExpectedInvoice, ...] | None = Field(default=None, description="Every invoice.")
    credit_memos: tuple[ExpectedCreditMemo, ...] | None = Field(
        default=None, description="Every credit memo."
    )
    held: tuple[ExpectedHold, ...] | None = Field(
        default=None, description="Everything that waits at the end."
    )
    released: tuple[ExpectedRelease, ...] | None = Field(
        default=None, description="Everything that waited and went on."
    )
    to_invoice: dict[str, Amount] | None = Field(
        default=None, description="By contract: rated, not held, and on no invoice at the end."
    )
    not_charged: dict[str, Amount] | None = Field(
        default=None,
        description="By contract: standard value of work that is a courtesy or beyond a cap.",
    )
    cap_usage: tuple[ExpectedCapUse, ...] | None = Field(
        default=None, description="What is spent of every cap at the end."
    )
    revenue: ByMonth | None = Field(
        default=None, description="By contract and month: what was earned, every month of it."
    )
    unbilled: ByMonth | None = Field(
        default=None, description="By contract and month: earned beyond what was invoiced."
    )
    deferred: ByMonth | None = Field(
        default=None, description="By contract and month: invoiced beyond what was earned."
    )
    journals: tuple[ExpectedJournal, ...] | None = Field(
        default=None,
        description="Every entry of contracts that say how they are earned, and of the cost of "
        "expenses.",
    )
