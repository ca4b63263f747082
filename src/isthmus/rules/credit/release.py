"""What a posted memo gives back to billing: time and expense entries, milestones.

Each function returns those that the memo releases, without their invoice. One that meanwhile is on
another invoice stays there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from isthmus.canonical import ExpenseEntry, Invoice, Milestone, TimeEntry
from isthmus.canonical.milestone import MilestoneState
from isthmus.rules.credit.memo import Credited

Billed = TypeVar("Billed", TimeEntry, ExpenseEntry, Milestone)


def released_time(
    entries: Iterable[TimeEntry], invoice: Invoice, credited: Credited
) -> tuple[TimeEntry, ...]:
    return tuple(
        entry.changed(invoice_number=None, invoiced_on=None)
        for entry in _released(entries, invoice, credited)
    )


def released_expenses(
    entries: Iterable[ExpenseEntry], invoice: Invoice, credited: Credited
) -> tuple[ExpenseEntry, ...]:
    return tuple(
        entry.changed(invoice_number=None, billed_amount=None)
        for entry in _released(entries, invoice, credited)
    )


def released_milestones(
    milestones: Iterable[Milestone], invoice: Invoice, credited: Credited
) -> tuple[Milestone, ...]:
    """Ready to bill again (Dynamics 365, proforma-invoicing/revise-project-invoices)."""
    return tuple(
        milestone.changed(invoice_number=None, state=MilestoneState.READY_TO_BILL)
        for milestone in _released(milestones, invoice, credited)
    )


def _released(objects: Iterable[Billed], invoice: Invoice, credited: Credited) -> Iterator[Billed]:
    for billed in objects:
        if billed.id in credited.releases and billed.invoice_number == invoice.number:
            yield billed
