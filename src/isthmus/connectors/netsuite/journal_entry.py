"""NetSuite `journalEntry`: written once under our key, read back with number, period and status."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from isthmus.canonical import JournalEntry
from isthmus.canonical.journal_entry import Account, JournalLine, JournalStatus
from isthmus.connect import Capability, Outgoing, Receipt
from isthmus.connect.errors import Duplicate, PeriodClosed
from isthmus.connectors.netsuite import wire
from isthmus.connectors.netsuite.reading import Reading
from isthmus.connectors.netsuite.transactions import named_period
from isthmus.connectors.netsuite.writing import known_record, missing, store

RECORD = "journalEntry"


class JournalEntries(Reading):
    model = JournalEntry
    table = "transaction"
    mapping_name = "journal_entry"
    condition = "type = 'Journal' AND externalid IS NOT NULL"
    dates = frozenset({"reversaldate"})
    also = ("reversaldate",)
    ours_alone = True
    capability = Capability(reads=True, writes=True)

    async def complete(self, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            row["status"] = str(row.get("status") or "").rsplit(":", 1)[-1].strip()

    def derive(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A reversal date makes NetSuite post the opposite entry on that day."""
        return {"status": JournalStatus.REVERSED} if row.get("reversaldate") else {}

    async def put(self, outgoing: Outgoing) -> Receipt:
        """An entry that is there is never written again; with other amounts it is not ours."""
        entry: JournalEntry = outgoing.obj  # type: ignore[assignment] # dispatched by model
        known = await known_record(self.desk, RECORD, outgoing)
        if known is not None:
            await self._check_same(entry, str(known["id"]))
            return await self._receipt(str(known["id"]), created=False)
        body = await self._body(entry)
        try:
            internal_id = await store(self.desk, RECORD, outgoing, body, None)
        except PeriodClosed as closed:
            raise await named_period(self.lists, closed, entry.period) from closed
        return await self._receipt(internal_id, created=True)

    async def _receipt(self, internal_id: str, *, created: bool) -> Receipt:
        now = await self.get(internal_id)
        return Receipt(internal_id, created, dict(now.attributes) if now else {})

    async def _check_same(self, entry: JournalEntry, internal_id: str) -> None:
        """An entry edited in NetSuite since it was posted is a person's to compare."""
        held = await self.client.record(RECORD, internal_id, expandSubResources="true")
        theirs = (held or {}).get("line", {}).get("items", ())
        debits = sum((Decimal(str(n.get("debit") or 0)) for n in theirs), Decimal(0))
        ours = sum((n.amount.amount for n in entry.lines if n.amount.amount > 0), Decimal(0))
        if debits != ours:
            raise Duplicate(
                self.client.system,
                f"journal entry {entry.reference} is there with debits of {debits}, not {ours}",
                existing_id=internal_id,
            )

    async def _body(self, entry: JournalEntry) -> dict[str, Any]:
        currency = await self.lists.currencies.id(entry.currency, RECORD, "currency")
        return {
            "subsidiary": wire.ref(entry.legal_entity),
            "currency": wire.ref(currency),
            "tranDate": entry.posted_on.isoformat(),
            "postingPeriod": wire.ref(entry.period),
            "memo": f"{entry.reference}: {entry.memo}" if entry.memo else entry.reference,
            "line": {"items": [await self._line(line, entry) for line in entry.lines]},
        }

    async def _line(self, line: JournalLine, entry: JournalEntry) -> dict[str, Any]:
        amount = line.amount.amount
        return wire.without_nulls(
            {
                "account": wire.ref(await self._account(line.account)),
                "debit": amount if amount > 0 else None,
                "credit": -amount if amount < 0 else None,
                "memo": entry.memo or None,
                "department": wire.ref(line.cost_centre),
                "class": wire.ref(line.profit_centre),
                "entity": wire.ref(line.project),
            }
        )

    async def _account(self, account: Account) -> str:
        number = self.desk.config.accounts.get(account)
        if number is None:
            raise missing(
                self.desk,
                RECORD,
                "line.items.account",
                f"no NetSuite account is set for {account.value}",
                f"Add accounts.{account.value} (the account's number) to the connection.",
            )
        return await self.lists.accounts.id(number, RECORD, f"accounts.{account.value}")
