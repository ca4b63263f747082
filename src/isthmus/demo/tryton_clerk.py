"""The bookkeeper at a real Tryton: one database with both companies, on this machine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import platformdirs

from isthmus.demo.clerk import LedgerInvoice, LedgerTime
from isthmus.demo.errors import DemoError
from isthmus.demo.firm import Firm
from isthmus.demo.place import Place
from isthmus.sandbox.tryton import (
    Company,
    NotInstallable,
    Proxy,
    Rpc,
    Shelf,
    Storage,
    TrytonServer,
    opened,
    pay,
    proxy,
    set_period,
)

COMPANIES = (
    Company("EA-NL", "Example Advisory NL", "NL", "EUR", "Europe/Amsterdam", "VAT 21%",
            ("CC-EU-ADV", "CC-EU-TECH"), "NL-"),
    Company("EA-US", "Example Advisory US", "US", "USD", "America/New_York", None,
            ("CC-US-ADV", "CC-US-TECH"), "US-"),
)  # fmt: skip
DATABASE = "tryton"
KEY = "isthmus:"
MONTHS = range(7, 13)
ZERO = Decimal(0)
CONNECTION = """
  tryton:
    vendor: tryton
    url: {url}
    database: {database}
    auth: {{username: integration, password: file:{password}}}
    items: {{time: TIME, milestone: MILESTONE}}
    taxes:
      - {{company: [NL], customer: [NL], taxes: [VAT 21%]}}
      - {{company: [EU], customer: [EU], registered: true, taxes: [Reverse charge]}}
      - {{taxes: []}}
    changes: {{invoice: {{poll: 6s}}}}
"""
INVOICE = (
    "number", "state", "invoice_date", "party.name", "currency.code", "move.period.name",
    "untaxed_amount", "total_amount", "amount_to_pay", "lines.note", "lines.product",
    "lines.amount",
)  # fmt: skip


class TrytonClerk:
    name = "tryton"
    takes_time = False
    reads: Mapping[str, int] = {
        "legal_entity": len(COMPANIES), "cost_centre": 4, "accounting_period": 2 * len(MONTHS),
    }  # fmt: skip

    def __init__(self, place: Place, server: TrytonServer, wire: Proxy) -> None:
        self._place, self._server, self._wire = place, server, wire
        self._rpc: Rpc = server.rpc()

    @property
    def url(self) -> str:
        return self._wire.url

    def connection(self) -> str:
        password = self._place.key_file("tryton")
        password.parent.mkdir(parents=True, exist_ok=True)
        password.write_text(self._server.users["integration"])
        return CONNECTION.format(url=self.url, database=DATABASE, password=password)

    async def seed(self, firm: Firm) -> None:
        """The books come with the server; its months get the names that the firm uses."""
        await asyncio.to_thread(self._name_months)

    def _name_months(self) -> None:
        for month in (date(2026, number, 1) for number in MONTHS):
            for ids in self._server.books.values():
                period = ids[f"period:{month:%Y-%m}"]
                self._rpc.write("account.period", period, name=_name(month))

    async def set_period(self, month: date, *, is_open: bool) -> None:
        for ids in self._server.books.values():
            await asyncio.to_thread(set_period, self._rpc, ids, month, is_open=is_open)

    async def pay(self, key: str, receipt: str, amount: Decimal | None, on: date) -> None:
        await asyncio.to_thread(self._pay, key, receipt, amount, on)

    def _pay(self, key: str, receipt: str, amount: Decimal | None, on: date) -> None:
        if self._rpc.count("account.move", ["description", "=", receipt]):
            return
        invoice = self._rpc.find("account.invoice", ["lines.note", "=", KEY + key])
        company = self._rpc.read("account.invoice", invoice, "company")["company"]
        [ids] = [ids for ids in self._server.books.values() if ids["company"] == company]
        pay(self._rpc, ids, invoice, amount, on, receipt)

    async def break_down(self, seconds: float) -> None:
        """The line to the server is cut; what it was doing goes on."""
        self._wire.is_cut = True
        asyncio.get_running_loop().call_later(seconds, self._mend)

    def _mend(self) -> None:
        self._wire.is_cut = False

    async def lose_answers(self, count: int) -> None:
        self._wire.lose, self._wire.times = "model.account.invoice.post", count

    async def lost_answers(self) -> int:
        return self._wire.lost

    async def invoices(self) -> Sequence[LedgerInvoice]:
        rows = await self._rows("account.invoice", [["type", "=", "out"]], INVOICE)
        return [_invoice(row, self._server.ids) for row in rows]

    async def time(self) -> Sequence[LedgerTime] | None:
        """Tryton bills hours with their invoice and keeps no transactions before it."""
        return None

    async def customers(self) -> Sequence[str]:
        keyed = await self._rows("party.identifier", [["code", "like", f"{KEY}%"]], ["party.name"])
        return [row["party."]["name"] for row in keyed]

    async def projects(self) -> Sequence[str]:
        rows = await self._rows("project.work", [["type", "=", "project"]], ["name"])
        return [row["name"] for row in rows]

    async def _rows(
        self, model: str, domain: list[Any], fields: Sequence[str]
    ) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await asyncio.to_thread(
            self._rpc.model, model, "search_read", domain, 0, None, [["id", "ASC"]], list(fields)
        )
        return found


@asynccontextmanager
async def tryton_clerk(place: Place, tell: Callable[[str], None]) -> AsyncIterator[TrytonClerk]:
    """Starts Tryton on the demonstration's own database. Raises DemoError."""
    shelf = Shelf(_cache() / "tryton", tell=lambda text: tell(f"  {text} ..."))
    try:
        shelf.interpreter()
    except NotInstallable as error:
        raise DemoError(
            "Tryton cannot be installed",
            str(error),
            "Reach PyPI or a mirror of it (PIP_INDEX_URL) once; what is installed is kept in "
            f"{shelf.folder}.",
        ) from error
    storage = Storage(place.vendors)
    with opened(shelf, COMPANIES, storage, DATABASE) as server:
        async with proxy(server.url) as wire:
            yield TrytonClerk(place, server, wire)


def _cache() -> Path:
    chosen = os.environ.get("ISTHMUS_CACHE")
    return Path(chosen) if chosen else platformdirs.user_cache_path("isthmus")


def _name(month: date) -> str:
    return f"{month:%b} {month.year}"


def _invoice(row: dict[str, Any], ids: Mapping[str, int]) -> LedgerInvoice:
    lines = row["lines."]
    of_kind = {
        kind: sum((n["amount"] for n in lines if n["product"] == ids[f"product:{kind}"]), ZERO)
        for kind in ("TIME", "MILESTONE")
    }
    total, due = row["total_amount"], row["amount_to_pay"]
    is_part = row["state"] == "posted" and due < total
    return LedgerInvoice(
        key=next((n["note"].removeprefix(KEY) for n in lines if n["note"]), ""),
        number=row["number"] or f"draft {row['id']}",
        customer=row["party."]["name"],
        currency=row["currency."]["code"],
        issued_on=row["invoice_date"],
        period=row["move."]["period."]["name"] if row["move."] else "",
        hours_amount=of_kind["TIME"],
        milestones_amount=of_kind["MILESTONE"],
        lines_total=row["untaxed_amount"],
        total=total,
        due=due,
        status="partially_paid" if is_part else row["state"],
    )
