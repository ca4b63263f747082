"""The firm with a real Tryton as its ledger: only the landscape names another system."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.connectors.tryton.world import World
from tests.firm import Firm, simulators
from tests.landscapes import ENVIRONMENT, landscape_text
from tests.tryton_server.server import TrytonServer

from isthmus.app import App
from isthmus.engine import RetryPolicy
from isthmus.installed import connector_configs
from isthmus.landscape import load
from isthmus.settings import Settings

LEDGER = """\
  tryton:
    vendor: tryton
    url: {url}
    database: {database}
    auth: {{username: integration, password: env:TRYTON_PASSWORD}}
    items: {{time: TIME, milestone: MILESTONE}}
    accounts: {{due_from: "1.2.3", due_to: "2.1.4", intercompany_revenue: "4.2.2",
               cost_of_revenue: "5.2.1"}}
    taxes:
      - {{company: [NL], customer: [NL], taxes: [VAT 21%]}}
      - {{taxes: []}}
roles:
"""


def swapped(landscape: str, url: str, database: str) -> str:
    """The firm's landscape with Tryton where NetSuite stood."""
    ledger = LEDGER.format(url=url, database=database)
    text, blocks = re.subn(r"  netsuite:\n.*?\nroles:\n", ledger, landscape, flags=re.DOTALL)
    text, roles = re.subn("connection: netsuite", "connection: tryton", text)
    assert (blocks, roles) == (1, 1)
    return text


@dataclass
class TrytonFirm(Firm):
    """`tryton` is what its bookkeepers do there."""

    tryton: World

    def invoices(self) -> list[dict[str, Any]]:
        """Customer invoices, drafts too, oldest first."""
        found: list[dict[str, Any]] = self.tryton.rpc.model(
            "account.invoice", "search_read", [["type", "=", "out"]], 0, None, [["id", "ASC"]],
            ["number", "state", "reference", "invoice_date", "accounting_date", "untaxed_amount",
             "tax_amount", "total_amount", "amount_to_pay", "party.name", "company.party.code",
             "move.period.name", "lines.description", "lines.quantity", "lines.unit_price"],
        )  # fmt: skip
        return found

    def moves(self) -> list[tuple[str, str, dict[str, Decimal]]]:
        """(company, period, account to debit less credit in its currency) of journal entries."""
        found = self.tryton.rpc.model(
            "account.move", "search_read", [["description", "like", "%[isthmus:%"]],
            0, None, [["id", "ASC"]],
            ["state", "company.party.code", "period.name", "lines.account.code", "lines.debit",
             "lines.credit"],
        )  # fmt: skip
        return [
            (m["company."]["party."]["code"], m["period."]["name"],
             {n["account."]["code"]: n["debit"] - n["credit"] for n in m["lines."]})
            for m in found
            if m["state"] == "posted"
        ]  # fmt: skip

    def period(self, month: str, button: str) -> None:
        self.tryton.rpc.model("account.period", button, [self.tryton.ids[f"period:{month}"]])


@asynccontextmanager
async def a_tryton_firm(
    database_url: str,
    folder: Path,
    server: TrytonServer,
    url: str | None = None,
    more: str = "",
) -> AsyncIterator[TrytonFirm]:
    """`url` where calls go through something in between."""
    environment = {**ENVIRONMENT, "TRYTON_PASSWORD": server.users["integration"]}
    async with simulators() as (org, books):
        path = folder / "isthmus.yaml"
        text = landscape_text(org.url, books.url, more)
        path.write_text(swapped(text, url or server.url, server.database))
        settings = Settings(DATABASE_URL=database_url, home=folder, port=0, worker_concurrency=8)  # type: ignore[call-arg] # by its alias
        app = await App.open(
            settings, load(path, connector_configs(), environment),
            retry=RetryPolicy(attempts=2, first=0.01, longest=0.02),
        )  # fmt: skip
        try:
            await app.start(worker=True, readers=False)
            yield TrytonFirm(org, books, path, environment, app, World(server))
        finally:
            await app.close()
