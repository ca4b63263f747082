"""Every event that is emitted: what it means, what its data holds, who owns it.

A test reads the source for emitted types and compares; `isthmus schema export` and
docs/reference/events.md are made from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from isthmus.canonical import OBJECTS
from isthmus.events.billing_data import (
    AcceptedUnsigned,
    Batched,
    BillingDue,
    CreditDrafted,
    CreditPosted,
    CreditRequested,
    IntercompanyDue,
    InvoiceDrafted,
    InvoicePosted,
    MilestoneEarned,
    Rerated,
    RetentionReleased,
    RevenueCompared,
    RevenueDue,
    RevenueNotCompared,
    RevenueWorkedOut,
    TransferPosted,
)
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
from isthmus.events.operations_data import (
    BulkTold,
    ConnectionLost,
    ConnectionRestored,
    DatabaseRestored,
    DestinationResumed,
    DestinationRewound,
    HoldAct,
    HoldSkipped,
)
from isthmus.events.reconciliation_data import (
    BreakAccepted,
    ReconciliationDue,
    ReconciliationFinished,
    ReconciliationSigned,
    RepairAsked,
)
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


@dataclass(frozen=True)
class EventType:
    """`subject` is the kind of the object whose canonical id is the event's subject. What does not
    last is removed with its time; no flow reads it later.
    """

    name: str
    subject: str
    meaning: str
    data: type[Data]
    owner: Owner
    lasts: bool = True


def _of_every_record() -> list[EventType]:
    kinds = [model.kind for model in OBJECTS if model.kind not in ROWS_NOT_RECORDS]
    changed = "A system that may say so gave it another value, or it is new."
    drifted = "A system wrote to an attribute that it does not own; the owner's value stands."
    due = "As drifted, and by policy the owner's value is to be written back."
    return [
        event
        for kind in kinds
        for event in (
            EventType(f"{kind}.changed", kind, changed, Changed, "integration", False),
            EventType(f"{kind}.drifted", kind, drifted, Foreign, "integration", False),
            EventType(f"{kind}.correction_due", kind, due, Foreign, "integration", False),
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
              "finance", lasts=False),
    EventType("expense.batched", "batch",
              "Approved expenses wait in a batch to be rated, or ones that count no more to be "
              "taken back.", Batched, "finance", lasts=False),
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
              "integration", lasts=False),
    EventType("connection.restored", "connection",
              "A system is back: what waits for it goes on, a few at a time.", ConnectionRestored,
              "integration", lasts=False),
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
    EventType("database.restored", "database",
              "The database was restored from a dump: what was told after the last event of the "
              "dump is told again, under other ids.", DatabaseRestored, "integration"),
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
    EventType("reconciliation.due", "reconciliation", "Two systems are to be compared.",
              ReconciliationDue, "integration", lasts=False),
    EventType("reconciliation.finished", "reconciliation",
              "Two systems were compared, and what differs is known.", ReconciliationFinished,
              "finance"),
    EventType("reconciliation.repair_asked", "break",
              "A person has the work behind a difference done again.", RepairAsked, "finance",
              lasts=False),
    EventType("reconciliation.break_accepted", "reconciliation",
              "A person answers for a difference that stays.", BreakAccepted, "finance"),
    EventType("reconciliation.signed", "reconciliation",
              "A person signed that what two systems say is explained.", ReconciliationSigned,
              "finance"),
)  # fmt: skip

CATALOGUE: dict[str, EventType] = {e.name: e for e in (*_of_every_record(), *_NAMED)}
PASSING = frozenset(e.name for e in CATALOGUE.values() if not e.lasts)
