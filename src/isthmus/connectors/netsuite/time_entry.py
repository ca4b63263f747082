"""NetSuite `timeBill`: approved hours, a hundred to a call. Written, not read."""

from __future__ import annotations

from typing import Any, ClassVar

from isthmus.canonical import CanonicalObject, TimeEntry
from isthmus.canonical.invoice import LineKind
from isthmus.canonical.time_entry import Approval
from isthmus.connect import Capability, Outgoing, Receipt
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Desk
from isthmus.connectors.netsuite.writing import known_record, missing, store

RECORD = "timeBill"
BATCH = 100
"""Most records that one batch takes (article_0127092747)."""
APPROVAL = {
    Approval.DRAFT: "1",
    Approval.SUBMITTED: "2",
    Approval.APPROVED: "3",
    Approval.REJECTED: "4",
}
MEMO = 100
"""Notes are personal and long; the ledger needs a line to recognise the work by."""


class TimeEntries:
    model: ClassVar[type[CanonicalObject]] = TimeEntry
    capability = Capability(writes=True, batch=BATCH)

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def put(self, outgoing: Outgoing) -> Receipt:
        body = self.body(outgoing)
        known = await known_record(self._desk, RECORD, outgoing)
        return Receipt(await store(self._desk, RECORD, outgoing, body, known), known is None)

    def body(self, outgoing: Outgoing) -> dict[str, Any]:
        entry: TimeEntry = outgoing.obj  # type: ignore[assignment] # dispatched by model
        worked = entry.hours if entry.billed_hours is None else entry.billed_hours
        rate = entry.bill_rate
        return wire.without_nulls(
            {
                **self._desk.config.defaults.get(RECORD, {}),
                "externalId": entry.id,
                "employee": wire.ref(entry.resource),
                "customer": wire.ref(entry.project),
                "item": {"externalId": self._item()},
                "hours": wire.hours(worked),
                "tranDate": entry.worked_on.isoformat(),
                "rate": rate.amount if rate else None,
                "overrideRate": True if rate else None,
                "department": wire.ref(entry.cost_centre),
                "class": wire.ref(entry.profit_centre),
                "subsidiary": wire.ref(entry.legal_entity),
                "isBillable": entry.is_billable,
                "approvalStatus": wire.ref(APPROVAL[entry.approval]),
                "memo": entry.note[:MEMO] if entry.note else None,
            }
        )

    def _item(self) -> str:
        item = self._desk.config.items.get(LineKind.TIME)
        if item is None:
            raise missing(
                self._desk,
                RECORD,
                "item",
                "no NetSuite item is set for time",
                "Add items.time (the service item's external id) to the connection.",
            )
        return item
