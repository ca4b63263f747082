"""Expense entry: money spent for a project. Billable and reimbursable are two questions."""

from datetime import date
from typing import Annotated, ClassVar

from isthmus.canonical.base import CanonicalObject, Lifecycle, Role, about
from isthmus.canonical.time_entry import Approval, TimeEntry
from isthmus.kit.money import Money


class ExpenseEntry(CanonicalObject):
    kind: ClassVar[str] = "expense_entry"
    system_of_record: ClassVar[Role] = Role.PSA
    identifiers: ClassVar[tuple[str, ...]] = ("resource", "project", "spent_on", "amount")
    lifecycle: ClassVar[Lifecycle | None] = TimeEntry.lifecycle

    resource: Annotated[str, about("Who spent it", Role.PSA, ref="resource")]
    project: Annotated[str, about("For what", Role.PSA, ref="project")]
    category: Annotated[str, about("Expense type", Role.PSA)]
    spent_on: Annotated[date, about("Day of the expense", Role.PSA)]
    amount: Annotated[Money, about("As on the receipt, tax included", Role.PSA)]
    tax: Annotated[Money | None, about("Tax on the receipt", Role.PSA)] = None
    is_billable: Annotated[bool, about("Client pays it", Role.PSA)] = True
    is_reimbursable: Annotated[bool, about("Employee gets it back", Role.PSA)] = True
    has_receipt: Annotated[bool, about("Receipt at hand", Role.PSA)] = True
    approval: Annotated[Approval, about("Where its approval stands", Role.PSA)] = Approval.DRAFT
    billed_amount: Annotated[
        Money | None, about("Amount after mark-up and policy", Role.ISTHMUS)
    ] = None
    invoice_number: Annotated[str | None, about("Invoice that billed it", Role.ERP)] = None
