"""Key figures of the demonstration, worked out from the simulators' own files and nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ZONE = ZoneInfo("Europe/Amsterdam")
HELD = {"EUR": Decimal("1496.58"), "GBP": Decimal("3542.73"), "USD": Decimal("4190.94")}
"""What ties out as held: approved days at the rate that each assignment carried on the day."""


def rows(vendors: Path, system: str, kind: str) -> Iterator[Mapping[str, Any]]:
    with closing(sqlite3.connect(f"file:{vendors / system}.sqlite?mode=ro", uri=True)) as store:
        found = store.execute("SELECT body FROM rows WHERE object = ?", (kind,)).fetchall()
    for (body,) in found:
        row = json.loads(body, object_hook=_plain)
        if not row.get("IsDeleted"):
            yield row


def _plain(value: dict[str, Any]) -> Any:
    return Decimal(value["$decimal"]) if "$decimal" in value else value


def invoiced_on(vendors: Path) -> set[date]:
    """Days on which the ledger made invoices; one, unless midnight came."""
    made = (datetime.fromisoformat(i["createdDate"]) for i in rows(vendors, "netsuite", "invoice"))
    return {at.astimezone(ZONE).date() for at in made}


def figures(vendors: Path) -> dict[tuple[str, str], Decimal]:
    """(name of the figure, currency) -> its value."""
    days = invoiced_on(vendors)
    return {
        ("approval_bottlenecks", ""): Decimal(_not_approved(vendors)),
        ("projects_missing_erp_structures", ""): Decimal(_without_a_job(vendors)),
        **{("unbilled_approved_time", currency): held for currency, held in HELD.items()},
        **(_delays(vendors, *days) if len(days) == 1 else {}),
    }


def _delays(vendors: Path, day: date) -> dict[tuple[str, str], Decimal]:
    """Of invoices that were all made on one day."""
    return {
        ("time_to_bill_latency", ""): _time_to_bill(vendors, day),
        ("milestone_to_invoice_delay", ""): _milestone_delay(vendors, day),
    }


def _time_to_bill(vendors: Path, day: date) -> Decimal:
    """Mean days since the work, weighted by hours. All time in the ledger is on an invoice."""
    worked = [(Decimal(row["hours"]), (day - date.fromisoformat(row["tranDate"])).days)
              for row in rows(vendors, "netsuite", "timeBill")]  # fmt: skip
    hours = sum(hours for hours, _ in worked)
    return (sum(hours * days for hours, days in worked) / hours).quantize(Decimal("0.01"))


def _milestone_delay(vendors: Path, day: date) -> Decimal:
    accepted = (date.fromisoformat(row["pse__Actual_Date__c"])
                for row in rows(vendors, "salesforce", "pse__Milestone__c")
                if row["pse__Invoiced__c"])  # fmt: skip
    return Decimal(median((day - each).days for each in accepted)).quantize(Decimal("0.01"))


def _not_approved(vendors: Path) -> int:
    """Days with hours on timecards that were handed in and that nobody approved."""
    cards = rows(vendors, "salesforce", "pse__Timecard_Header__c")
    waiting = [card for card in cards if card["pse__Submitted__c"] and not card["pse__Approved__c"]]
    return sum(bool(card[f"pse__{name}_Hours__c"]) for card in waiting for name in DAYS)


def _without_a_job(vendors: Path) -> int:
    """Projects of the PSA that the ledger has no job for."""
    projects = [row for row in rows(vendors, "salesforce", "pse__Proj__c")
                if not row["pse__Is_Template__c"]]  # fmt: skip
    return len(projects) - len(list(rows(vendors, "netsuite", "job")))
