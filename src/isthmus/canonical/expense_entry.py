"""Expense entry: money spent for a project. Billable and reimbursable are two questions."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, about
from isthmus.canonical.time_entry import Approval, TimeEntry
from isthmus.kit.money import Money


class PaidBy(StrEnum):
    EMPLOYEE = "employee"
    COMPANY_CARD = "company_card"


class DistanceUnit(StrEnum):
    KILOMETRE = "kilometre"
    MILE = "mile"


class ExpenseEntry(CanonicalObject):
    kind: ClassVar[str] = "expense_entry"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("resource", "project", "spent_on", "amount")
    lifecycle: ClassVar[Lifecycle] = TimeEntry.lifecycle

    number: Annotated[str | None, about("Number that people quote", Role.PSA)] = None
    resource: Annotated[str, about("Who spent it", Role.PSA, ref="resource")]
    project: Annotated[str, about("For what", Role.PSA, ref="project")]
    category: Annotated[str, about("Expense type", Role.PSA)]
    spent_on: Annotated[date, about("Day of the expense", Role.PSA)]
    amount: Annotated[Money, about("As on the receipt, tax included", Role.PSA)]
    quantity: Annotated[
        Decimal, about("Nights, days or distance it is for", Role.PSA, unit="as the category")
    ] = Decimal(1)
    tax: Annotated[Money | None, about("Tax on the receipt", Role.PSA)] = None
    tax_recovered_percent: Annotated[
        Decimal, about("Part of that tax which we get back", Role.ERP, unit="percent")
    ] = Decimal(100)
    non_billable_amount: Annotated[
        Money | None, about("Part of the amount that the client does not pay", Role.PSA)
    ] = None
    distance_unit: Annotated[DistanceUnit | None, about("Unit of the distance", Role.PSA)] = None
    is_billable: Annotated[bool, about("Client pays it", Role.PSA)] = True
    is_reimbursable: Annotated[bool, about("Employee gets it back", Role.PSA)] = True
    paid_by: Annotated[
        PaidBy | None,
        about("Whose money it was; absent: the employee's if reimbursable", Role.PSA),
    ] = None
    reimbursement_currency: Annotated[
        str | None, about("ISO 4217 code it is paid back in; absent: as spent", Role.PSA)
    ] = None
    reimbursement_rate: Annotated[
        Decimal | None,
        about("Agreed rate to that currency", Role.PSA, unit="per unit spent"),
    ] = None
    billing_rate: Annotated[
        Decimal | None,
        about("Agreed rate to the contract's currency", Role.PSA, unit="per unit spent"),
    ] = None
    has_receipt: Annotated[bool, about("Receipt at hand", Role.PSA)] = True
    justification: Annotated[str | None, about("Why it exceeds the policy", Role.PSA, pii=True)] = (
        None
    )
    approval: Annotated[Approval, about("Where its approval stands", Role.PSA)] = Approval.DRAFT
    note: Annotated[str | None, about("What it was for", Role.PSA, pii=True)] = None
    billed_amount: Annotated[
        Money | None, about("Amount after mark-up and policy", Role.ISTHMUS)
    ] = None
    invoice_number: Annotated[str | None, about("Invoice that billed it", Role.ERP)] = None
    invoiced_on: Annotated[date | None, about("Date of that invoice", Role.ERP)] = None
