"""Books that take journal entries, beside all that their own system takes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tests.firm import Firm

from isthmus.canonical import CanonicalObject, JournalEntry
from isthmus.canonical.journal_entry import Account
from isthmus.connect import (
    Capability,
    ConnectError,
    Outgoing,
    PeriodClosed,
    Receipt,
    System,
    Unavailable,
)


class JournalKeeper:
    """One entry for an id, whatever is repeated; none in a month that is closed."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.name = system.name
        self.capabilities: Mapping[type[CanonicalObject], Capability] = {
            **system.capabilities,
            JournalEntry: Capability(writes=True, accounts=frozenset(Account)),
        }
        self.entries: dict[str, JournalEntry] = {}
        self.closed: set[str] = set()
        self.refusal: ConnectError | None = None
        self.lost_answers = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    async def put(self, outgoing: Outgoing) -> Receipt:
        entry = outgoing.obj
        if not isinstance(entry, JournalEntry):
            return await self._system.put(outgoing)
        created = entry.id not in self.entries
        if created:
            self._check(entry)
            self.entries[entry.id] = entry
        if self.lost_answers:
            self.lost_answers -= 1
            raise Unavailable(self.name, "the answer got lost", outcome_unknown=True)
        number = f"JE-{list(self.entries).index(entry.id) + 1}"
        return Receipt(number, created, {"number": number, "status": "posted"})

    def _check(self, entry: JournalEntry) -> None:
        if self.refusal is not None:
            raise self.refusal
        if f"{entry.posted_on:%Y-%m}" in self.closed:
            month = f"{entry.posted_on:%b %Y}"
            raise PeriodClosed(self.name, f"{month} is closed", period=month)

    def balances(self) -> dict[Account, Decimal]:
        """Account -> balance, those in balance left out."""
        sums: dict[Account, Decimal] = defaultdict(Decimal)
        for entry in self.entries.values():
            for line in entry.lines:
                sums[line.account] += line.amount.amount
        return {account: amount for account, amount in sums.items() if amount}


def keep_journals(firm: Firm, connection: str = "netsuite") -> JournalKeeper:
    """From now on the connection takes journal entries."""
    connected = firm.app.connected[connection]
    keeper = JournalKeeper(connected.system)
    firm.app.connected[connection] = replace(connected, system=keeper)
    return keeper
