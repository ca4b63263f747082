"""Marks billed time and expenses in the PSA, so that nobody bills it again there.

An expense is marked by itself. Of time the package knows invoices by split (pse__Timecard__c), not
by day: a split is marked only when every one of its days with hours is on an invoice. Days that
are billed before that are noted in the header's audit notes, from where the next batch takes them
up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from isthmus.canonical import TimeEntry
from isthmus.connect import Conflict, ConnectError, FieldProblem, Invalid, Receipt
from isthmus.connectors.certinia import audit_notes
from isthmus.connectors.certinia.days import WEEKDAYS, days_of, hours_on
from isthmus.connectors.certinia.wire import after_approval
from isthmus.platforms.salesforce import SalesforceTransport
from isthmus.platforms.salesforce.reading import Child, Source, load
from isthmus.platforms.salesforce.saving import save

MARKED = frozenset({"invoice_number", "invoiced_on"})
"""Attributes of time and of expenses that a mark carries."""
HEADER = "pse__Timecard_Header__c"
SPLIT = "pse__Timecard__c"

ROW = (
    "pse__Start_Date__c", "pse__End_Date__c", "pse__Invoiced__c", "pse__Billed__c",
    *(f"pse__{day}_Hours__c" for day in WEEKDAYS),
)  # fmt: skip
SOURCE = Source(
    HEADER,
    (*ROW, "pse__Audit_Notes__c"),
    children=(
        Child(
            SPLIT,
            "pse__Timecard_Header__c",
            (*ROW, "pse__Invoice_Number__c", "pse__Invoice_Date__c"),
        ),
    ),
)

Entry = tuple[str, date, TimeEntry]


@dataclass
class _Week:
    """A header with what this batch and earlier ones say of its days."""

    record: Mapping[str, Any]
    numbers: dict[date, str]
    invoiced_on: dict[date, date] = field(default_factory=dict)
    freed: set[date] = field(default_factory=set)

    @property
    def splits(self) -> list[dict[str, Any]]:
        return [s for s in self.record[SPLIT] if _worked(s)]

    def complete(self, split: Mapping[str, Any]) -> bool:
        days = _worked(split)
        if self.freed.intersection(days):
            return False
        return bool(split["pse__Invoiced__c"]) or all(d in self.numbers for d in days)

    @property
    def all_complete(self) -> bool:
        return bool(self.splits) and all(self.complete(s) for s in self.splits)

    def split_of(self, day: date) -> dict[str, Any] | None:
        return next((s for s in self.splits if day in _worked(s)), None)


def _worked(row: Mapping[str, Any]) -> list[date]:
    return [day for day in days_of(row) if hours_on(row, day)]


async def mark_invoiced(
    transport: SalesforceTransport, entries: Mapping[int, Entry]
) -> dict[int, Receipt | ConnectError]:
    """Results by place. An entry's receipt says `partially` while its split waits for more days.

    An entry without a number is on no invoice any more: its mark is taken back.
    """
    weeks = await _weeks(transport, list(entries.values()))
    failed = await _write(transport, weeks)
    return {
        place: failed.get(header) or _receipt(transport, weeks, header, day, entry)
        for place, (header, day, entry) in entries.items()
    }


async def _weeks(transport: SalesforceTransport, billed: Sequence[Entry]) -> dict[str, _Week]:
    by_header: dict[str, list[tuple[date, TimeEntry]]] = defaultdict(list)
    for header, day, entry in billed:
        by_header[header].append((day, entry))
    records = await load(transport, SOURCE, by_header)
    weeks: dict[str, _Week] = {}
    for header, record in records.items():
        week = _Week(record, audit_notes.read(record["pse__Audit_Notes__c"], list(days_of(record))))
        for day, entry in by_header[header]:
            if entry.invoice_number is None:
                week.freed.add(day)
                week.numbers.pop(day, None)
                continue
            week.numbers[day] = entry.invoice_number
            if entry.invoiced_on:
                week.invoiced_on[day] = entry.invoiced_on
        weeks[header] = week
    return weeks


async def _write(
    transport: SalesforceTransport, weeks: Mapping[str, _Week]
) -> dict[str, ConnectError]:
    """Splits first: a header that says invoiced has splits that do."""
    failed: dict[str, ConnectError] = {}
    splits = [(header, record) for header, week in weeks.items() for record in _split_records(week)]
    for (header, _), result in zip(
        splits, await save(transport, SPLIT, "Id", [r for _, r in splits]), strict=True
    ):
        if isinstance(result, ConnectError):
            failed[header] = result
    headers = {
        h: record for h, w in weeks.items() if h not in failed and (record := _header_record(w))
    }
    for header, result in zip(
        headers, await save(transport, HEADER, "Id", list(headers.values())), strict=True
    ):
        if isinstance(result, ConnectError):
            failed[header] = result
    return failed


def _split_records(week: _Week) -> list[dict[str, Any]]:
    return [_split_record(week, split) for split in week.splits if _is_due(week, split)]


def _is_due(week: _Week, split: Mapping[str, Any]) -> bool:
    """Not marked yet, or with the number of an invoice that another has replaced, or freed."""
    if week.freed.intersection(_worked(split)):
        return bool(split["pse__Invoiced__c"])
    if not all(day in week.numbers for day in _worked(split)):
        return False
    return not split["pse__Invoiced__c"] or split["pse__Invoice_Number__c"] != _number(week, split)


def _number(week: _Week, split: Mapping[str, Any]) -> str:
    return ", ".join(dict.fromkeys(week.numbers[day] for day in _worked(split)))


def _split_record(week: _Week, split: Mapping[str, Any]) -> dict[str, Any]:
    """A split on two invoices carries both numbers, and the later date. One with a day that is on
    none any more carries nothing.
    """
    if week.freed.intersection(_worked(split)):
        return {
            "Id": split["Id"],
            "pse__Invoice_Number__c": None,
            "pse__Invoice_Date__c": None,
            "pse__Invoiced__c": False,
            "pse__Billed__c": False,
        }
    dates = [week.invoiced_on[d] for d in _worked(split) if d in week.invoiced_on]
    return {"Id": split["Id"], **invoice_mark(_number(week, split), max(dates, default=None))}


def invoice_mark(number: str, invoiced_on: date | None) -> dict[str, Any]:
    """On a row that is billed as a whole: a split, an expense."""
    return {
        "pse__Invoice_Number__c": number,
        **({"pse__Invoice_Date__c": invoiced_on} if invoiced_on else {}),
        "pse__Invoiced__c": True,
        "pse__Billed__c": True,
    }


def _header_record(week: _Week) -> dict[str, Any] | None:
    """None when the header says so already: a repeat writes nothing."""
    note = audit_notes.write(week.record["pse__Audit_Notes__c"], week.numbers)
    flags: dict[str, Any] = {}
    if week.all_complete and not week.record["pse__Invoiced__c"]:
        flags = {"pse__Invoiced__c": True, "pse__Billed__c": True}
    elif week.freed and week.record["pse__Invoiced__c"]:
        flags = {"pse__Invoiced__c": False, "pse__Billed__c": False}
    if not flags and note == week.record["pse__Audit_Notes__c"]:
        return None
    return {"Id": week.record["Id"], **flags, **after_approval(note)}


def _receipt(
    transport: SalesforceTransport,
    weeks: Mapping[str, _Week],
    header: str,
    day: date,
    entry: TimeEntry,
) -> Receipt | ConnectError:
    week = weeks.get(header)
    if week is None:
        return Conflict(transport.name, f"{HEADER} {header} is gone", code="NOT_FOUND")
    split = week.split_of(day)
    said: dict[str, Any] = {
        "invoice_number": entry.invoice_number,
        "invoiced_on": entry.invoiced_on,
    }
    marked = entry.invoice_number is not None
    if marked and (split is None or not week.complete(split)):
        said["partially"] = True
    return Receipt(f"{header}:{day.isoformat()}", created=False, attributes=said)


def without_number(system: str, sobject: str, name: str) -> Invalid:
    problem = FieldProblem(
        sobject,
        "pse__Invoice_Number__c",
        None,
        f"no invoice number for {name}",
        "Post the invoice first: the ledger gives the number.",
    )
    return Invalid(system, "what is billed cannot be marked", fields=(problem,))
