"""The simulators' own files and Isthmus's own tables, read by nothing but SQLite and SQL.

What is found is put into the words of `sent.py`: deals by name, people by number, days.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

Row = dict[str, Any]


@dataclass(frozen=True)
class LedgerTime:
    deal: str
    person: str
    day: date
    hours: Decimal
    rate: Decimal


@dataclass(frozen=True)
class LedgerInvoice:
    """`lines` is what its lines sum to."""

    key: str
    number: str
    purchase_order: str
    issued_on: date
    lines: Decimal
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    due: Decimal


@dataclass(frozen=True)
class ShownInvoice:
    """An invoice as the CRM shows it."""

    key: str
    number: str
    status: str
    total: Decimal
    due: Decimal


@dataclass(frozen=True)
class Mark:
    """The invoice number on a part of a week's timecard; the days are those with hours."""

    deal: str
    person: str
    days: tuple[date, ...]
    number: str | None


@dataclass(frozen=True)
class OpenHold:
    """`id` is the deal's name, or the entry's id in the PSA, where that can be told."""

    kind: str
    id: str
    code: str
    state: str
    owner: str
    reason: str
    fix: str


@dataclass(frozen=True)
class LoggedEvent:
    position: int
    id: str
    type: str
    subject: str
    version: int | None


@dataclass(frozen=True)
class Found:
    ledger_customers: Sequence[str]
    ledger_projects: Sequence[str]
    psa_projects: Sequence[str]
    time: Sequence[LedgerTime]
    invoices: Sequence[LedgerInvoice]
    shown: Sequence[ShownInvoice]
    marks: Sequence[Mark]
    holds: Sequence[OpenHold]
    unfinished: Sequence[tuple[str, str, str]]
    """(flow, run, state) of every run that has not succeeded."""
    unread: int
    events: Sequence[LoggedEvent]
    followed: Sequence[tuple[int, str]]
    """(position, id) of events, as somebody who follows the feed got them."""


class Rows:
    """One simulator's file."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self, name: str) -> list[Row]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as store:
            found = store.execute("SELECT body FROM rows WHERE object = ? ORDER BY rowid", (name,))
            rows = [json.loads(body, object_hook=_decimal) for (body,) in found]
        return [row for row in rows if not row.get("IsDeleted")]

    def by_id(self, name: str, field: str) -> dict[str, str]:
        return {str(row.get("Id") or row["id"]): str(row.get(field)) for row in self.all(name)}


def _decimal(value: Row) -> Any:
    return Decimal(value["$decimal"]) if "$decimal" in value else value


def gather(
    vendors: Path, database: psycopg.Connection[Any], followed: Sequence[tuple[int, str]]
) -> Found:
    org, books = Rows(vendors / "salesforce.sqlite"), Rows(vendors / "netsuite.sqlite")
    deals = org.by_id("Opportunity", "Name")
    projects = [r for r in org.all("pse__Proj__c") if not r["pse__Is_Template__c"]]
    return Found(
        ledger_customers=[r["companyName"] for r in books.all("customer")],
        ledger_projects=[r["companyName"] for r in books.all("job")],
        psa_projects=[deals[r["pse__Opportunity__c"]] for r in projects],
        time=list(_time(books)),
        invoices=[_invoice(r) for r in books.all("invoice")],
        shown=[_shown(r) for r in org.all("Isthmus_Invoice__c")],
        marks=list(_marks(org, {r["Id"]: deals[r["pse__Opportunity__c"]] for r in projects})),
        holds=list(_holds(database, deals)),
        unfinished=database.execute(
            "select flow, id, state from run where state not in ('succeeded', 'skipped')"
        ).fetchall(),
        unread=len(database.execute("select 1 from inbox where processed_at is null").fetchall()),
        events=list(_events(database)),
        followed=followed,
    )


def _time(books: Rows) -> Iterator[LedgerTime]:
    jobs = books.by_id("job", "companyName")
    people = books.by_id("employee", "externalId")
    for row in books.all("timeBill"):
        yield LedgerTime(
            jobs.get(row["customer"]["id"], "no project"),
            people.get(row["employee"]["id"], "nobody"),
            date.fromisoformat(row["tranDate"]), Decimal(row["hours"]), Decimal(row["rate"]),
        )  # fmt: skip


def _invoice(row: Row) -> LedgerInvoice:
    return LedgerInvoice(
        key=row["externalId"],
        number=row["tranId"],
        purchase_order=str(row.get("otherRefNum")),
        issued_on=date.fromisoformat(row["tranDate"]),
        lines=sum((Decimal(n["amount"]) for n in row["item"]["items"]), Decimal(0)),
        subtotal=row["subtotal"],
        tax=row["taxTotal"],
        total=row["total"],
        due=row["amountRemaining"],
    )


def _shown(row: Row) -> ShownInvoice:
    return ShownInvoice(
        row["Isthmus_Id__c"], row["Name"], row["Status__c"], row["Total__c"], row["Amount_Due__c"]
    )


WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _marks(org: Rows, projects: Mapping[str, str]) -> Iterator[Mark]:
    people = org.by_id("Contact", "Employee_Number__c")
    for split in org.all("pse__Timecard__c"):
        first = date.fromisoformat(split["pse__Start_Date__c"]).toordinal()
        last = date.fromisoformat(split["pse__End_Date__c"]).toordinal()
        days = [date.fromordinal(n) for n in range(first, last + 1)]
        worked = [d for d in days if split[f"pse__{WEEKDAYS[d.weekday()]}_Hours__c"]]
        number = split["pse__Invoice_Number__c"] if split["pse__Invoiced__c"] else None
        yield Mark(
            projects[split["pse__Project__c"]], people[split["pse__Resource__c"]],
            tuple(worked), number,
        )  # fmt: skip


_HOLDS = """
select h.object_kind, h.object_id, h.code, h.state, h.owner, h.reason, h.fix,
       coalesce(h.detail->>'external_id', t.external_id, x.external_id)
from hold h
left join time_entry t on h.object_kind = 'time_entry' and t.id = h.object_id
left join xref x on h.object_kind = 'opportunity' and x.kind = 'opportunity'
                and x.canonical_id = h.object_id
where h.state <> 'resolved'
"""


def _holds(database: psycopg.Connection[Any], deals: Mapping[str, str]) -> Iterator[OpenHold]:
    for kind, id, code, state, owner, reason, fix, external in database.execute(_HOLDS):
        named = deals.get(external, external) if kind == "opportunity" else external
        yield OpenHold(str(kind), str(named or id), code, state, owner, reason, fix)


def _events(database: psycopg.Connection[Any]) -> Iterator[LoggedEvent]:
    columns = "position, id::text, type, subject, data->>'version'"
    for position, id, type, subject, version in database.execute(
        f"select {columns} from event order by position"
    ):
        yield LoggedEvent(position, id, type, subject, int(version) if version else None)
