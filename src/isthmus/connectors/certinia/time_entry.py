"""TimeEntry <- pse__Timecard_Header__c: one entry for each day of a person's week on a project.

The header is what people edit; money is billed by split (pse__Timecard__c). A day's external id is
`<header id>:<YYYY-MM-DD>`. A day without hours is a deletion: it may have had some before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from isthmus.canonical import TimeEntry
from isthmus.canonical.time_entry import Approval
from isthmus.connect import (
    Capability,
    Change,
    ConnectError,
    FieldProblem,
    Invalid,
    Outgoing,
    Receipt,
    Watermark,
)
from isthmus.connect.mapping import Translated, lookup
from isthmus.connectors.certinia.days import (
    WEEKDAYS,
    days_of,
    hours_on,
    notes_field,
    split_id,
)
from isthmus.connectors.certinia.invoice_marks import MARKED, mark_invoiced
from isthmus.connectors.certinia.wire import PACKAGE, approved, without_daily_rate
from isthmus.platforms.salesforce import Found, SObject
from isthmus.platforms.salesforce.reading import load
from isthmus.platforms.salesforce.soql import parse_instant

HEADER = "pse__Timecard_Header__c"


class TimeEntries(SObject):
    model = TimeEntry
    package = PACKAGE
    mapping_name = "time_entry"
    capability = Capability(reads=True, writes=True, batch=200)
    keyed = False
    days = ("pse__Start_Date__c", "pse__End_Date__c")
    extra = (
        "pse__Start_Date__c", "pse__End_Date__c", "pse__Approved__c",
        "pse__Include_In_Financials__c", "pse__Billable__c", "pse__Exclude_from_Billing__c",
        "pse__Daily_Bill_Rate__c", "pse__Resource__r.Practice_Role__c",
        "pse__Resource__r.pse__Resource_Role__c",
        *(f"pse__{day}_Hours__c" for day in WEEKDAYS),
        *(f"pse__{day}_Notes__c" for day in WEEKDAYS),
    )  # fmt: skip

    def translate(self, record: Mapping[str, Any]) -> Translated:
        """What all days share; `role` falls back from the assignment on the person."""
        base = without_daily_rate(
            super().translate(record), record, HEADER, "pse__Daily_Bill_Rate__c", "source_rate"
        )
        role = (
            base.attributes.get("role")
            or lookup(record, "pse__Resource__r.Practice_Role__c")
            or lookup(record, "pse__Resource__r.pse__Resource_Role__c")
        )
        billable = record["pse__Billable__c"] and not record["pse__Exclude_from_Billing__c"]
        attributes = {**base.attributes, "role": role, "is_billable": bool(billable)}
        if approved(record):
            attributes["approval"] = Approval.APPROVED
        return Translated(attributes, base.problems)

    def admitted(self, found: Found, watermark: Watermark) -> Sequence[Change]:
        """Each day by itself, so that a corrected Tuesday does not repeat the Monday.

        A week found again as it was needs no look at its days: each poll finds those of the
        watermark's whole window again.
        """
        if watermark.recent.get(found.id) == (found.stamp, found.mark):
            return ()
        watermark.admits_mark(found.id, found.stamp, found.mark)
        return [
            change
            for change in self._days(found)
            if watermark.admits(
                change.external_id,
                change.modified_at,
                {"deleted": change.deleted, **change.attributes},
            )
        ]

    def listed_as(self, found: Found) -> Sequence[Change]:
        return [change for change in self._days(found) if not change.deleted]

    def _days(self, found: Found) -> Iterator[Change]:
        shared = self.translate(found.record)
        for day in days_of(found.record):
            external_id = f"{found.id}:{day.isoformat()}"
            hours = hours_on(found.record, day)
            if found.deleted or not hours:
                yield Change(TimeEntry, external_id, found.stamp, {}, deleted=True)
                continue
            own = {"worked_on": day, "hours": hours, "note": found.record[notes_field(day)] or None}
            yield Change(
                TimeEntry,
                external_id,
                found.stamp,
                {**shared.attributes, **own},
                problems=shared.problems,
            )

    async def get(self, external_id: str) -> Change | None:
        try:
            header, _ = split_id(external_id)
        except ValueError as error:
            raise self._no_day(external_id) from error
        for record in (await load(self.transport, self.source, [header])).values():
            stamp = parse_instant(record["SystemModstamp"])
            days = self._days(Found(header, stamp, record))
            return next((c for c in days if c.external_id == external_id), None)
        return None

    async def put_many(self, batch: Sequence[Outgoing]) -> Sequence[Receipt | ConnectError]:
        """Writes or takes back the invoice's mark and nothing else: the hours are the PSA's."""
        results: dict[int, Receipt | ConnectError] = {}
        entries: dict[int, tuple[str, date, TimeEntry]] = {}
        for place, outgoing in enumerate(batch):
            entry = outgoing.obj
            assert isinstance(entry, TimeEntry)
            try:
                header, day = split_id(outgoing.external_id or "")
            except ValueError:
                results[place] = self._no_day(outgoing.external_id)
                continue
            if outgoing.only is not None and not outgoing.only & MARKED:
                results[place] = Receipt(outgoing.external_id or "", created=False)
            elif outgoing.only is None and entry.invoice_number is None:
                results[place] = self._without_number(header, day)
            else:
                entries[place] = (header, day, entry)
        results |= await mark_invoiced(self.transport, entries)
        return [results[place] for place in range(len(batch))]

    def _without_number(self, header: str, day: date) -> Invalid:
        """A mark is taken back only where that is asked for by name."""
        problem = FieldProblem(
            "pse__Timecard__c",
            "pse__Invoice_Number__c",
            None,
            f"no invoice number for {header} on {day}",
            "Post the invoice first: the ledger gives the number.",
        )
        return Invalid(self.system, "billed time cannot be marked", fields=(problem,))

    def _no_day(self, external_id: str | None) -> Invalid:
        problem = FieldProblem(
            HEADER,
            "Id",
            external_id,
            "a time entry is named by its timecard and day, <id>:<YYYY-MM-DD>",
            "Time is entered in the PSA, then read from it.",
        )
        return Invalid(self.system, "no such time entry", fields=(problem,))
