"""Expenses as rows, and which journal entry keeps the cost of each."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from isthmus.canonical import ExpenseEntry
from isthmus.store.entries import INVOICED, WITHDRAWN, Entries
from isthmus.store.entry_kinds import EXPENSES
from isthmus.store.tables import expense_entry


@dataclass(frozen=True)
class Cost:
    """The journal entry that keeps the cost of an expense; None: no ledger has it."""

    journal: str | None


class Expenses(Entries[ExpenseEntry]):
    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__(connection, EXPENSES)

    def _waits(self) -> sa.ColumnElement[bool]:
        return sa.or_(super()._waits(), _is_gone())

    async def gone_of_batch(self, batch: str) -> list[str]:
        """Ids of those that count no more and whose cost a ledger still has."""
        rows = await self._connection.execute(
            sa.select(expense_entry.c.id)
            .where(expense_entry.c.batch == batch, _is_gone())
            .order_by(expense_entry.c.id)
        )
        return [id for (id,) in rows]

    async def locked_if_gone(self, id: str) -> Cost | None:
        """None for one that counts again, or whose cost was taken back."""
        return await self._locked(id, _is_gone())

    async def locked_in_batch(self, id: str, batch: str) -> Cost | None:
        """None for one that changed at its source meanwhile and is another batch's."""
        return await self._locked(id, expense_entry.c.batch == batch)

    async def _locked(self, id: str, condition: sa.ColumnElement[bool]) -> Cost | None:
        row = (
            await self._connection.execute(
                sa.select(expense_entry.c.journal)
                .where(expense_entry.c.id == id, condition)
                .with_for_update()
            )
        ).one_or_none()
        return None if row is None else Cost(row.journal)

    async def journal_of(self, id: str) -> str | None:
        return await self._connection.scalar(
            sa.select(expense_entry.c.journal).where(expense_entry.c.id == id)
        )

    async def name_journal(self, id: str, journal: str) -> None:
        """Said before the entry is sent, so that whoever takes it back knows of it."""
        await self._connection.execute(
            sa.update(expense_entry).where(expense_entry.c.id == id).values(journal=journal)
        )

    async def release_journal(self, id: str, journal: str) -> None:
        await self._connection.execute(
            sa.update(expense_entry)
            .where(expense_entry.c.id == id, expense_entry.c.journal == journal)
            .values(journal=None)
        )


def _is_gone() -> sa.ColumnElement[bool]:
    """Withdrawn, or its approval was taken back; an invoiced one is finance's to settle."""
    unapproved = sa.and_(expense_entry.c.approval != "approved", expense_entry.c.state != INVOICED)
    return sa.and_(
        expense_entry.c.journal.is_not(None),
        sa.or_(expense_entry.c.state == WITHDRAWN, unapproved),
    )
