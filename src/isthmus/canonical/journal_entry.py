"""Journal entry: debits and credits that balance, posted in the ledger of one company."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import model_validator

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, Transition, Value, about
from isthmus.kit.money import Money


class Account(StrEnum):
    """What an amount is. The connection in the landscape says on which account number it goes."""

    RECEIVABLE = "accounts_receivable"
    UNBILLED = "unbilled_receivable"
    CONTRACT_ASSET = "contract_asset"
    CONTRACT_LIABILITY = "contract_liability"
    REFUND_LIABILITY = "refund_liability"
    CASH = "cash"
    REVENUE = "revenue"
    EXPENSE_REVENUE = "expense_revenue"
    """Expenses billed on, kept apart from fees (Certinia: pass-through revenue)."""
    FX_GAIN = "fx_gain"
    LOSS_EXPENSE = "loss_expense"
    LOSS_PROVISION = "loss_provision"
    COST_OF_REVENUE = "cost_of_revenue"
    RETURN_ASSET = "return_asset"
    INVENTORY = "inventory"
    DUE_TO = "due_to"
    DUE_FROM = "due_from"
    INTERCOMPANY_REVENUE = "intercompany_revenue"
    INTERCOMPANY_COST = "intercompany_cost"
    PROJECT_EXPENSE = "project_expense"
    CLIENT_DISBURSEMENT = "client_disbursement"
    """Paid in a client's name, to be had back from it: neither cost nor revenue."""
    INPUT_TAX = "input_tax"
    OUTPUT_TAX = "output_tax"
    WITHHOLDING_TAX = "withholding_tax"
    """Withheld by clients and paid to the tax office for us: a claim on it."""
    DISCOUNT_ALLOWED = "discount_allowed"
    EMPLOYEE_PAYABLE = "employee_payable"
    CARD_PAYABLE = "card_payable"


class JournalStatus(StrEnum):
    DRAFT = "draft"
    POSTED = "posted"
    REVERSED = "reversed"


class JournalLine(Value):
    """A debit is positive, a credit negative."""

    account: Account
    amount: Money
    counterparty: Annotated[
        str | None, about("Our other company", Role.ISTHMUS, ref="legal_entity")
    ] = None
    project: Annotated[str | None, about("Project", Role.ISTHMUS, ref="project")] = None
    cost_centre: Annotated[str | None, about("Cost centre", Role.ISTHMUS, ref="cost_centre")] = None
    profit_centre: Annotated[
        str | None, about("Profit centre", Role.ISTHMUS, ref="profit_centre")
    ] = None


class JournalEntry(CanonicalObject):
    kind: ClassVar[str] = "journal_entry"
    system_of_record: ClassVar[Role] = Role.ERP
    identifiers: ClassVar[tuple[str, ...]] = ("legal_entity", "currency", "posted_on", "lines")
    lifecycle: ClassVar[Lifecycle] = Lifecycle(
        "status",
        initial=("draft", "posted"),
        transitions=(
            Transition("draft", "posted", Role.ERP),
            Transition("posted", "reversed", Role.ERP),
            Transition("reversed", "posted", Role.ERP),
        ),
    )

    reference: Annotated[str, about("Our key on the entry, kept by the ledger", Role.ISTHMUS)]
    legal_entity: Annotated[str, about("Company whose books", Role.ISTHMUS, ref="legal_entity")]
    currency: Annotated[str, about("ISO 4217 code of every amount", Role.ISTHMUS)]
    posted_on: Annotated[date, about("Day it posts", Role.ISTHMUS)]
    period: Annotated[
        str | None,
        about("Accounting period it posts to", Role.ISTHMUS, ref="accounting_period"),
    ] = None
    contract: Annotated[
        str | None, about("Contract whose revenue it moves", Role.ISTHMUS, ref="contract")
    ] = None
    memo: Annotated[str, about("Why, as an accountant reads it", Role.ISTHMUS)] = ""
    lines: Annotated[tuple[JournalLine, ...], about("Debits and credits", Role.ISTHMUS)]
    number: Annotated[str | None, about("Number that the ledger gave", Role.ERP)] = None
    status: Annotated[JournalStatus, about("Posted or reversed", Role.ERP)] = JournalStatus.DRAFT
    posted_period: Annotated[
        str | None,
        about("Period that the ledger says it posted to", Role.ERP, ref="accounting_period"),
    ] = None

    @model_validator(mode="after")
    def _balances(self) -> "JournalEntry":
        total = Money.total((line.amount for line in self.lines), self.currency)
        if total:
            raise ValueError(f"the entry {self.reference} is out of balance by {total}")
        return self
