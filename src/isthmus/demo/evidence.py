"""What each system says, gathered without Isthmus in between: raw rows of the PSA, the CRM and the
ledger, and beside them Isthmus's own books.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from isthmus.app import App
from isthmus.canonical import TimeEntry
from isthmus.demo.clerk import LedgerClerk, LedgerInvoice, LedgerTime
from isthmus.demo.delivery import DAYS
from isthmus.demo.org import Org
from isthmus.demo.vendors import Row
from isthmus.store.entries import EntryRow
from isthmus.store.fact_rows import FactRow
from isthmus.store.holds import HoldRow

PSA = "certinia"


@dataclass(frozen=True)
class PsaDay:
    """A day of billable, approved work on an hourly project, at the PSA's own rate."""

    external_id: str
    hours: Decimal
    rate: Decimal
    currency: str
    increment: int | None


@dataclass(frozen=True)
class PsaMilestone:
    """A milestone that the client accepted and the project office released."""

    key: str
    name: str
    amount: Decimal
    currency: str


@dataclass(frozen=True)
class CrmInvoice:
    key: str
    number: str
    currency: str
    status: str
    total: Decimal
    due: Decimal


@dataclass(frozen=True)
class Evidence:
    days: Sequence[PsaDay]
    milestones: Sequence[PsaMilestone]
    crm_invoices: Sequence[CrmInvoice]
    ledger_time: Sequence[LedgerTime] | None
    ledger_invoices: Sequence[LedgerInvoice]
    names: dict[str, Sequence[str]]
    """Where -> names that must be there once: customers, projects, natural keys of time."""
    entries: dict[str, EntryRow[TimeEntry]]
    facts: Sequence[FactRow]
    holds: Sequence[HoldRow]
    unbillable: int = 0
    deals_won: int = 0
    projects_opened: int = 0
    messages: int = 0
    deliveries: int = 0


async def gather(app: App, org: Org, clerk: LedgerClerk) -> Evidence:
    rows = {name: await org.control.rows(name) for name in _ROWS}
    days = list(_days(rows))
    milestones = list(_milestones(rows["pse__Milestone__c"]))
    time, invoices = await clerk.time(), await clerk.invoices()
    async with app.database.begin() as tx:
        entries = await tx.entries.by_external(PSA, [d.external_id for d in days])
        counts = await tx.entries.counts()
        known = await tx.ledger.in_force()
        holds = await tx.holds.list(limit=100_000)
        messages, deliveries, _ = await tx.inbox.counts()
    return Evidence(
        days, milestones, [_crm_invoice(r) for r in rows["Isthmus_Invoice__c"]], time, invoices,
        {**_names(rows), "customers of the ledger": await clerk.customers(),
         "projects of the ledger": await clerk.projects(),
         "hours of the ledger": [t.natural for t in time or ()]},
        entries, known, holds, counts.get("unbillable", 0),
        sum(1 for r in rows["Opportunity"] if r["IsWon"]),
        sum(1 for r in rows["pse__Proj__c"] if not r["pse__Is_Template__c"]),
        messages, deliveries,
    )  # fmt: skip


_ROWS = (
    "pse__Timecard_Header__c", "pse__Proj__c", "pse__Milestone__c", "Opportunity",
    "Isthmus_Invoice__c",
)  # fmt: skip


def _days(rows: dict[str, list[Row]]) -> Iterator[PsaDay]:
    increments = {r["Id"]: r.get("Minimum_Increment__c") for r in rows["Opportunity"]}
    hourly = {
        r["Id"]: increments.get(r["pse__Opportunity__c"])
        for r in rows["pse__Proj__c"]
        if r["pse__Billing_Type__c"] == "Time and Materials" and r["pse__Is_Billable__c"]
    }
    for card in rows["pse__Timecard_Header__c"]:
        if card["pse__Project__c"] not in hourly or not _is_billable(card):
            continue
        increment = hourly[card["pse__Project__c"]]
        for day, hours in _worked(card):
            yield PsaDay(
                f"{card['Id']}:{day.isoformat()}", hours, Decimal(card["pse__Bill_Rate__c"]),
                card["CurrencyIsoCode"], int(increment) if increment else None,
            )  # fmt: skip


def _is_billable(card: Row) -> bool:
    approved = (
        card["pse__Status__c"] == "Approved"
        and card["pse__Approved__c"]
        and card["pse__Include_In_Financials__c"]
    )
    return bool(approved and card["pse__Billable__c"] and not card["pse__Exclude_from_Billing__c"])


def _worked(card: Row) -> Iterator[tuple[date, Decimal]]:
    day, last = (date.fromisoformat(card[f"pse__{end}_Date__c"]) for end in ("Start", "End"))
    while day <= last:
        if hours := Decimal(card[f"pse__{DAYS[day.weekday()]}_Hours__c"] or 0):
            yield day, hours
        day += timedelta(days=1)


def _milestones(rows: Sequence[Row]) -> Iterator[PsaMilestone]:
    for row in rows:
        flags = ("Approved", "Include_In_Financials", "Approved_for_Billing")
        if all(row[f"pse__{flag}__c"] for flag in flags):
            yield PsaMilestone(
                row["Isthmus_Id__c"], row["Name"], Decimal(row["pse__Milestone_Amount__c"]),
                row["CurrencyIsoCode"],
            )  # fmt: skip


def _crm_invoice(row: Row) -> CrmInvoice:
    return CrmInvoice(
        row["Isthmus_Id__c"], row["Name"], row["CurrencyIsoCode"], row["Status__c"],
        Decimal(row["Total__c"] or 0), Decimal(row["Amount_Due__c"] or 0),
    )  # fmt: skip


def _names(rows: dict[str, list[Row]]) -> dict[str, Sequence[str]]:
    projects = [r for r in rows["pse__Proj__c"] if not r["pse__Is_Template__c"]]
    names = {r["Id"]: r["Name"] for r in rows["pse__Proj__c"]}
    return {
        "projects of the PSA": [r["pse__Opportunity__c"] or r["Name"] for r in projects],
        "milestones of the PSA": [
            f"{names[r['pse__Project__c']]}: {r['Name']}" for r in rows["pse__Milestone__c"]
        ],
        "invoices of the CRM": [r["Name"] for r in rows["Isthmus_Invoice__c"]],
    }


async def crm_invoices(org: Org) -> list[CrmInvoice]:
    return [_crm_invoice(row) for row in await org.control.rows("Isthmus_Invoice__c")]
