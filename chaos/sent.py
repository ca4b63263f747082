"""What was sent, as the driver wrote it down before it sent it: one JSON line each.

The checker reads this file and no other part of the driver.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

BILLED, HELD = "billed", "held"


@dataclass(frozen=True)
class SentDeal:
    """`opens`: a project comes of it; else it waits for a person."""

    name: str
    client: str
    currency: str
    purchase_order: str
    opens: bool


@dataclass(frozen=True)
class SentHour:
    """A day's work. `rate` is the price list's, in the deal's currency; `week` is when it is billed
    with; `fate` is `billed` or `held`.
    """

    deal: str
    person: str
    day: date
    hours: Decimal
    rate: Decimal
    week: int
    fate: str


@dataclass(frozen=True)
class SentHold:
    """`id` is the deal's name, or the entry's id in the PSA."""

    kind: str
    id: str
    code: str
    owner: str


@dataclass
class Sent:
    deals: dict[str, SentDeal] = field(default_factory=dict)
    hours: dict[tuple[str, str, date], SentHour] = field(default_factory=dict)
    """The last version of each."""
    holds: set[SentHold] = field(default_factory=set)
    billed: dict[int, date] = field(default_factory=dict)
    """Week -> the day up to which invoices were asked for."""
    paid: dict[str, Decimal] = field(default_factory=dict)
    """Invoice, by its key -> what the client paid in all."""


class SentLog:
    def __init__(self, file: Path) -> None:
        self.file = file

    def deal(self, deal: SentDeal) -> None:
        self._write("deal", vars(deal))

    def hour(self, hour: SentHour) -> None:
        self._write("hour", vars(hour))

    def hold(self, hold: SentHold) -> None:
        self._write("hold", vars(hold))

    def billed(self, week: int, up_to: date) -> None:
        self._write("billed", {"week": week, "up_to": up_to})

    def paid(self, invoice: str, amount: Decimal) -> None:
        self._write("paid", {"invoice": invoice, "amount": amount})

    def _write(self, kind: str, values: dict[str, Any]) -> None:
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"sent": kind, **values}, default=str) + "\n")


def read_sent(file: Path) -> Sent:
    sent = Sent()
    for line in file.read_text("utf-8").splitlines():
        values = json.loads(line)
        _add(sent, values.pop("sent"), values)
    return sent


def _add(sent: Sent, kind: str, values: dict[str, Any]) -> None:
    match kind:
        case "deal":
            sent.deals[values["name"]] = SentDeal(**values)
        case "hour":
            numbers = {name: Decimal(values[name]) for name in ("hours", "rate")}
            hour = SentHour(**{**values, **numbers, "day": date.fromisoformat(values["day"])})
            sent.hours[hour.deal, hour.person, hour.day] = hour
        case "hold":
            sent.holds.add(SentHold(**values))
        case "billed":
            sent.billed[values["week"]] = date.fromisoformat(values["up_to"])
        case "paid":
            before = sent.paid.get(values["invoice"], Decimal(0))
            sent.paid[values["invoice"]] = before + Decimal(values["amount"])
        case _:
            raise ValueError(f"the log has a line of kind {kind!r}")
