"""`account.move` and our JournalEntry: posted once under the key in its description.

Two moves may carry one description, so it goes as with invoices: a draft has no effect, all drafts
with the key are looked up before posting, the oldest is posted and the others are deleted.
"""

from __future__ import annotations

import asyncio
import re
from decimal import Decimal

from isthmus.canonical.journal_entry import JournalEntry
from isthmus.connect.errors import ConnectError, Duplicate, Refused, Unavailable
from isthmus.connect.system import Outgoing, Receipt
from isthmus.connectors.tryton.catalogue import Catalogue
from isthmus.connectors.tryton.client import TrytonClient
from isthmus.connectors.tryton.move import MOVE, move_values
from isthmus.connectors.tryton.party import KEY
from isthmus.connectors.tryton.periods import check_period
from isthmus.connectors.tryton.table import Overlays, Table, as_uuid
from isthmus.connectors.tryton.wire import Domain, Record

_KEYED = re.compile(rf"\[{KEY}([0-9a-f-]+)\]$")


class JournalEntries(Table):
    model = JournalEntry
    mapping_name = "journal_entry"
    also = ("description",)
    writes = True

    def __init__(self, client: TrytonClient, overlays: Overlays, catalogue: Catalogue) -> None:
        super().__init__(client, overlays)
        self._catalogue = catalogue
        self._numbering = asyncio.Lock()

    async def domain(self) -> Domain:
        return [["description", "like", f"%[{KEY}%"]]

    def wanted(self, record: Record) -> bool:
        """A draft of ours is on its way to be posted, or left over from a lost call."""
        return record["state"] == "posted" and self.key_in(record) is not None

    def key_in(self, record: Record) -> str | None:
        found = _KEYED.search(record["description"] or "")
        return as_uuid(found[1]) if found else None

    async def put(self, outgoing: Outgoing) -> Receipt:
        entry = outgoing.obj
        if not isinstance(entry, JournalEntry):
            raise TypeError(f"{entry.kind} is no journal entry")
        known = await self._known(entry)
        if posted := _posted(known):
            return await self._receipt(posted, entry, created=False)
        what = f"journal entry {entry.reference}"
        period = await check_period(self.client, entry.legal_entity, entry.posted_on, what)
        values = await move_values(self._catalogue, entry, period)
        await self._draft(entry, values, known)
        await self._post_only_draft(entry)
        posted = _posted(await self._known(entry))
        if posted is None:
            raise Refused(
                self.client.system,
                f"{what} did not post and gave no reason; post its draft in Tryton to see why",
            )
        return await self._receipt(posted, entry, created=True)

    async def _known(self, entry: JournalEntry) -> list[Record]:
        """Every move of the company with our key, oldest first."""
        company = self.client.record_id(entry.legal_entity, "legal entity")
        return await self.client.search_read(
            MOVE,
            [["description", "like", f"%[{KEY}{entry.id}]"], ["company", "=", company]],
            ["state", "lines.debit", "lines.amount_second_currency"],
        )

    async def _draft(self, entry: JournalEntry, values: Record, known: list[Record]) -> None:
        """Create the draft, or bring one from an earlier try up to date."""
        company = {"company": values["company"]}
        try:
            if known:
                old = [int(line["id"]) for line in known[0]["lines"]]
                fresh = [["delete", old], *values["lines"]] if old else values["lines"]
                await self.client.write(
                    MOVE, int(known[0]["id"]), {**values, "lines": fresh}, **company
                )
            else:
                await self.client.create(MOVE, values, **company)
        except Unavailable as error:
            if not error.outcome_unknown or not await self._known(entry):
                raise

    async def _post_only_draft(self, entry: JournalEntry) -> None:
        known = await self._known(entry)
        if _posted(known) is not None or not known:
            return
        first, *others = (int(record["id"]) for record in known)
        if others:
            await self.client.call(MOVE, "delete", others)
        await self._post(entry, first)

    async def _post(self, entry: JournalEntry, number: int) -> None:
        """One at a time, since numbers come from a sequence that SQLite does not lock. An error
        counts only when the move did not post: its answer may have been lost.
        """
        context = {"company": self.client.record_id(entry.legal_entity, "legal entity")}
        try:
            async with self._numbering:
                await self.client.call(MOVE, "post", [number], context=context)
        except ConnectError as error:
            if isinstance(error, Unavailable) and not error.outcome_unknown:
                raise
            if _posted(await self._known(entry)) is None:
                raise

    async def _receipt(self, record: Record, entry: JournalEntry, *, created: bool) -> Receipt:
        """Raises Duplicate where the move under our key has other amounts."""
        ours = sum((n.amount.amount for n in entry.lines if n.amount.amount > 0), Decimal(0))
        if _debits(record) != ours:
            raise Duplicate(
                self.client.system,
                f"journal entry {entry.reference} is posted with debits of {_debits(record)} "
                f"instead of {ours}",
                existing_id=str(record["id"]),
            )
        change = await self.get(str(record["id"]))
        if change is None:
            raise Unavailable(self.client.system, f"move {record['id']} cannot be read back")
        return Receipt(change.external_id, created, change.attributes)


def _posted(known: list[Record]) -> Record | None:
    return next((record for record in known if record["state"] == "posted"), None)


def _debits(record: Record) -> Decimal:
    """In the currency of the entry."""
    return sum((max(_own(line), Decimal(0)) for line in record["lines"]), Decimal(0))


def _own(line: Record) -> Decimal:
    second: Decimal | None = line["amount_second_currency"]
    debit: Decimal = line["debit"]
    return debit if second is None else second
