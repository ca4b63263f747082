"""Every event that is emitted: what it means, what its data holds, who owns it.

A test reads the source for emitted types and compares; `isthmus schema export` and
docs/reference/events.md are made from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import Field

from isthmus.canonical import OBJECTS
from isthmus.events.contract_data import (
    AmendmentEffective,
    CapReached,
    ContractAligned,
    ContractAmended,
    ContractOpened,
    TermsChanged,
    WorkRepriced,
)
from isthmus.events.data import Data
from isthmus.rules.problems import Owner

ROWS_NOT_RECORDS = ("expense_entry", "time_entry")
"""These are taken in by the hundred, with one event per batch."""


class Changed(Data):
    version: int = Field(description="Version of the stored record, from 1.")
    attributes: list[str] = Field(description="Attributes whose value is another now.")
    connection: str = Field(description="System that said so.")


class Derived(Data):
    version: int = Field(description="Version of the record that means this.")


class Foreign(Data):
    connection: str = Field(description="System that wrote what it does not own.")
    attribute: str = Field(description="What it wrote to.")
    kept: Any = Field(description="Value of the owner, which stands.")
    offered: Any = Field(description="Value of the other system.")


class Merged(Data):
    from_: str = Field(alias="from", description="Canonical id that is gone.")


class ProjectTold(Data):
    opportunity: str = Field(description="Deal that the project delivers.")
    project: str = Field(description="Canonical id of the project.")
    name: str = Field(description="Its name.")


class AcceptedUnsigned(Data):
    accepted_on: date = Field(description="Day on which it came to count as accepted.")
    basis: str = Field(description="deemed or not_required.")


class MilestoneEarned(Data):
    on: date = Field(description="Day on which it counts as accepted.")
    basis: str = Field(description="signed, deemed or not_required.")
    amount: str = Field(description="Its price with the currency.")
    billed_in_advance: str = Field(description="What of it was invoiced before.")


class RetentionReleased(Data):
    amount: str = Field(description="What was withheld and is billed now, with its currency.")


class Batched(Data):
    entries: int = Field(description="Number of entries in the batch.")


class Rerated(Data):
    entries: int = Field(description="Number of entries that are priced again.")
    difference: str = Field(description="What their amounts move by, with the currency.")
    by: str = Field(description="Who asked.")


class BillingDue(Data):
    up_to: date = Field(description="Last day of work to bill.")


class InvoiceDrafted(Data):
    total: str = Field(description="Sum of the lines with its currency, before tax.")
    facts: int = Field(description="Number of rated facts on it.")


class InvoicePosted(Data):
    number: str | None = Field(description="Number that the ledger gave.")
    total: str = Field(description="Total with its currency, tax included where known.")


class CreditedLine(Data):
    line: int = Field(description="Number of the invoice's line.")
    quantity: str | None = Field(description="How much of it; null: see amount.")
    amount: str | None = Field(description="Amount before tax; both null: all that is left.")


class CreditRequested(Data):
    lines: list[CreditedLine] = Field(description="What to credit; empty: all that is left.")
    reason: str = Field(description="Why, as the client reads it.")
    rebill: bool = Field(description="Whether what is credited is billed again.")
    on: date = Field(description="Date of the memo.")
    by: str = Field(description="Who asked.")


class CreditDrafted(Data):
    invoice: str = Field(description="Canonical id of the invoice that is credited.")
    total: str = Field(description="Sum of the lines with its currency, before tax.")


class CreditPosted(Data):
    invoice: str = Field(description="Canonical id of the invoice that is credited.")
    number: str | None = Field(description="Number that the ledger gave.")
    total: str = Field(description="Total with its currency, tax included where known.")


class IntercompanyDue(Data):
    contracting: str = Field(description="Code of the company that has the contracts.")
    performing: str = Field(description="Code of the company whose people worked.")
    month: date = Field(description="First day of the month of work.")
    up_to: date = Field(description="Last day of work to charge.")


class TransferPosted(Data):
    performing: str = Field(description="Code of the company that charges.")
    contracting: str = Field(description="Code of the company that is charged.")
    month: date = Field(description="First day of the month of work.")
    amounts: list[str] = Field(description="What is charged, with its currency.")
    numbers: list[str | None] = Field(description="Numbers of the journal entries, both sides.")


class RevenueDue(Data):
    month: str = Field(description="Calendar month, as 2026-07.")


class RevenueWorkedOut(Data):
    month: str = Field(description="Calendar month that was asked for, as 2026-07.")
    period: str = Field(description="Canonical id of the accounting period that it goes into.")
    moved: str = Field(description="What the period's revenue moved by, with its currency.")
    to_date: str = Field(description="Revenue of the contract up to the end of the month.")


class RevenueCompared(Data):
    month: str = Field(description="Month up to which every period was compared.")
    ours: str = Field(description="Our revenue of these periods, with its currency.")


class RevenueNotCompared(RevenueCompared):
    why: str = Field(description="Why the ledger's figure is not known.")


class ConnectionLost(Data):
    connection: str = Field(description="Its name in the landscape.")
    reason: str = Field(description="What the last call met.")
    failures: int = Field(description="Calls in a row that failed.")


class ConnectionRestored(Data):
    connection: str = Field(description="Its name in the landscape.")
    lost_at: str = Field(description="When it was lost, in UTC.")


class HoldAct(Data):
    hold: str = Field(description="Label of the hold, such as H-17.")
    by: str = Field(description="Who did it.")
    object_kind: str | None = Field(description="Kind of the object that is held.")
    object_id: str | None = Field(description="Canonical id of that object.")
    run: str | None = Field(description="Id of the run that is held.")
    before: dict[str, Any] = Field(description="Values before the act.")
    after: dict[str, Any] = Field(description="Values after it.")


class BulkTold(Data):
    bulk: str = Field(description="Label of the bulk act, such as B-3.")
    by: str = Field(description="Who did it.")
    act: str = Field(description="replay, resolve, assign or comment.")
    arguments: dict[str, str] = Field(description="Resolution code, person or text, and a note.")
    filter: dict[str, Any] = Field(description="What the holds were chosen by.")
    holds: dict[str, int] = Field(description="Number of holds in each state.")


class HoldSkipped(HoldAct):
    reason: str = Field(description="Why it was given up.")


class DestinationResumed(Data):
    by: str = Field(description="Who let it go on.")
    position: int = Field(description="Last event that it has.")
    error: str | None = Field(description="Why the last attempt failed.")


class DestinationRewound(Data):
    by: str = Field(description="Who moved it.")
    before: int = Field(description="Last event that it had.")
    after: int = Field(description="What comes after this one is sent.")


@dataclass(frozen=True)
class EventType:
    """`subject` is the kind of the object whose canonical id is the event's subject."""

    name: str
    subject: str
    meaning: str
    data: type[Data]
    owner: Owner


def _of_every_record() -> list[EventType]:
    kinds = [model.kind for model in OBJECTS if model.kind not in ROWS_NOT_RECORDS]
    changed = "A system that may say so gave it another value, or it is new."
    drifted = "A system wrote to an attribute that it does not own; the owner's value stands."
    due = "As drifted, and by policy the owner's value is to be written back."
    return [
        event
        for kind in kinds
        for event in (
            EventType(f"{kind}.changed", kind, changed, Changed, "integration"),
            EventType(f"{kind}.drifted", kind, drifted, Foreign, "integration"),
            EventType(f"{kind}.correction_due", kind, due, Foreign, "integration"),
        )
    ]


_NAMED = (
    EventType("opportunity.closed_won", "opportunity", "A deal was won.", Derived, "pmo"),
    EventType("opportunity.amendment_won", "opportunity",
              "A deal was won that changes an earlier one.", Derived, "pmo"),
    EventType("milestone.delivered", "milestone", "A result was handed to the client.", Derived,
              "finance"),
    EventType("milestone.accepted", "milestone", "The client accepted a result.", Derived,
              "finance"),
    EventType("milestone.ready_to_bill", "milestone",
              "A milestone was accepted and may be billed.", Derived, "finance"),
    EventType("milestone.accepted_unsigned", "milestone",
              "A result counts as accepted by silence, or because none is asked for.",
              AcceptedUnsigned, "finance"),
    EventType("milestone.earned", "milestone",
              "A milestone is billed, or what was billed in advance is earned.", MilestoneEarned,
              "finance"),
    EventType("retention.released", "contract",
              "All is accepted, and what was withheld until then is billed.", RetentionReleased,
              "finance"),
    EventType("project.closed", "project", "A project is over.", Derived, "finance"),
    EventType("invoice.status_changed", "invoice",
              "The ledger's status, number, open or credited amount of a posted invoice moved.",
              Derived, "finance"),
    EventType("accounting_period.opened", "accounting_period",
              "A period takes postings from now on.", Derived, "finance"),
    EventType("customer.merged", "customer",
              "The ledger's record turned out to be this customer; the other id is gone.", Merged,
              "integration"),
    EventType("contract.opened", "contract", "A won deal has terms to bill by.", ContractOpened,
              "finance"),
    EventType("contract.amended", "contract", "Terms changed from a day on.", ContractAmended,
              "finance"),
    EventType("contract.cap_reached", "contract",
              "A percentage of a cap is used up of which somebody is to be told.", CapReached,
              "finance"),
    EventType("contract.aligned", "contract",
              "PSA, ledger and unbilled work follow an amendment.", ContractAligned, "finance"),
    EventType("contract.terms_changed", "contract",
              "A person gave a contract other detailed terms from a day on.", TermsChanged,
              "finance"),
    EventType("contract.work_repriced", "contract",
              "Work that was rated already follows the contract's new terms.", WorkRepriced,
              "finance"),
    EventType("amendment.effective", "contract",
              "The day has come from which an amendment's prices apply.", AmendmentEffective,
              "pmo"),
    EventType("project.opened", "project", "A won deal has a project in the PSA.", ProjectTold,
              "pmo"),
    EventType("resource_demand.published", "project", "Staffing knows whom the project needs.",
              ProjectTold, "pmo"),
    EventType("workspace.requested", "project", "The project's team needs a place to work.",
              ProjectTold, "pmo"),
    EventType("billing_schedule.review_requested", "project",
              "Finance reviews how the project is billed before its first invoice.", ProjectTold,
              "finance"),
    EventType("time.batched", "batch", "Approved hours wait in a batch to be rated.", Batched,
              "finance"),
    EventType("expense.batched", "batch",
              "Approved expenses wait in a batch to be rated, or ones that count no more to be "
              "taken back.", Batched, "finance"),
    EventType("time.rerated", "contract",
              "Open work is priced again at today's rate cards; a person saw the difference.",
              Rerated, "finance"),
    EventType("billing.due", "contract", "What is posted and unbilled is to be invoiced.",
              BillingDue, "finance"),
    EventType("invoice.drafted", "invoice", "Rated facts are frozen on a new invoice.",
              InvoiceDrafted, "finance"),
    EventType("invoice.posted", "invoice", "The ledger has the invoice.", InvoicePosted,
              "finance"),
    EventType("credit.requested", "invoice",
              "A person or a system asks to take back all or part of an invoice.",
              CreditRequested, "finance"),
    EventType("credit_memo.drafted", "credit_memo", "What is credited is settled, line by line.",
              CreditDrafted, "finance"),
    EventType("credit_memo.posted", "credit_memo",
              "The ledger has the memo, and the facts that it credits are taken back.",
              CreditPosted, "finance"),
    EventType("intercompany.due", "legal_entity",
              "People of this company worked for another one, and it is to be charged.",
              IntercompanyDue, "finance"),
    EventType("intercompany.posted", "legal_entity",
              "Both companies' ledgers have what the one charges the other.", TransferPosted,
              "finance"),
    EventType("revenue.due", "contract",
              "Revenue of a month is to be worked out and compared with the ledger.", RevenueDue,
              "finance"),
    EventType("revenue.worked_out", "contract",
              "Revenue of a contract moved in an accounting period.", RevenueWorkedOut, "finance"),
    EventType("revenue.aligned", "contract",
              "The ledger recognised what was worked out, in every period up to the month.",
              RevenueCompared, "finance"),
    EventType("revenue.not_compared", "contract",
              "The ledger cannot tell what it recognised.", RevenueNotCompared, "finance"),
    EventType("connection.lost", "connection",
              "A system is away: it is not called, and what needs it waits.", ConnectionLost,
              "integration"),
    EventType("connection.restored", "connection",
              "A system is back: what waits for it goes on, a few at a time.", ConnectionRestored,
              "integration"),
    EventType("hold.fixed", "hold", "A person corrected what is held; the original is kept.",
              HoldAct, "integration"),
    EventType("hold.replayed", "hold", "A person set going what was held.", HoldAct,
              "integration"),
    EventType("hold.skipped", "hold", "A person gave up what was held.", HoldSkipped,
              "integration"),
    EventType("hold.assigned", "hold", "A hold was handed to a person.", HoldAct, "integration"),
    EventType("destination.resumed", "destination",
              "A person let a broker or webhook go on that had failed.", DestinationResumed,
              "integration"),
    EventType("destination.rewound", "destination",
              "A person chose from which event on a broker or webhook is sent them.",
              DestinationRewound, "integration"),
    EventType("hold.commented", "hold", "Somebody said something about a hold, here or at a "
              "service desk.", HoldAct, "integration"),
    EventType("hold.severity_changed", "hold",
              "A hold presses more or less than before: its amount, its cause or its deadline.",
              HoldAct, "integration"),
    EventType("hold.overdue", "hold",
              "A hold is open for longer than its queue allows; told once.", HoldAct,
              "integration"),
    EventType("bulk.asked", "bulk", "A person asked for one act on many holds.", BulkTold,
              "integration"),
    EventType("bulk.approved", "bulk", "A second person let a bulk act run.", BulkTold,
              "integration"),
    EventType("bulk.declined", "bulk", "A bulk act is not to run.", BulkTold, "integration"),
    EventType("bulk.ended", "bulk", "Every hold of a bulk act was acted on.", BulkTold,
              "integration"),
)  # fmt: skip

CATALOGUE: dict[str, EventType] = {e.name: e for e in (*_of_every_record(), *_NAMED)}
